/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The description of all operations is a large JSON array that needs no database. */
static renku_result *operations(void)
{
    return GOOD(renku_operation_list());
}

TEST(parts_are_read_by_pointer)
{
    renku_result *all = operations();

    SAME_INT(renku_result_type(all, ""), RENKU_TYPE_ARRAY);
    SAME_INT(renku_result_type(all, "/0"), RENKU_TYPE_OBJECT);
    SAME_INT(renku_result_type(all, "/0/id"), RENKU_TYPE_TEXT);
    SAME_INT(renku_result_type(all, "/0/status"), RENKU_TYPE_INT);
    SAME_INT(renku_result_type(all, "/0/paginated"), RENKU_TYPE_BOOL);
    SAME_INT(renku_result_type(all, "/0/parameters"), RENKU_TYPE_ARRAY);
    EXPECT(renku_result_text(all, "/0/id"));
    EXPECT(renku_result_int(all, "/0/status", -7) >= 200);
    EXPECT(renku_result_number(all, "/0/status", -7) >= 200);
    EXPECT(renku_result_bool(all, "/0/paginated", -7) != -7);
    EXPECT(renku_result_count(all, "") > 40);
    EXPECT(renku_result_count(all, "/0") > 5);
    SAME_TEXT(renku_result_member(all, "/0", 0), "id");
    EXPECT(strstr(renku_result_json(all, "/0"), "\"id\":\""));
    SAME_TEXT(renku_result_complaint(all), NULL);
    renku_result_free(all);
}

TEST(a_part_of_the_wrong_type_is_complained_about)
{
    renku_result *all = operations();

    SAME_TEXT(renku_result_text(all, "/0/status"), NULL);
    SAME_TEXT(renku_result_complaint(all), "'/0/status' is an integer, not a text");
    SAME_INT(renku_result_int(all, "/0/id", -7), -7);
    SAME_TEXT(renku_result_complaint(all), "'/0/id' is a text, not an integer");
    EXPECT(renku_result_number(all, "/0/id", NAN) != renku_result_number(all, "/0/id", NAN));
    SAME_INT(renku_result_bool(all, "/0/id", -7), -7);
    SAME_TEXT(renku_result_complaint(all), "'/0/id' is a text, not a truth value");
    SAME_INT((long long)renku_result_count(all, "/0/id"), 0);
    SAME_TEXT(renku_result_complaint(all), "'/0/id' is a text, not an array or an object");
    SAME_TEXT(renku_result_member(all, "", 0), NULL);
    SAME_TEXT(renku_result_complaint(all), "'' is an array, not an object");
    SAME_TEXT(renku_result_member(all, "/0", 999), NULL);
    SAME_TEXT(renku_result_complaint(all), "'/0' has fewer members");
    SAME_TEXT(renku_result_text(all, "/0/id/x"), NULL);
    SAME_TEXT(renku_result_complaint(all), "'/0/id/x' is not there");
    EXPECT(renku_result_text(all, "/0/id"));
    SAME_TEXT(renku_result_complaint(all), NULL);
    renku_result_free(all);
}

TEST(pointers_that_lead_nowhere_find_nothing)
{
    static const char *const pointers[] = {
        "x",    "0",   "/",    "//",  "/00", "/-",    "/-1",   "/99999999999999999999999999",
        "/0/",  "/ ",  "/0 ",  "/~",  "/~2", "/0/i~", "/\xff", "/0/\xff\xfe",
        "/1e0", "/+1", "/0x1", "#/0",
    };
    renku_result *all = operations();

    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        if (renku_result_type(all, pointers[i]) != RENKU_TYPE_ABSENT)
            FAIL("'%s' is there", pointers[i]);
        EXPECT(renku_result_complaint(all));
    }
    SAME_INT(renku_result_type(all, NULL), RENKU_TYPE_ARRAY);
    char *deep = malloc(1000001);

    memset(deep, '/', 1000000);
    deep[1000000] = '\0';
    SAME_INT(renku_result_type(all, deep), RENKU_TYPE_ABSENT);
    free(deep);
    renku_result_free(all);
}

TEST(complaints_cost_no_memory_that_grows)
{
    renku_result *all = operations();

    for (int i = 0; i < 2000000; i++)
        SAME_INT(renku_result_int(all, "/0/id", -7), -7);
    SAME_TEXT(renku_result_complaint(all), "'/0/id' is a text, not an integer");
    renku_result_free(all);
}

