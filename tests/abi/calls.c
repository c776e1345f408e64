/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A context and Jane, for most of what follows. */
typedef struct {
    renku_ctx *ctx;
    renku_caller *jane;
} room;

static room enter(void)
{
    renku_ctx *ctx = abi_open();

    return (room){ctx, abi_jane(ctx)};
}

static void leave(room here)
{
    renku_caller_free(here.jane);
    renku_ctx_free(here.ctx);
}

/* --- typed functions -------------------------------------------------------------------------- */

TEST(a_project_lives_from_creation_to_deletion)
{
    room here = enter();
    char id[32], etag[64];
    renku_call call = RENKU_CALL_INIT;
    renku_project_get_query query = RENKU_PROJECT_GET_QUERY_INIT;

    snprintf(id, sizeof(id), "%s", abi_project(here.ctx, here.jane, "jane"));
    query.with_documentation = 1;
    renku_result *read = GOOD(renku_project_get(here.ctx, here.jane, id, &query, NULL));

    SAME_TEXT(renku_result_text(read, "/id"), id);
    EXPECT(renku_result_type(read, "/documentation") != RENKU_TYPE_ABSENT);
    snprintf(etag, sizeof(etag), "%s", renku_result_etag(read));
    renku_result_free(read);

    call.if_none_match = etag;
    read = GOOD(renku_project_get(here.ctx, here.jane, id, NULL, &call));
    SAME_INT(renku_result_status(read), 304);
    SAME_TEXT(renku_result_body(read, NULL), "");
    renku_result_free(read);

    call = (renku_call)RENKU_CALL_INIT;
    REFUSED(renku_project_patch(here.ctx, here.jane, id, "{\"description\":\"x\"}", &call),
            RENKU_EPRECONDITION, "If-Match");
    call.if_match = "\"stale\"";
    REFUSED(renku_project_patch(here.ctx, here.jane, id, "{\"description\":\"x\"}", &call),
            RENKU_ESTALE, "");
    call.if_match = etag;
    read = GOOD(renku_project_patch(here.ctx, here.jane, id, "{\"description\":\"x\"}", &call));
    SAME_TEXT(renku_result_text(read, "/description"), "x");
    renku_result_free(read);
    DONE(renku_project_delete(here.ctx, here.jane, id, NULL));
    REFUSED(renku_project_get(here.ctx, here.jane, id, NULL, NULL), RENKU_ENOTFOUND, "");
    leave(here);
}

TEST(each_kind_of_query_parameter_arrives)
{
    room here = enter();
    static const char *const kinds[] = {"user", "project"};
    renku_namespace_list_query namespaces = RENKU_NAMESPACE_LIST_QUERY_INIT;
    renku_project_list_query projects = RENKU_PROJECT_LIST_QUERY_INIT;
    renku_user_list_query users = RENKU_USER_LIST_QUERY_INIT;

    abi_project(here.ctx, here.jane, "jane");
    namespaces.kinds = kinds;
    namespaces.kinds_count = 1;
    namespaces.minimum_role = "owner";
    renku_result *list = GOOD(renku_namespace_list(here.ctx, here.jane, &namespaces, NULL));

    SAME_INT((long long)renku_result_count(list, ""), 1);
    SAME_TEXT(renku_result_text(list, "/0/namespace_kind"), "user");
    renku_result_free(list);

    namespaces.kinds_count = 2;
    list = GOOD(renku_namespace_list(here.ctx, here.jane, &namespaces, NULL));
    EXPECT(renku_result_count(list, "") > 1);
    renku_result_free(list);

    projects.per_page = 1;
    projects.page = 1;
    projects.namespace_ = "jane";
    projects.direct_member = 1;
    list = GOOD(renku_project_list(here.ctx, here.jane, &projects, NULL));
    SAME_INT((long long)renku_result_count(list, ""), 1);
    SAME_TEXT(renku_result_header_find(list, "Per-Page"), "1");
    renku_result_free(list);

    users.exact_email = abi_env("ABI_JANE_EMAIL");
    list = GOOD(renku_user_list(here.ctx, here.jane, &users, NULL));
    SAME_TEXT(renku_result_text(list, "/0/id"), abi_env("ABI_JANE_ID"));
    renku_result_free(list);
    leave(here);
}

