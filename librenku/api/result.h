/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_RESULT_H
#define RK_RESULT_H

#include "librenku/base/buf.h"
#include "renku/result.h"

struct json_object;

enum { RK_RESULT_HEADERS_MAX = 16 };

/* The outcome of a call. It lives in the arena that it owns, together with everything it points to.
 */
struct renku_result {
    rk_arena *arena; /* NULL: the static result of "out of memory" */
    int status;
    int code;
    rk_err error;
    const char *message;
    const char *detail;
    const char *body;
    size_t body_size;
    size_t header_count;
    struct {
        const char *name;
        const char *value;
    } headers[RK_RESULT_HEADERS_MAX];
    bool parsed;              /* the body was looked at */
    struct json_object *json; /* NULL: null, or no JSON */
    const char *complaint;    /* of the last accessor */
    char *complaint_room;     /* where it is written; NULL before the first one */
};

/* A result in the arena of @p op, status 200 and nothing else; NULL when there is no memory. */
renku_result *rk_result_new(rk_op *op);
/* Names are static and lower-case; a NULL value adds nothing. */
void rk_result_header(renku_result *result, const char *name, const char *value);
void rk_result_body(renku_result *result, const char *type, const char *body, size_t size);
/* Status, code, message and the JSON error body from the error slot. Spec: foundations.md 4.1 */
int rk_result_fail(renku_result *result, rk_op *op);
/* The same with another status and code than the table has. */
int rk_result_fail_with(renku_result *result, rk_op *op, int status, int code);
/* Ends @p op and hands its arena to the result; NULL becomes the static result. */
renku_result *rk_result_finish(renku_result *result, rk_op *op);
/* The end of an operation that came to @p outcome: 0, or what its error slot says. */
renku_result *rk_result_settle(rk_op *op, renku_result *result, int outcome);
/* A failure before any context is looked at. */
renku_result *rk_result_refused(rk_err err, const char *message);
/* The static result of "out of memory". */
renku_result *rk_result_no_memory(void);

#endif
