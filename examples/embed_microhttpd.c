/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the whole API from another web server: GNU libmicrohttpd.
 *
 * usage: embed_microhttpd SETTINGS PORT     (0 takes a free one; runs until its input ends) */
#include "example.h"

#include <microhttpd.h>
#include <string.h>

enum { HEADERS_MAX = 100, BODY_MAX_BYTES = 10 * 1024 * 1024 };

/* A request on its way in. */
typedef struct {
    char *target; /* path and query as they came */
    char *body;
    size_t size;
    int begun;
} upload;

typedef struct {
    renku_http_header items[HEADERS_MAX];
    size_t count;
} header_list;

static enum MHD_Result add_header(void *user, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    header_list *list = user;

    (void)kind;
    if (list->count == HEADERS_MAX)
        return MHD_NO;
    list->items[list->count++] = (renku_http_header){name, value ? value : ""};
    return MHD_YES;
}

static enum MHD_Result send_result(struct MHD_Connection *connection, renku_result *result)
{
    size_t size;
    const char *body = renku_result_body(result, &size), *name, *value;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);

    for (size_t i = 0; renku_result_header(result, i, &name, &value); i++)
        MHD_add_response_header(response, name, value);
    enum MHD_Result sent =
        MHD_queue_response(connection, (unsigned)renku_result_status(result), response);

    MHD_destroy_response(response);
    renku_result_free(result);
    return sent;
}

static enum MHD_Result collect(upload *up, const char *part, size_t *size)
{
    char *body = up->size + *size <= BODY_MAX_BYTES ? realloc(up->body, up->size + *size) : NULL;

    if (!body)
        return MHD_NO;
    memcpy(body + up->size, part, *size);
    up->body = body;
    up->size += *size;
    *size = 0;
    return MHD_YES;
}

/* libmicrohttpd calls this for the head, for each part of the body, and at the end; it chose the
 * parameters. NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *part,
                              size_t *part_size, void **memory)
{
    upload *up = *memory;
    renku_http_request request = RENKU_HTTP_REQUEST_INIT;
    header_list headers = {.count = 0};

    (void)url; /* without its query, which the library wants to see */
    (void)version;
    if (!up)
        return MHD_NO;
    if (!up->begun) {
        up->begun = 1;
        return MHD_YES;
    }
    if (*part_size)
        return collect(up, part, part_size);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &headers);
    request.method = method;
    request.target = up->target;
    request.headers = headers.items;
    request.header_count = headers.count;
    request.body = up->body;
    request.body_size = up->size;
    return send_result(connection, renku_http_handle(user, &request));
}

static void forget(void *user, struct MHD_Connection *connection, void **memory,
                   enum MHD_RequestTerminationCode why)
{
    upload *up = *memory;

    (void)user;
    (void)connection;
    (void)why;
    if (!up)
        return;
    free(up->target);
    free(up->body);
    free(up);
}

/* Comes before the first call of handle(), which finds the memory that this one makes. */
static void *begin(void *user, const char *target, struct MHD_Connection *connection)
{
    upload *up = calloc(1, sizeof(*up));

    (void)user;
    (void)connection;
    if (!up)
        return NULL;
    up->target = strdup(target);
    if (up->target)
        return up;
    free(up);
    return NULL;
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: %s SETTINGS PORT\n", *words);
        return 2;
    }
    renku_ctx *ctx = open_context(words[1]);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, (uint16_t)atoi(words[2]), NULL, NULL,
                         handle, ctx, MHD_OPTION_THREAD_POOL_SIZE, 4U, MHD_OPTION_URI_LOG_CALLBACK,
                         begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END);

    if (!daemon) {
        fprintf(stderr, "port %s cannot be used\n", words[2]);
        return 1;
    }
    printf("http://127.0.0.1:%d/api/data/projects\n",
           MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    MHD_stop_daemon(daemon);
    renku_ctx_free(ctx);
}
