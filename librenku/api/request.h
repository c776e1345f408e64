/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_REQUEST_H
#define RK_REQUEST_H

#include "librenku/base/op.h"
#include "renku/http.h"

/* The first header of that name in any case; NULL when there is none, or a control character in it.
 */
const char *rk_request_header(const renku_http_request *request, const char *name);
/* The id of the request, adopted and normalised or made. Spec: foundations.md 12 */
int rk_request_id(const char **out, rk_op *op, const char *incoming);
/* The trace that the request is a part of, by traceparent (W3C) or sentry-trace; NULL when neither
 * is there and valid. */
int rk_request_trace(const struct rk_trace **out, rk_op *op, const renku_http_request *request);

#endif