TEST(whole_numbers_in_paths_arrive)
{
    room here = enter();

    REFUSED(renku_project_migration_get(here.ctx, here.jane, 4711, NULL), RENKU_ENOTFOUND, "4711");
    renku_result_free(renku_project_migration_get(here.ctx, here.jane, INT64_MIN, NULL));
    renku_result_free(renku_project_migration_get(here.ctx, here.jane, INT64_MAX, NULL));
    leave(here);
}

TEST(query_values_that_cannot_be_are_refused)
{
    room here = enter();
    renku_project_list_query projects = RENKU_PROJECT_LIST_QUERY_INIT;
    renku_namespace_list_query namespaces = RENKU_NAMESPACE_LIST_QUERY_INIT;
    static const char *const holes[] = {NULL, "group", NULL};

    projects.page = 0;
    REFUSED(renku_project_list(here.ctx, here.jane, &projects, NULL), RENKU_EINVALID, "page");
    projects.page = INT64_MIN;
    REFUSED(renku_project_list(here.ctx, here.jane, &projects, NULL), RENKU_EINVALID, "page");
    projects.page = INT64_MAX;
    renku_result *far = renku_project_list(here.ctx, here.jane, &projects, NULL);

    EXPECT(renku_result_status(far) < 500);
    renku_result_free(far);
    projects = (renku_project_list_query)RENKU_PROJECT_LIST_QUERY_INIT;
    projects.per_page = 1000000;
    REFUSED(renku_project_list(here.ctx, here.jane, &projects, NULL), RENKU_EINVALID, "per_page");
    namespaces.minimum_role = "emperor";
    REFUSED(renku_namespace_list(here.ctx, here.jane, &namespaces, NULL), RENKU_EINVALID, "");
    namespaces.minimum_role = NULL;
    namespaces.kinds = holes;
    namespaces.kinds_count = 3;
    DONE(renku_namespace_list(here.ctx, here.jane, &namespaces, NULL));
    namespaces.kinds = NULL;
    REFUSED(renku_namespace_list(here.ctx, here.jane, &namespaces, NULL), RENKU_EINTERNAL, "kinds");
    leave(here);
}

TEST(path_values_that_cannot_be_are_refused)
{
    static const char *const ids[] = {"no-ulid",
                                      "01J2F86WS7S8N6159WA3X4042",
                                      "\xff\xfe\xfd",
                                      "01J2F86WS7S8N6159WA3X4042\xff",
                                      "../x",
                                      "a/b",
                                      " "};
    room here = enter();

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        REFUSED(renku_project_get(here.ctx, here.jane, ids[i], NULL, NULL), RENKU_ENOTFOUND, "");
    REFUSED(renku_project_get(here.ctx, here.jane, NULL, NULL, NULL), RENKU_EINVALID, "project_id");
    REFUSED(renku_project_get(here.ctx, here.jane, "", NULL, NULL), RENKU_EINVALID, "project_id");
    REFUSED(renku_user_get(here.ctx, here.jane, "a\xc3\x28z", NULL), RENKU_ENOTFOUND, "");
    REFUSED(renku_group_get(here.ctx, here.jane, "a\xff", NULL), RENKU_ENOTFOUND, "");
    REFUSED(renku_project_get_by_path(here.ctx, here.jane, "jane", NULL, NULL, NULL),
            RENKU_EINVALID, "slug");
    leave(here);
}

