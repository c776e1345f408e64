/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a server on Kore and libpq can do, as a measure for the real one.
 *
 *   GET /static       a text, without a database
 *   GET /read?KEY     the row of the statement FLOOR_READ with that key, as JSON
 *   POST /create      the statement FLOOR_CREATE with a key of its own
 *
 * The statements are prepared and have one parameter. Reads go over one pipelined connection per
 * worker, each with a Sync of its own; creates over several, since commits on one connection do
 * not share their wait for the disk. The database is that of libpq's PG* variables. Nothing is
 * validated, escaped or recovered: an error ends the worker. */
#include <libpq-fe.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <kore/kore.h>

#include <kore/http.h>
#include <kore/seccomp.h>

#pragma GCC visibility push(default)
#include <kore/hooks.h>
int floor_static(struct http_request *request);
int floor_read(struct http_request *request);
int floor_create(struct http_request *request);
#pragma GCC visibility pop

#define WRITERS 8
#define BODY_MOST 4096

static const char static_text[] = "{\"name\":\"floor\",\"version\":\"1.0.0\"}";
/* Brings the answer to the size of a usual project, about 600 bytes. */
static const char padding[] =
    "\"etag\":\"\\\"0123456789abcdef0123456789abcdef\\\"\",\"namespace\":\"a-namespace-of-it\","
    "\"slug\":\"a-slug-of-usual-length\",\"repositories\":[\"https://example.org/some/code.git\"],"
    "\"documentation\":\"A text about what this is good for, and for whom\",\"is_template\":false";

/* A request that waits for its answer; the client may leave meanwhile. */
typedef struct waiting {
    struct http_request *request;
    size_t size;
    char body[BODY_MOST];
    TAILQ_ENTRY(waiting) next;
} waiting;

typedef struct {
    struct kore_event event; /* first: Kore calls its function with this */
    PGconn *connection;
    unsigned count;
    TAILQ_HEAD(, waiting) queue;
} line;

static line reader, writers[WRITERS];

static const char *setting(const char *name)
{
    const char *value = getenv(name);

    if (!value)
        fatal("%s is missing", name);
    return value;
}

/* --- the database ------------------------------------------------------------------------------
 */

static void append_row(waiting *w, const PGresult *row)
{
    size_t used = 1;

    w->body[0] = '{';
    for (int i = 0, count = PQntuples(row) ? PQnfields(row) : 0; i < count; i++)
        used += (size_t)snprintf(w->body + used, sizeof(w->body) - used, "\"%s\":\"%s\",",
                                 PQfname(row, i), PQgetvalue(row, 0, i));
    used += (size_t)snprintf(w->body + used, sizeof(w->body) - used, "%s}", padding);
    if (used >= sizeof(w->body))
        fatal("a row is larger than expected");
    w->size = used;
}

static void finish(line *l)
{
    waiting *w = TAILQ_FIRST(&l->queue);

    TAILQ_REMOVE(&l->queue, w, next);
    l->count--;
    if (w->request)
        http_request_wakeup(w->request);
    else
        free(w);
}

/* After the NULL that ends a statement only PQisBusy knows whether there is more. */
static void take_results(line *l)
{
    while (!TAILQ_EMPTY(&l->queue) && !PQisBusy(l->connection)) {
        PGresult *result = PQgetResult(l->connection);
        ExecStatusType status = PQresultStatus(result);

        if (result && status == PGRES_TUPLES_OK)
            append_row(TAILQ_FIRST(&l->queue), result);
        else if (result && status == PGRES_PIPELINE_SYNC)
            finish(l);
        else if (result)
            fatal("%s", PQerrorMessage(l->connection));
        PQclear(result);
    }
}

static void on_database(void *arg, int error)
{
    line *l = arg;

    if (error || !PQconsumeInput(l->connection) || PQflush(l->connection) < 0)
        fatal("%s", PQerrorMessage(l->connection));
    take_results(l);
}

static void execute(line *l, waiting *w, const char *parameter)
{
    TAILQ_INSERT_TAIL(&l->queue, w, next);
    l->count++;
    if (!PQsendQueryPrepared(l->connection, "floor", 1, &parameter, NULL, NULL, 0) ||
        !PQpipelineSync(l->connection))
        fatal("%s", PQerrorMessage(l->connection));
}

static void open_line(line *l, const char *sql)
{
    TAILQ_INIT(&l->queue);
    l->connection = PQconnectdb("");
    PGresult *result = PQprepare(l->connection, "floor", sql, 1, NULL);

    if (PQresultStatus(result) != PGRES_COMMAND_OK || PQsetnonblocking(l->connection, 1) != 0 ||
        !PQenterPipelineMode(l->connection))
        fatal("%s", PQerrorMessage(l->connection));
    PQclear(result);
}

static void watch_line(line *l)
{
    l->event.handle = on_database;
    kore_platform_event_level_read(PQsocket(l->connection), l);
}

/* --- requests ----------------------------------------------------------------------------------
 */

static void on_free(struct http_request *request)
{
    waiting *w = request->hdlr_extra;

    if (w)
        w->request = NULL;
}

static waiting *begin(struct http_request *request)
{
    waiting *w = malloc(sizeof(*w));

    if (!w)
        fatal("out of memory");
    w->request = request;
    request->hdlr_extra = w;
    request->flags |= HTTP_REQUEST_RETAIN_EXTRA; /* it is not Kore's to free */
    request->onfree = on_free;
    http_request_sleep(request);
    return w;
}

static int answer(struct http_request *request, int status)
{
    waiting *w = request->hdlr_extra;

    request->hdlr_extra = NULL;
    http_response_header(request, "content-type", "application/json");
    http_response(request, status, w->body, w->size);
    free(w);
    return KORE_RESULT_OK;
}

static line *least_busy(void)
{
    line *found = &writers[0];

    for (int i = 1; i < WRITERS; i++)
        if (writers[i].count < found->count)
            found = &writers[i];
    return found;
}

int floor_static(struct http_request *request)
{
    http_response_header(request, "content-type", "application/json");
    http_response(request, HTTP_STATUS_OK, static_text, sizeof(static_text) - 1);
    return KORE_RESULT_OK;
}

int floor_read(struct http_request *request)
{
    if (request->hdlr_extra)
        return answer(request, HTTP_STATUS_OK);
    execute(&reader, begin(request), request->query_string ? request->query_string : "");
    return KORE_RESULT_RETRY;
}

int floor_create(struct http_request *request)
{
    static unsigned long long number;
    char key[32];

    if (request->hdlr_extra)
        return answer(request, HTTP_STATUS_CREATED);
    snprintf(key, sizeof(key), "%08X%018llX", (unsigned)getpid(), ++number);
    execute(least_busy(), begin(request), key);
    return KORE_RESULT_RETRY;
}

/* --- the worker --------------------------------------------------------------------------------
 */

/* Before the sandbox closes: afterwards no connection can be opened. */
void kore_seccomp_hook(void)
{
    open_line(&reader, setting("FLOOR_READ"));
    for (int i = 0; i < WRITERS; i++)
        open_line(&writers[i], setting("FLOOR_CREATE"));
}

void kore_worker_configure(void)
{
    watch_line(&reader);
    for (int i = 0; i < WRITERS; i++)
        watch_line(&writers[i]);
}
