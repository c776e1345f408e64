/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_FORM_H
#define RK_FORM_H

#include "librenku/http/schema.h"

/* Reads a form of either content type; any other, and a malformed one, is an empty form. Blank
 * values are dropped.
 * @p content_type may be NULL. Spec: foundations.md 5.5 */
int rk_form_parse(rk_pairs *out, rk_op *op, const char *content_type, const char *body,
                  size_t size);

#endif