TEST(text_that_is_no_utf8_is_refused)
{
    room here = enter();
    renku_user_list_query users = RENKU_USER_LIST_QUERY_INIT;
    renku_project_list_query projects = RENKU_PROJECT_LIST_QUERY_INIT;
    renku_call call = RENKU_CALL_INIT;

    users.exact_email = "a\xff@b.c";
    REFUSED(renku_user_list(here.ctx, here.jane, &users, NULL), RENKU_EINVALID, "");
    projects.namespace_ = "\xed\xa0\x80";
    REFUSED(renku_project_list(here.ctx, here.jane, &projects, NULL), RENKU_EINVALID, "");
    REFUSED(renku_project_create(here.ctx, here.jane, "{\"name\":\"\xff\",\"namespace\":\"jane\"}",
                                 NULL),
            RENKU_EBADREQUEST, "");
    call.request_id = "id\xff\nnew line";
    call.if_match = "\xff\xfe";
    call.if_none_match = "\xff\xfe";
    DONE(renku_project_get(here.ctx, here.jane, abi_project(here.ctx, here.jane, "jane"), NULL,
                           &call));
    leave(here);
}

/* --- bodies ----------------------------------------------------------------------------------- */

TEST(a_body_that_is_no_json_is_refused)
{
    static const char *const bodies[] = {" ", "{", "nonsense", "{\"name\":}", "[1,", "\"", "{} {}"};
    room here = enter();

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        REFUSED(renku_project_create(here.ctx, here.jane, bodies[i], NULL), RENKU_EBADREQUEST,
                "json");
    REFUSED(renku_project_create(here.ctx, here.jane, NULL, NULL), RENKU_EINVALID, "");
    REFUSED(renku_project_create(here.ctx, here.jane, "", NULL), RENKU_EINVALID, "");
    REFUSED(renku_project_create(here.ctx, here.jane, "[]", NULL), RENKU_EINVALID, "");
    REFUSED(renku_project_create(here.ctx, here.jane, "{}", NULL), RENKU_EINVALID, "name");
    REFUSED(renku_project_create(here.ctx, here.jane, "{\"name\":\"a\\u0000\"}", NULL),
            RENKU_EINVALID, "Null byte");
    leave(here);
}

TEST(a_body_is_read_to_its_size_and_no_further)
{
    room here = enter();
    renku_request request = RENKU_REQUEST_INIT;
    char text[128];

    snprintf(text, sizeof(text), "{\"name\":\"%s\",\"namespace\":\"jane\"}", abi_unique("exact"));
    size_t size = strlen(text);
    char *exact = malloc(size); /* a sanitizer sees the byte behind it */

    memcpy(exact, text, size);
    request.operation = "project_create";
    request.body = exact;
    request.body_size = size;
    DONE(renku_request_run(here.ctx, here.jane, &request));
    request.body_size = size - 1;
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_EBADREQUEST, "json");
    request.body = NULL;
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_EINVALID, "");
    free(exact);
    leave(here);
}

TEST(a_huge_body_is_refused)
{
    enum { SIZE = 200 * 1000 * 1000 };
    room here = enter();
    char *body = malloc(SIZE + 1);

    memset(body, 'x', SIZE);
    memcpy(body, "{\"name\":\"", 9);
    memcpy(body + SIZE - 2, "\"}", 3);
    SAME_INT((long long)strlen(body), SIZE);
    REFUSED(renku_project_create(here.ctx, here.jane, body, NULL), RENKU_ETOOLARGE, "");
    memset(body, '[', SIZE);
    REFUSED(renku_project_create(here.ctx, here.jane, body, NULL), RENKU_ETOOLARGE, "");
    free(body);
    leave(here);
}

/* --- by name ---------------------------------------------------------------------------------- */

