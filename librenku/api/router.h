/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ROUTER_H
#define RK_ROUTER_H

#include "librenku/http/operation.h"

enum { RK_ROUTE_PARAMS_MAX = 6, RK_ROUTE_METHODS_MAX = 8 };

typedef struct rk_router rk_router;

/* A part of the request's path, not terminated. */
typedef struct {
    const char *text;
    size_t length;
} rk_segment;

/* What a path leads to: the operations of its methods and the values of its parameters. */
typedef struct {
    const rk_operation *const *operations;
    int count;
    rk_segment params[RK_ROUTE_PARAMS_MAX];
    int param_count;
} rk_route;

/* A trie over the operations, in the arena of @p op. Read-only afterwards. */
int rk_router_new(rk_router **out, rk_op *op, const rk_operation *operations, int count);
/* False when no path matches. Spec: foundations.md 2.1 */
bool rk_router_find(rk_route *out, const rk_router *router, const char *path, size_t length);
/* The operation of a method, HEAD being GET; NULL when the path does not offer it. Spec:
 * foundations.md 2.2 */
const rk_operation *rk_route_method(const rk_route *route, const char *method);
/* Whether the text can be a path parameter of that kind. */
bool rk_path_matches(rk_path_kind kind, const rk_segment *segment);
/* Resolves the escapes of the parameters that the operation wants decoded, after routing. Spec:
 * foundations.md 2.1 */
int rk_route_decode(rk_route *route, rk_op *op, const rk_operation *operation);
/* Fills the path parameters of an operation's input. */
int rk_route_fill(void *input, rk_op *op, const rk_operation *operation, const rk_route *route);

#endif
