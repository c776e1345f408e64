/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_API_EXCHANGE_H
#define RK_API_EXCHANGE_H

#include "librenku/api/dispatch.h"
#include "librenku/api/request.h"
#include "librenku/api/result.h"
#include "renku/http.h"

/* One request on its way through the API. */
typedef struct {
    renku_ctx *ctx;
    const renku_http_request *request;
    renku_result *result;
    rk_request_fields fields;
    rk_segment path; /* below the prefix */
    rk_segment query;
    rk_route route;
    bool found;
    rk_call call; /* its reply is looked at after a failure too */
} rk_http_exchange;

/* The request of a program, as far as it and we know it. NULL, or what is wrong with it. */
const char *rk_http_read(renku_http_request *out, const renku_http_request *request);
/* What answering a request may take: an event loop does without the last. */
typedef enum {
    RK_HTTP_LOCAL, /* nobody is asked: constant answers, preflights, paths that do not exist */
    RK_HTTP_POINT, /* one fast statement */
    RK_HTTP_ANYTHING,
} rk_http_effort;
rk_http_effort rk_http_effort_of(rk_http_exchange *x);
/* Answers the request. With a ticket it may be RK_SUSPENDED, and nothing is said yet. */
int rk_http_answer(renku_result *out, rk_op *op, rk_http_exchange *x);
/* The rest of it, when the ticket is answered. */
int rk_http_resume(rk_op *op, rk_http_exchange *x);

#endif
