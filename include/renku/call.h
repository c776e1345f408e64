/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_CALL_H
#define RENKU_CALL_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/** @file
 * How operations are called. Each has a function of its own in renku/operations.h; what is here
 * belongs to all of them. */

/** How one call is to be made. Initialise with RENKU_CALL_INIT; NULL stands for just that.
 * Everything is borrowed during the call. */
typedef struct {
    size_t size;               /**< sizeof(renku_call) */
    int64_t timeout_ms;        /**< milliseconds; 0 is the deadline of the context, which is also
                                  the longest */
    renku_cancel *cancel;      /**< ends the call from another thread; NULL is none */
    const char *if_match;      /**< the ETag that the object must have; NULL is none */
    const char *if_none_match; /**< the ETag that the caller has: equal is 304; NULL is none */
    const char *request_id;    /**< stands in the log lines of the call; NULL is none */
} renku_call;

/** Nothing but the deadline of the context. */
#define RENKU_CALL_INIT                                                                            \
    {                                                                                              \
        sizeof(renku_call), 0, 0, 0, 0, 0                                                          \
    }

/** In structures of query parameters: a number or truth value that is not given. */
#define RENKU_UNSET (-1)

/* --- ending a call from another thread --- */

/**
 * Makes a handle that ends calls.
 *
 * @return  owned by the calling program, released with renku_cancel_free(); NULL when there is no
 *          memory or no file descriptor
 */
RENKU_API renku_cancel *renku_cancel_new(void);

/**
 * Ends every call that was made with the handle, now and later: they answer 500/1513, and their
 * transactions are rolled back. What was committed before stays.
 *
 * @param cancel  borrowed; NULL is accepted
 *
 * Threads: safe; may be called in a signal handler.
 */
RENKU_API void renku_cancel_now(renku_cancel *cancel);

/** Releases a handle; no call with it may be running. NULL is accepted. */
RENKU_API void renku_cancel_free(renku_cancel *cancel);

/* --- operations by name --- */

/** A parameter of the path or the query. */
typedef struct {
    const char *name;  /**< as the API spells it */
    const char *value; /**< as text, not encoded */
} renku_parameter;

/** An operation and what it is given. Initialise with RENKU_REQUEST_INIT; everything is borrowed
 * during the call. */
typedef struct {
    size_t size;                       /**< sizeof(renku_request) */
    const char *operation;             /**< "project_get" */
    const renku_parameter *parameters; /**< a list has its name once for each item */
    size_t parameter_count;            /**< of parameters */
    const void *body; /**< JSON text, or the form where the operation takes one; NULL is none */
    size_t body_size; /**< in bytes */
    const renku_call *call; /**< NULL is RENKU_CALL_INIT */
} renku_request;

/** No operation yet. */
#define RENKU_REQUEST_INIT                                                                         \
    {                                                                                              \
        sizeof(renku_request), 0, 0, 0, 0, 0, 0                                                    \
    }

/**
 * Runs an operation by its name, as the functions of renku/operations.h do. A context of the
 * secrets storage (RENKU_SERVICE) has the operations of that service, which have no functions:
 * "kubernetes_secret_create".
 *
 * @param ctx      borrowed; any number of threads may share it
 * @param caller   on whose behalf; borrowed; NULL is the anonymous caller
 * @param request  borrowed during the call; not NULL
 * @return         never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 there is no such operation, or a path parameter cannot be one; 422/1422 a path
 *          parameter is missing; those of the operation.
 * Time:    bounded by the deadline of the call.
 * Threads: safe.
 */
RENKU_API renku_result *renku_request_run(renku_ctx *ctx, const renku_caller *caller,
                                          const renku_request *request);

/**
 * Describes all operations of the data API: a JSON array of objects with "id", "method", "path",
 * "summary", "description", "room", "authentication", "parameters" (each with "name", "in", "type",
 * "required", "description" and, of a choice, "enum"), "body" ("json", "form" or null), "list" (the
 * body is one), "members" (of the body or of its items, told as parameters are), "errors" (each
 * with "status" and "description"), "status", "paginated", "etag", "if_match" and "person" (no
 * service identity may call it).
 *
 * @return  never NULL; released with renku_result_free()
 */
RENKU_API renku_result *renku_operation_list(void);

/* --- lists, page by page --- */

/**
 * Starts to read a list from its first page.
 *
 * @param ctx      borrowed until renku_pages_free()
 * @param caller   borrowed until renku_pages_free(); NULL is the anonymous caller
 * @param request  copied, but for what its call points to; "per_page" among its parameters is the
 *                 size of a page, "page" the first one; not NULL
 * @return         owned by the calling program, released with renku_pages_free(); NULL when there
 *                 is no memory
 */
RENKU_API renku_pages *renku_pages_new(renku_ctx *ctx, const renku_caller *caller,
                                       const renku_request *request);

/**
 * Reads the next page. A list that changes meanwhile may show an item twice or not at all.
 *
 * @param pages  borrowed; NULL is accepted
 * @return       the page, a JSON array, or why it could not be read; released with
 *               renku_result_free(). NULL after the last page and after a failure.
 *
 * Errors:  those of the operation; 422/1422 it is no list.
 * Time:    bounded by the deadline of the call.
 * Threads: one at a time for one @p pages.
 * Spec:    foundations.md 7
 */
RENKU_API renku_result *renku_pages_next(renku_pages *pages);

/** How many items the list had when the last page was read; -1 before the first one. */
RENKU_API int64_t renku_pages_total(const renku_pages *pages);

/** Releases what renku_pages_new() made. NULL is accepted. */
RENKU_API void renku_pages_free(renku_pages *pages);

RENKU_END_DECLS

#endif
