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

/** Requests that an event loop answers by itself, without waiting: one connection to the database
 * that they share. Since 0.1; RENKU_HAS_HTTP_LINE. */
typedef struct renku_http_line renku_http_line;

/**
 * Makes a line. It opens no connection of its own: it borrows one of the pool of @p ctx, once there
 * is one to spare, and keeps it.
 *
 * @param ctx  borrowed; must outlive the line
 * @return     owned, released with renku_http_line_free(); NULL when there is no memory
 *
 * Threads: a line belongs to one thread at a time; there may be any number of lines.
 */
RENKU_API renku_http_line *renku_http_line_new(renku_ctx *ctx);

/**
 * Gives a line back. What is under way on it is forgotten, and its @p user with it.
 *
 * @param line  taken; NULL does nothing
 */
RENKU_API void renku_http_line_free(renku_http_line *line);

/**
 * Begins to answer a request, if that takes no more than one fast statement; never waits. Paths
 * that do not exist are answered too: a server that has pages of its own looks for them before.
 *
 * @param answer   set to the answer when it is known at once, else to NULL; never NULL itself
 * @param line     borrowed
 * @param request  borrowed, with all that it points to, until the answer is there; the structure
 *                 itself is copied
 * @param user     what renku_http_line_next() will give back with the answer
 * @return         1 when the request was taken: the answer is here, or will come out of
 *                 renku_http_line_next(). 0 when it is not one of these, or they cannot be served
 *                 now: answer it with renku_http_handle() on a thread that may wait
 */
RENKU_API int renku_http_line_begin(renku_result **answer, renku_http_line *line,
                                    const renku_http_request *request, void *user);

/**
 * The socket to watch for reading. It changes, so look after each call of these functions.
 *
 * @param line  borrowed
 * @return      -1 when there is none
 */
RENKU_API int renku_http_line_socket(const renku_http_line *line);

/**
 * Reads what has arrived; never waits. Call it when the socket can be read, and several times a
 * second besides: it also notices what takes too long.
 *
 * @param line  borrowed
 */
RENKU_API void renku_http_line_read(renku_http_line *line);

/**
 * Gives up what is under way: renku_http_line_next() gives it back without an answer.
 *
 * @param line  borrowed
 */
RENKU_API void renku_http_line_drop(renku_http_line *line);

/**
 * Takes the next request that is done, in the order of their beginnings.
 *
 * @param answer  set to the answer, released with renku_result_free(); NULL when the line could not
 *                do it: use renku_http_handle() on a thread that may wait. Nothing has happened yet
 * @param user    set to what came with the request
 * @param line    borrowed
 * @return        1, or 0 when there is none at the moment
 */
RENKU_API int renku_http_line_next(renku_result **answer, void **user, renku_http_line *line);

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
 * signing keys, verified tokens, outbox. A front that answers /metrics walks them from 0 on.
 *
 * @param ctx    borrowed
 * @param index  which one; the order may change between versions, names do not
 * @param out    filled; its texts live as long as the library
 * @return       not 0: there is one of this index
 *
 * Threads: safe.
 */
RENKU_API int renku_ctx_metric(renku_ctx *ctx, size_t index, renku_metric *out);

/**
 * Looks at what only the database knows, for the numbers "renku_outbox_*": to be called before they
 * are read, on a thread that may wait. Without a connection to spare, or when the database does not
 * answer, they stay as they were; "renku_outbox_measured_timestamp_seconds" tells of when they are.
 *
 * @param ctx  borrowed; NULL is accepted
 *
 * Time:    that of one statement, 1 s at most.
 * Threads: safe.
 */
RENKU_API void renku_ctx_measure(renku_ctx *ctx);

RENKU_END_DECLS

#endif
