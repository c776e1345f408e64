/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_DISPATCH_H
#define RK_DISPATCH_H

#include "librenku/api/ctx.h"
#include "librenku/http/reply.h"

/* One operation as any front asks for it: over HTTP, from C, from the command line. */
typedef struct {
    const rk_operation *operation;
    const rk_route *route; /* values of the path parameters */
    rk_segment query;
    const rk_pairs *pairs; /* the query, taken apart already; NULL: it is in .query */
    const char *body;      /* NULL is none */
    size_t body_size;
    const char *content_type;
    const char *if_match;
    const char *if_none_match;
    /* filled by dispatch */
    void *input;
    void *output;
    rk_reply reply;
    const char *etag; /* of the output, with its quotes; NULL is none */
    bool not_modified;
} rk_call;

/* Runs the declared checks in their order, then the handler, in a transaction where the operation
 * declares one. The caller stands in op->caller. Spec: foundations.md 3, DESIGN "How one request
 * flows" */
int rk_dispatch(rk_call *call, rk_op *op);
/* Its two halves: the checks; and the handler with what follows. The second runs again after
 * RK_SUSPENDED. */
int rk_dispatch_plan(rk_call *call, rk_op *op);
int rk_dispatch_finish(rk_call *call, rk_op *op);

#endif
