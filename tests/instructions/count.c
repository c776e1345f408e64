/* SPDX-License-Identifier: Apache-2.0 */
/* Calls an operation over and over, for callgrind, which counts inside of measured() only.
 *
 * usage: count OPERATION CALLS
 *
 * The settings, and a token of Jane's in COUNT_TOKEN, come from the environment. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <renku/renku.h>

enum { WARM = 20, BODY = 256 };

typedef struct {
    renku_ctx *ctx;
    renku_caller *jane;
    renku_http_line *line;
    char project_id[32];
    renku_http_request request;
} stage;

static renku_result *require(renku_result *result, const char *what)
{
    if (renku_result_ok(result))
        return result;
    fprintf(stderr, "%s: %s\n", what, renku_result_message(result));
    exit(1);
}

/* --- what is counted -------------------------------------------------------------------------- */

static void create(stage *s, int number)
{
    char body[BODY];

    snprintf(body, sizeof(body),
             "{\"name\":\"Count %07d %04d\",\"namespace\":\"jane\",\"description\":\"What it is\","
             "\"keywords\":[\"one\",\"two\"],\"repositories\":[\"https://example.org/a/b.git\"]}",
             (int)getpid(), number);
    renku_result *made = require(renku_project_create(s->ctx, s->jane, body, NULL), "create");

    snprintf(s->project_id, sizeof(s->project_id), "%s", renku_result_text(made, "/id"));
    renku_result_free(made);
}

static void get(stage *s, int number)
{
    (void)number;
    renku_result_free(
        require(renku_project_get(s->ctx, s->jane, s->project_id, NULL, NULL), "get"));
}

static void list(stage *s, int number)
{
    (void)number;
    renku_result_free(require(renku_project_list(s->ctx, s->jane, NULL, NULL), "list"));
}

static void get_http(stage *s, int number)
{
    (void)number;
    renku_result_free(require(renku_http_handle(s->ctx, &s->request), "get over HTTP"));
}

static void get_line(stage *s, int number)
{
    renku_result *answer;
    void *user;

    (void)number;
    if (!renku_http_line_begin(&answer, s->line, &s->request, NULL)) {
        get_http(s, number); /* the first ones, until the pool has a connection to spare */
        return;
    }
    while (!renku_http_line_next(&answer, &user, s->line)) {
        struct pollfd socket = {.fd = renku_http_line_socket(s->line), .events = POLLIN};

        (void)poll(&socket, 1, 1000);
        renku_http_line_read(s->line);
    }
    if (answer)
        renku_result_free(require(answer, "get on a line"));
}

static void get_version(stage *s, int number)
{
    renku_http_request request = s->request;
    renku_result *answer;

    (void)number;
    request.target = "/api/data/version";
    if (!renku_http_line_begin(&answer, s->line, &request, NULL))
        exit(1);
    renku_result_free(require(answer, "version"));
}

static const struct {
    const char *name;
    void (*call)(stage *s, int number);
} operations[] = {
    {"project_get",           get        },
    {"project_list",          list       },
    {"project_create",        create     },
    {"GET of a project",      get_http   },
    {"GET, without a thread", get_line   },
    {"GET of the version",    get_version},
};

__attribute__((noinline)) static void measured(stage *s, void (*call)(stage *s, int number), int n)
{
    for (int i = 0; i < n; i++)
        call(s, WARM + i);
}

/* --- around it -------------------------------------------------------------------------------- */

static void open_stage(stage *s, renku_http_header *authorization)
{
    renku_config *config = renku_config_new();

    if (!config || renku_config_from_environment(config) != 0)
        exit(1);
    renku_result_free(require(renku_ctx_new(&s->ctx, config), "context"));
    renku_result_free(
        require(renku_caller_from_token(&s->jane, s->ctx, getenv("COUNT_TOKEN")), "caller"));
    renku_result_free(require(renku_user_me(s->ctx, s->jane, NULL), "user"));
    renku_config_free(config);
    s->line = renku_http_line_new(s->ctx);
    s->request.headers = authorization;
    s->request.header_count = 1;
    s->request.method = "GET";
}

static void close_stage(stage *s)
{
    renku_http_line_free(s->line);
    renku_caller_free(s->jane);
    renku_ctx_free(s->ctx);
}

int main(int count, char **arguments)
{
    char bearer[4096], target[128];
    renku_http_header authorization = {"authorization", bearer};
    stage s = {.request = RENKU_HTTP_REQUEST_INIT};
    size_t chosen = 0;

    while (count == 3 && chosen < sizeof(operations) / sizeof(operations[0]) &&
           strcmp(operations[chosen].name, arguments[1]) != 0)
        chosen++;
    if (count != 3 || chosen == sizeof(operations) / sizeof(operations[0]))
        return 2;
    snprintf(bearer, sizeof(bearer), "Bearer %s", getenv("COUNT_TOKEN"));
    open_stage(&s, &authorization);
    for (int i = 0; i < WARM; i++)
        create(&s, i);
    snprintf(target, sizeof(target), "/api/data/projects/%s", s.project_id);
    s.request.target = target;
    for (int i = 0; chosen != 2 && i < WARM; i++)
        operations[chosen].call(&s, i);
    measured(&s, operations[chosen].call, atoi(arguments[2]));
    close_stage(&s);
}
