/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/http/operation.h"
#include "renku/renku.h"
#include "tests/unit/unit.h"

enum { PATH_MAX_ = 4 };

static const rk_service *const data = &rk_services[RK_SERVICE_DATA];

/* A context whose database nobody answers for: what is refused is refused before it is asked. */
static renku_ctx *make_ctx(void)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx;

    ck_assert_int_eq(renku_config_set(config, "RENKU_ADMIN_ONLY", "true"), 0);
    ck_assert_int_eq(renku_config_set(config, "DB_HOST", "/nonexistent"), 0);
    ck_assert_int_eq(renku_config_set(config, "DB_PASSWORD", "x"), 0);
    renku_result_free(renku_ctx_new(&ctx, config));
    renku_config_free(config);
    ck_assert_ptr_nonnull(ctx);
    return ctx;
}

/* Runs an operation with path parameters that fit. */
static renku_result *run(renku_ctx *ctx, const renku_caller *caller, const rk_operation *operation)
{
    renku_parameter parameters[PATH_MAX_];
    renku_request request = RENKU_REQUEST_INIT;

    ck_assert_int_le(operation->path_count, PATH_MAX_);
    for (int i = 0; i < operation->path_count; i++) {
        const rk_path_param *param = &operation->path_params[i];
        bool is_ulid = param->kind == RK_PATH_ULID;

        parameters[i] =
            (renku_parameter){param->name, is_ulid ? "01J2F86WS7S8N6159WA3X4042H" : "1"};
    }
    request.operation = operation->id;
    request.parameters = parameters;
    request.parameter_count = (size_t)operation->path_count;
    return renku_request_run(ctx, caller, &request);
}

static int count_of_persons(void)
{
    int count = 0;

    for (int i = 0; i < data->operation_count; i++)
        count += data->operations[i].person;
    return count;
}

START_TEST(what_needs_a_person_is_refused_to_a_service)
{
    renku_ctx *ctx = make_ctx();
    renku_caller *service;

    renku_result_free(renku_caller_from_service(&service, ctx, "migrations"));
    for (int i = 0; i < data->operation_count; i++) {
        if (!data->operations[i].person)
            continue;
        renku_result *result = run(ctx, service, &data->operations[i]);

        ck_assert_int_eq(renku_result_error(result), RENKU_EFORBIDDEN);
        ck_assert_ptr_nonnull(strstr(renku_result_message(result), "'migrations'"));
        renku_result_free(result);
    }
    renku_caller_free(service);
    renku_ctx_free(ctx);
}
END_TEST

START_TEST(what_needs_a_person_asks_the_anonymous_caller_to_log_in)
{
    renku_ctx *ctx = make_ctx();

    ck_assert_int_ge(count_of_persons(), 11);
    for (int i = 0; i < data->operation_count; i++) {
        if (!data->operations[i].person || data->operations[i].checks[0] != RK_CHECK_LOGIN)
            continue;
        renku_result *result = run(ctx, NULL, &data->operations[i]);

        ck_assert_int_eq(renku_result_error(result), RENKU_EUNAUTHORIZED);
        renku_result_free(result);
    }
    renku_ctx_free(ctx);
}
END_TEST

/* Whatever makes what is owned, and whatever is below /user, is about a person. */
START_TEST(operations_about_the_calling_user_say_so)
{
    for (int i = 0; i < data->operation_count; i++) {
        const rk_operation *operation = &data->operations[i];

        if (strncmp(operation->path, "/user", 5) != 0 || strncmp(operation->path, "/users", 6) == 0)
            continue;
        ck_assert_msg(operation->person, "%s", operation->id);
    }
}
END_TEST

UNIT_SUITE(api_person)
{
    TCase *tcase = unit_case(suite, "persons and services");

    tcase_add_test(tcase, what_needs_a_person_is_refused_to_a_service);
    tcase_add_test(tcase, what_needs_a_person_asks_the_anonymous_caller_to_log_in);
    tcase_add_test(tcase, operations_about_the_calling_user_say_so);
}
