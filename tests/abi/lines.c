/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* A context whose pool has an idle connection, a line, and a project that everybody may read. */
typedef struct {
    renku_ctx *ctx;
    renku_http_line *line;
    char target[128];
    renku_http_request request;
} stage;

static void make_project(stage *s)
{
    renku_caller *jane = abi_jane(s->ctx);
    char body[256];

    snprintf(body, sizeof(body),
             "{\"name\":\"%s\",\"namespace\":\"jane\",\"visibility\":\"public\"}",
             abi_unique("line"));
    renku_result *made = GOOD(renku_project_create(s->ctx, jane, body, NULL));

    snprintf(s->target, sizeof(s->target), "/api/data/projects/%s", renku_result_text(made, "/id"));
    renku_result_free(made);
    renku_caller_free(jane);
}

static void open_stage(stage *s)
{
    s->ctx = abi_open();
    make_project(s);
    s->request = (renku_http_request)RENKU_HTTP_REQUEST_INIT;
    s->request.method = "GET";
    s->request.target = s->target;
    s->line = renku_http_line_new(s->ctx);
    EXPECT(s->line);
}

static void close_stage(stage *s)
{
    renku_http_line_free(s->line);
    renku_ctx_free(s->ctx);
}

/* Begins the request, whose answer is not there yet. */
static void begin(stage *s, void *user)
{
    renku_result *answer;

    SAME_INT(renku_http_line_begin(&answer, s->line, &s->request, user), 1);
    EXPECT(!answer);
    EXPECT(renku_http_line_socket(s->line) >= 0);
}

/* What an event loop does. */
static renku_result *await(stage *s, void *user)
{
    renku_result *answer;
    void *found = NULL;

    while (!renku_http_line_next(&answer, &found, s->line)) {
        struct pollfd socket = {.fd = renku_http_line_socket(s->line), .events = POLLIN};

        (void)poll(&socket, 1, 100);
        renku_http_line_read(s->line);
    }
    EXPECT(found == user);
    return answer;
}

TEST(a_line_answers_as_a_thread_would)
{
    stage s;
    renku_http_header header = {"x-request-id", "4711"};

    open_stage(&s);
    s.request.headers = &header;
    s.request.header_count = 1;
    begin(&s, &s);
    renku_result *waited = GOOD(renku_http_handle(s.ctx, &s.request));
    renku_result *answer = GOOD(await(&s, &s));

    SAME_TEXT(renku_result_body(answer, NULL), renku_result_body(waited, NULL));
    SAME_TEXT(renku_result_etag(answer), renku_result_etag(waited));
    SAME_TEXT(renku_result_header_find(answer, "x-request-id"), "4711");
    SAME_INT((long long)renku_result_header_count(answer),
             (long long)renku_result_header_count(waited));
    header = (renku_http_header){"if-none-match", renku_result_etag(waited)};
    begin(&s, NULL);
    renku_result *known = GOOD(await(&s, NULL));

    SAME_INT(renku_result_status(known), 304);
    renku_result_free(known);
    renku_result_free(answer);
    renku_result_free(waited);
    close_stage(&s);
}

/* A group of Jane's, in the answer that made it. */
static renku_result *make_group(stage *s)
{
    renku_caller *jane = abi_jane(s->ctx);
    const char *slug = abi_unique("line");
    char body[256];

    snprintf(body, sizeof(body), "{\"name\":\"Of a line\",\"slug\":\"%s\"}", slug);
    renku_result *made = GOOD(renku_group_create(s->ctx, jane, body, NULL));

    renku_caller_free(jane);
    return made;
}

static void same_as_on_a_thread(stage *s, const char *target)
{
    s->request.target = target;
    begin(s, s);
    renku_result *answer = await(s, s);

    if (!answer)
        FAIL("%s takes more than one statement", target);
    renku_result *waited = GOOD(renku_http_handle(s->ctx, &s->request));

    SAME_TEXT(renku_result_body(GOOD(answer), NULL), renku_result_body(waited, NULL));
    renku_result_free(answer);
    renku_result_free(waited);
}

/* All operations that an apispec calls point reads, on something that exists. */
TEST(a_point_read_takes_one_statement)
{
    stage s;
    char target[256];

    open_stage(&s);
    renku_result *project = GOOD(renku_http_handle(s.ctx, &s.request)), *group = make_group(&s);
    const char *slug = renku_result_text(group, "/slug");

    same_as_on_a_thread(&s, s.target);
    snprintf(target, sizeof(target), "%s/permissions", s.target);
    same_as_on_a_thread(&s, target);
    snprintf(target, sizeof(target), "/api/data/namespaces/jane/projects/%s",
             renku_result_text(project, "/slug"));
    same_as_on_a_thread(&s, target);
    snprintf(target, sizeof(target), "/api/data/namespaces/jane/%s",
             renku_result_text(project, "/slug"));
    same_as_on_a_thread(&s, target);
    snprintf(target, sizeof(target), "/api/data/namespaces/%s", slug);
    same_as_on_a_thread(&s, target);
    snprintf(target, sizeof(target), "/api/data/groups/%s", slug);
    same_as_on_a_thread(&s, target);
    snprintf(target, sizeof(target), "/api/data/groups/%s/permissions", slug);
    same_as_on_a_thread(&s, target);
    renku_result_free(group);
    renku_result_free(project);
    close_stage(&s);
}

