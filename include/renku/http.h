/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_HTTP_H
#define RENKU_HTTP_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/** @file
 * The API inside any web server. */

/** One header field of a request. */
typedef struct {
    const char *name;  /**< as received, any case; NUL-terminated */
    const char *value; /**< without surrounding blanks; NUL-terminated */
} renku_http_header;

/** One complete HTTP request. Initialise with RENKU_HTTP_REQUEST_INIT; everything is borrowed
 * during the call. */
typedef struct {
    size_t size;        /**< sizeof(renku_http_request) */
    const char *method; /**< "GET" */
    const char *target; /**< path and query as received: "/api/data/projects?page=2" */
    const renku_http_header *headers; /**< in the order received */
    size_t header_count;              /**< of headers */
    const void *body;                 /**< NULL when there is none */
    size_t body_size;                 /**< in bytes */
    const char *peer;                 /**< address of the client; NULL when unknown */
} renku_http_request;

/** No request yet. */
#define RENKU_HTTP_REQUEST_INIT                                                                    \
    {                                                                                              \
        sizeof(renku_http_request), 0, 0, 0, 0, 0, 0, 0                                            \
    }

/**
 * Answers one HTTP request below /api/data, or below /api/secrets in a context whose setting
 * RENKU_SERVICE is "secrets", with everything that belongs to it: authentication,
 * validation, the operation, the response with status, headers and body. A web server needs to add
 * nothing but the framing (content-length, connection, date).
 *
 * @param ctx      borrowed; any number of threads may share it
 * @param request  borrowed during the call
 * @return         never NULL; released with renku_result_free(). A HEAD request has its body
 *                 already removed; the secrets storage leaves its content-length.
 *
 * Time:    bounded by the deadline of @p ctx.
 * Threads: safe; may block on the database.
 * Spec:    foundations.md 2-7
 */
RENKU_API renku_result *renku_http_handle(renku_ctx *ctx, const renku_http_request *request);

/**
 * Makes the error answer that the transport owes to a client whose request never reached
 * renku_http_handle(): 400, 408, 413, 417 and the like, as the JSON error body with an
 * x-request-id.
 *
 * @param ctx      borrowed
 * @param request  borrowed during the call; as much of it as is known: method, target and headers.
 *                 NULL when nothing is
 * @param status   400 to 599; the code is 1000 + status
 * @param message  borrowed; one sentence
 * @return         never NULL; released with renku_result_free()
 *
 * Spec:    foundations.md 2.3, 2.5, 4, 12
 */
RENKU_API renku_result *renku_http_refuse(renku_ctx *ctx, const renku_http_request *request,
                                          int status, const char *message);

/**
 * Waits until the identity provider tells where its keys are, as a server does once at its start:
 * 20 attempts, 2 s apart, each of 5 s at most. Nothing is asked in development mode.
 *
 * @param ctx  borrowed
 * @return     never NULL; released with renku_result_free()
 *
 * Errors:  500/1500 the provider cannot be reached, or names no keys.
 * Time:    300 s at most, whatever the deadline of @p ctx.
 * Threads: safe.
 * Spec:    authentication.md 3.1
 */
RENKU_API renku_result *renku_http_discover(renku_ctx *ctx);

/**
 * Whether the process can work: database, schema revision, keys.
 *
 * @param ctx      borrowed
 * @param verbose  not 0: the body lists each check, one a line
 * @return         never NULL; status 200 or 503, a text body
 */
RENKU_API renku_result *renku_http_ready(renku_ctx *ctx, int verbose);

/**
 * The value of a setting, for a front that needs one (limits, proxies, log levels); secrets are
 * refused.
 *
 * @return NULL when it is unset, unknown or secret; lives as long as @p ctx
 */
RENKU_API const char *renku_ctx_setting(renku_ctx *ctx, const char *name);

/** Of renku_metric: goes up only, until the process ends. */
#define RENKU_METRIC_COUNTER 0
/** Of renku_metric: goes up and down. */
#define RENKU_METRIC_GAUGE 1

/** One number about the work of a context. Initialise with RENKU_METRIC_INIT. */
typedef struct {
    size_t size;      /**< sizeof(renku_metric) */
    const char *name; /**< as Prometheus wants it: "renku_db_pool_busy" */
    const char *help; /**< one sentence */
    int kind;         /**< RENKU_METRIC_COUNTER or RENKU_METRIC_GAUGE */
    double value;     /**< in the unit that the name tells */
} renku_metric;

/** No metric yet. */
#define RENKU_METRIC_INIT                                                                          \
    {                                                                                              \
        sizeof(renku_metric), 0, 0, 0, 0                                                           \
    }

/**
 * Reads one of the numbers that a context keeps about its work: pool, statements, permissions,
 * signing keys, verified tokens. A front that answers /metrics walks them from 0 on.
 *
 * @param ctx    borrowed
 * @param index  which one; the order may change between versions, names do not
 * @param out    filled; its texts live as long as the library
 * @return       not 0: there is one of this index
 *
 * Threads: safe.
 */
RENKU_API int renku_ctx_metric(renku_ctx *ctx, size_t index, renku_metric *out);

RENKU_END_DECLS

#endif