TEST(an_operation_runs_by_its_name)
{
    room here = enter();
    char id[32];
    renku_parameter parameters[] = {
        {"project_id",         id    },
        {"with_documentation", "true"}
    };
    renku_request request = RENKU_REQUEST_INIT;

    snprintf(id, sizeof(id), "%s", abi_project(here.ctx, here.jane, "jane"));
    request.operation = "project_get";
    request.parameters = parameters;
    request.parameter_count = 2;
    renku_result *read = GOOD(renku_request_run(here.ctx, here.jane, &request));

    SAME_TEXT(renku_result_text(read, "/id"), id);
    EXPECT(renku_result_type(read, "/documentation") != RENKU_TYPE_ABSENT);
    renku_result_free(read);
    parameters[1].value = NULL;
    DONE(renku_request_run(here.ctx, here.jane, &request));
    leave(here);
}

TEST(a_form_is_taken_as_text)
{
    static const char form[] = "grant_type=refresh_token&refresh_token=nonsense";
    room here = enter();
    renku_request request = RENKU_REQUEST_INIT;

    request.operation = "token_refresh";
    request.body = form;
    request.body_size = strlen(form);
    renku_result *result = renku_request_run(here.ctx, NULL, &request);

    SAME_INT(renku_result_status(result), 401);
    renku_result_free(result);
    request.body = "\xff=\xfe&&&=";
    request.body_size = 7;
    EXPECT(renku_result_status(result = renku_request_run(here.ctx, NULL, &request)) < 500);
    renku_result_free(result);
    leave(here);
}

TEST(a_request_that_makes_no_sense_is_refused)
{
    room here = enter();
    renku_parameter parameters[] = {
        {"project_id", "x"},
        {NULL,         "y"}
    };
    renku_request request = RENKU_REQUEST_INIT;

    REFUSED(renku_request_run(here.ctx, here.jane, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_request_run(NULL, here.jane, &request), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_ENOTFOUND, "(null)");
    request.operation = "project_explode";
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_ENOTFOUND, "'project_explode'");
    request.operation = "\xff";
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_ENOTFOUND, "");
    request.operation = "project_get";
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_EINVALID, "'project_id'");
    request.parameter_count = 2;
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_EINTERNAL, "NULL");
    request.parameters = parameters;
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_ENOTFOUND, "'x'");
    parameters[0].value = "01J2F86WS7S8N6159WA3X4042H";
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_EINVALID, "no name");
    parameters[0].value = NULL;
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_EINVALID, "'project_id'");
    leave(here);
}

TEST(every_operation_describes_itself_and_can_be_called)
{
    room here = enter();
    renku_result *all = GOOD(renku_operation_list());
    size_t count = renku_result_count(all, "");

    EXPECT(count > 40);
    for (size_t i = 0; i < count; i++) {
        renku_request request = RENKU_REQUEST_INIT;
        char at[32];

        snprintf(at, sizeof(at), "/%zu/id", i);
        request.operation = renku_result_text(all, at);
        renku_result *result = renku_request_run(here.ctx, NULL, &request);

        if (renku_result_status(result) >= 500 && strcmp(request.operation, "error_sample") != 0)
            FAIL("%s: %s", request.operation, renku_result_message(result));
        renku_result_free(result);
    }
    renku_result_free(all);
    leave(here);
}

/* --- structures of older and newer programs --------------------------------------------------- */

/* The beginning of a structure, in memory that ends there. */
static void *cut(const void *whole, size_t size)
{
    char *part = malloc(size);

    memcpy(part, whole, size);
    memcpy(part, &size, sizeof(size));
    return part;
}

TEST(a_structure_of_an_older_program_is_read_to_its_end)
{
    room here = enter();
    renku_project_list_query query = RENKU_PROJECT_LIST_QUERY_INIT;
    renku_call call = RENKU_CALL_INIT;
    renku_request request = RENKU_REQUEST_INIT;

    query.per_page = 1;
    request.operation = "project_list";
    void *old_query = cut(&query, offsetof(renku_project_list_query, namespace_));
    void *old_call = cut(&call, offsetof(renku_call, cancel));
    void *old_request = cut(&request, offsetof(renku_request, parameters));
    renku_result *list = GOOD(renku_project_list(here.ctx, here.jane, old_query, old_call));

    SAME_TEXT(renku_result_header_find(list, "per-page"), "1");
    renku_result_free(list);
    DONE(renku_request_run(here.ctx, here.jane, old_request));
    free(old_request);
    free(old_call);
    free(old_query);
    leave(here);
}