TEST(null_is_the_result_of_no_memory)
{
    const char *name = "x", *value = "x";
    size_t size = 7;

    SAME_INT(renku_result_ok(NULL), 0);
    SAME_INT(renku_result_status(NULL), 500);
    SAME_INT(renku_result_code(NULL), 1500);
    SAME_INT(renku_result_error(NULL), RENKU_ENOMEM);
    SAME_TEXT(renku_result_message(NULL), "Out of memory");
    SAME_TEXT(renku_result_detail(NULL), NULL);
    SAME_TEXT(renku_result_body(NULL, &size), "{\"error\":{\"code\":1500,\"message\":\"Out of "
                                              "memory\"}}");
    SAME_INT((long long)size, (long long)strlen(renku_result_body(NULL, NULL)));
    SAME_INT((long long)renku_result_header_count(NULL), 1);
    SAME_INT(renku_result_header(NULL, 0, &name, &value), 1);
    SAME_TEXT(name, "content-type");
    SAME_TEXT(value, "application/json");
    SAME_INT(renku_result_header(NULL, 1, &name, &value), 0);
    SAME_TEXT(renku_result_header_find(NULL, "Content-Type"), "application/json");
    SAME_TEXT(renku_result_etag(NULL), NULL);
    SAME_INT(renku_result_type(NULL, ""), RENKU_TYPE_ABSENT);
    SAME_TEXT(renku_result_text(NULL, ""), NULL);
    SAME_INT(renku_result_int(NULL, "", -7), -7);
    EXPECT(renku_result_number(NULL, "", 0.5) == 0.5);
    SAME_INT(renku_result_bool(NULL, "", -7), -7);
    SAME_INT((long long)renku_result_count(NULL, ""), 0);
    SAME_TEXT(renku_result_member(NULL, "", 0), NULL);
    SAME_TEXT(renku_result_json(NULL, ""), NULL);
    SAME_TEXT(renku_result_complaint(NULL), "Out of memory");
    renku_result_free(NULL);
}

TEST(headers_are_found_in_any_case)
{
    renku_ctx *ctx = abi_open();
    renku_result *list = GOOD(renku_project_list(ctx, NULL, NULL, NULL));
    const char *name, *value;

    EXPECT(renku_result_header_find(list, "TOTAL-pages"));
    SAME_TEXT(renku_result_header_find(list, "no-such"), NULL);
    SAME_TEXT(renku_result_header_find(list, NULL), NULL);
    SAME_INT(renku_result_header(list, 0, NULL, NULL), 1);
    SAME_INT(renku_result_header(list, (size_t)-1, &name, &value), 0);
    for (size_t i = 0; i < renku_result_header_count(list); i++) {
        EXPECT(renku_result_header(list, i, &name, &value));
        SAME_TEXT(renku_result_header_find(list, name), value);
    }
    renku_result_free(list);
    renku_ctx_free(ctx);
}

TEST(a_body_that_is_no_json_has_no_parts)
{
    renku_ctx *ctx = abi_open();
    renku_result *ready = renku_http_ready(ctx, 1);

    SAME_INT(renku_result_status(ready), 200);
    SAME_INT(renku_result_type(ready, ""), RENKU_TYPE_ABSENT);
    EXPECT(strstr(renku_result_complaint(ready), "no JSON"));
    renku_result_free(ready);
    renku_ctx_free(ctx);
}

TEST(a_failure_has_its_parts_too)
{
    renku_ctx *ctx = abi_open();
    renku_result *failed = renku_user_me(ctx, NULL, NULL);

    SAME_INT(renku_result_ok(failed), 0);
    SAME_INT((long long)renku_result_int(failed, "/error/code", 0), 1401);
    SAME_TEXT(renku_result_text(failed, "/error/message"), renku_result_message(failed));
    renku_result_free(failed);
    renku_ctx_free(ctx);
}

/* Users that the list of an administrator then has: more values than a request may have. */
TEST(a_large_answer_is_read_whole)
{
    enum { COUNT = 60000 };
    renku_ctx *ctx = abi_open();
    PGconn *db = abi_connect();
    renku_caller *service = NULL;

    DONE(renku_caller_from_service(&service, ctx, "migrations"));
    abi_sql(db,
            "INSERT INTO users.users (keycloak_id, first_name, last_name, email)"
            " SELECT 'many-' || i, 'a', 'b', 'many-' || i || '@example.org'"
            " FROM generate_series(1, %d) i",
            COUNT);
    abi_sql(db,
            "INSERT INTO common.namespaces (id, slug, user_id)"
            " SELECT 'MANY' || lpad(i::text, 22, '0'), 'many-' || i, 'many-' || i"
            " FROM generate_series(1, %d) i",
            COUNT);
    renku_result *list = renku_user_list(ctx, service, NULL, NULL);

    abi_sql(db, "DELETE FROM common.namespaces WHERE id LIKE 'MANY%%'");
    abi_sql(db, "DELETE FROM users.users WHERE keycloak_id LIKE 'many-%%'");
    GOOD(list);
    EXPECT(renku_result_count(list, "") >= COUNT);
    EXPECT(renku_result_text(list, "/59999/id"));
    renku_result_free(list);
    renku_caller_free(service);
    renku_ctx_free(ctx);
    PQfinish(db);
}