TEST(what_is_missing_is_missing_on_a_line_too)
{
    stage s;

    open_stage(&s);
    s.request.target = "/api/data/projects/01J2F86WS7S8N6159WA3X4042H";
    begin(&s, &s);
    REFUSED(await(&s, &s), RENKU_ENOTFOUND, "01J2F86WS7S8N6159WA3X4042H");
    close_stage(&s);
}

TEST(a_line_refuses_at_once_what_needs_no_database)
{
    stage s;
    renku_result *answer;

    open_stage(&s);
    strcat(s.target, "?with_documentation=perhaps");
    SAME_INT(renku_http_line_begin(&answer, s.line, &s.request, &s), 1);
    REFUSED(answer, RENKU_EINVALID, "with_documentation");
    close_stage(&s);
}

TEST(a_line_leaves_to_threads_what_takes_more_than_one_statement)
{
    static const struct {
        const char *method, *target;
    } others[] = {
        {"GET",    "/api/data/groups"                             },
        {"GET",    "/api/data/projects?page=11"                   },
        {"POST",   "/api/data/projects"                           },
        {"DELETE", "/api/data/projects/01J2F86WS7S8N6159WA3X4042H"},
    };
    stage s;
    renku_result *answer;
    void *user;

    open_stage(&s);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        s.request.method = others[i].method;
        s.request.target = others[i].target;
        if (renku_http_line_begin(&answer, s.line, &s.request, &s) != 0 || answer)
            FAIL("%s %s", others[i].method, others[i].target);
    }
    s.request.target = NULL;
    SAME_INT(renku_http_line_begin(&answer, s.line, &s.request, &s), 0);
    SAME_INT(renku_http_line_begin(&answer, s.line, NULL, &s), 0);
    SAME_INT(renku_http_line_next(&answer, &user, s.line), 0);
    close_stage(&s);
}

TEST(a_line_answers_at_once_what_asks_nobody)
{
    static const struct {
        const char *method, *target;
        int status;
    } asked[] = {
        {"GET",     "/api/data/version",  200},
        {"GET",     "/api/data/nothing",  404},
        {"OPTIONS", "/api/data/projects", 204},
        {"GET",     "elsewhere",          404},
    };
    stage s;
    renku_result *answer;

    open_stage(&s);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        s.request.method = asked[i].method;
        s.request.target = asked[i].target;
        SAME_INT(renku_http_line_begin(&answer, s.line, &s.request, &s), 1);
        SAME_INT(renku_result_status(answer), asked[i].status);
        renku_result_free(answer);
    }
    close_stage(&s);
}

TEST(a_line_leaves_to_threads_a_token_that_nobody_has_verified)
{
    stage s;
    renku_result *answer;
    char bearer[4096];
    renku_http_header header = {"authorization", bearer};

    open_stage(&s);
    snprintf(bearer, sizeof(bearer), "Bearer %s", abi_env("ABI_JOHN"));
    s.request.headers = &header;
    s.request.header_count = 1;
    SAME_INT(renku_http_line_begin(&answer, s.line, &s.request, &s), 0);
    DONE(renku_http_handle(s.ctx, &s.request));
    begin(&s, &s);
    DONE(await(&s, &s));
    close_stage(&s);
}

TEST(what_is_given_up_comes_back_without_an_answer)
{
    stage s;

    open_stage(&s);
    begin(&s, &s);
    begin(&s, s.ctx);
    renku_http_line_drop(s.line);
    SAME_INT(renku_http_line_socket(s.line), -1);
    EXPECT(!await(&s, &s));
    EXPECT(!await(&s, s.ctx));
    close_stage(&s);
}

TEST(a_line_that_is_freed_forgets_what_is_under_way)
{
    stage s;

    open_stage(&s);
    begin(&s, &s);
    begin(&s, &s);
    renku_http_line_drop(s.line);
    close_stage(&s);
    open_stage(&s);
    begin(&s, &s);
    close_stage(&s);
}

TEST(a_line_loses_nothing_with_its_connection)
{
    stage s;
    PGconn *db = abi_connect();

    open_stage(&s);
    abi_sql(db, "BEGIN");
    abi_sql(db, "LOCK TABLE librenku.listing");
    begin(&s, &s);
    begin(&s, &s);
    EXPECT(!await(&s, &s)); /* what stood behind the one that is slow */
    EXPECT(!await(&s, &s)); /* that one took too long */
    abi_sql(db, "COMMIT");
    DONE(renku_http_handle(s.ctx, &s.request));
    PQfinish(db);
    close_stage(&s);
}

TEST(there_is_no_line_without_a_context)
{
    renku_result *answer;
    void *user;

    EXPECT(!renku_http_line_new(NULL));
    renku_http_line_free(NULL);
    renku_http_line_read(NULL);
    renku_http_line_drop(NULL);
    SAME_INT(renku_http_line_socket(NULL), -1);
    SAME_INT(renku_http_line_next(&answer, &user, NULL), 0);
    EXPECT(!answer);
}