TEST(a_structure_of_a_newer_program_is_read_as_far_as_it_is_known)
{
    room here = enter();
    struct {
        renku_call known;
        char more[64];
    } call = {RENKU_CALL_INIT, "later"};
    struct {
        renku_project_list_query known;
        char more[64];
    } query = {RENKU_PROJECT_LIST_QUERY_INIT, "later"};
    struct {
        renku_request known;
        char more[64];
    } request = {RENKU_REQUEST_INIT, "later"};

    call.known.size = sizeof(call);
    query.known.size = sizeof(query);
    query.known.per_page = 1;
    request.known.size = sizeof(request);
    request.known.operation = "project_list";
    request.known.call = &call.known;
    DONE(renku_project_list(here.ctx, here.jane, &query.known, &call.known));
    DONE(renku_request_run(here.ctx, here.jane, &request.known));
    leave(here);
}

TEST(a_structure_without_its_initialiser_is_refused)
{
    room here = enter();
    renku_call call = {0};
    renku_project_list_query query = {0};
    renku_request request = {0};
    renku_http_request http = {0};
    renku_seed seed = {0};

    http.method = "GET";
    http.target = "/api/data/version";
    request.operation = "project_list";
    REFUSED(renku_project_list(here.ctx, here.jane, NULL, &call), RENKU_EINTERNAL, "renku_call");
    REFUSED(renku_project_list(here.ctx, here.jane, &query, NULL), RENKU_EINTERNAL, "query");
    REFUSED(renku_request_run(here.ctx, here.jane, &request), RENKU_EINTERNAL, "renku_request");
    REFUSED(renku_http_handle(here.ctx, &http), RENKU_EINTERNAL, "renku_http_request");
    REFUSED(renku_dev_seed(here.ctx, &seed), RENKU_EINTERNAL, "renku_seed");
    EXPECT(!renku_pages_new(here.ctx, here.jane, &request));
    leave(here);
}

/* --- what a call brings along ----------------------------------------------------------------- */

TEST(the_request_id_stands_in_the_log)
{
    room here = enter();
    renku_call call = RENKU_CALL_INIT;

    call.request_id = "my-request-4710";
    REFUSED(renku_project_create(here.ctx, here.jane, "{}", &call), RENKU_EINVALID, "");
    call.request_id = "my-request-4711";
    call.cancel = renku_cancel_new();
    renku_cancel_now(call.cancel);
    REFUSED(renku_project_create(here.ctx, here.jane, "{\"name\": \"x\", \"namespace\": \"jane\"}",
                                 &call),
            RENKU_ECANCELLED, "");
    renku_cancel_free(call.cancel);
    char *log = abi_log();

    EXPECT(
        !strstr(log, "my-request-4710")); /* what a caller did wrong is told to the caller alone */
    EXPECT(strstr(log, "my-request-4711"));
    EXPECT(strstr(log, "project_create"));
    free(log);
    leave(here);
}

TEST(a_negative_timeout_is_refused)
{
    room here = enter();
    renku_call call = RENKU_CALL_INIT;

    call.timeout_ms = -1;
    REFUSED(renku_project_list(here.ctx, here.jane, NULL, &call), RENKU_EINTERNAL, "timeout_ms");
    call.timeout_ms = INT64_MIN;
    REFUSED(renku_project_list(here.ctx, here.jane, NULL, &call), RENKU_EINTERNAL, "timeout_ms");
    leave(here);
}

TEST(the_longest_timeout_is_that_of_the_context)
{
    room here = enter();
    renku_call call = RENKU_CALL_INIT;

    call.timeout_ms = INT64_MAX;
    DONE(renku_project_list(here.ctx, here.jane, NULL, &call));
    leave(here);
}
