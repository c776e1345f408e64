/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CALL_H
#define RK_CALL_H

#include "librenku/http/operation.h"
#include "renku/call.h"

/* What the generated functions of renku/operations.h hand over. */

typedef struct {
    const char *text; /* NULL: the number */
    int64_t number;
} rk_path_value;

/* One member of a structure of query parameters. */
typedef struct {
    const char *name;
    rk_kind kind;  /* TEXT: const char *; INT: int64_t; NUMBER: double; BOOL: int; TEXTS: const char
                    * *const *
                    */
    size_t offset; /* of TEXTS, a size_t with their number follows the pointer */
} rk_query_member;

typedef struct {
    const rk_operation *operation;
    const rk_path_value *path; /* as many as the operation has */
    const void *query;         /* the structure, which begins with its size; NULL is none */
    const rk_query_member *members;
    int member_count;
    const void *body;
    size_t body_size;
    const renku_call *call;
} rk_arguments;

struct renku_result *rk_operation_call(renku_ctx *ctx, const renku_caller *caller,
                                       const rk_arguments *arguments);

#endif
