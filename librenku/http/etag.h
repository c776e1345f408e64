/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ETAG_H
#define RK_ETAG_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

/* Quotes and upper-case MD5 of a text. Spec: foundations.md 8 */
int rk_etag_of(const char **out, rk_op *op, const char *text);
/* The same of a point in time. Spec: platform.md 3.1 */
int rk_etag_of_time(const char **out, rk_op *op, const rk_instant *when);
/* STALE when the given value is not the current one, character by character. */
int rk_etag_match(rk_op *op, const char *current, const char *given);

#endif
