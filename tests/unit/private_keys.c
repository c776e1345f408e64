/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/private_keys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/rsa_vectors.h"
#include "tests/unit/unit.h"

/* A file with that content, which the test removes. */
static char *file_with(const char *content)
{
    char *path = strdup("/tmp/renku-unit-key-XXXXXX");
    int file = mkstemp(path);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
    close(file);
    return path;
}

static void remove_file(char *path)
{
    ck_assert_int_eq(unlink(path), 0);
    free(path);
}

static const struct {
    const char *current, *previous; /* content; NULL: the file is missing */
    bool development;
    int result;
    bool has_previous;
} cases[] = {
    {private_pem, private_pem, false, 0,                    true },
    {private_pem, NULL,        false, 0,                    false},
    {private_pem, "",          false, RK_ERR_CONFIGURATION, false},
    {private_pem, "x",         false, RK_ERR_CONFIGURATION, false},
    {NULL,        private_pem, false, RK_ERR_CONFIGURATION, false},
    {"",          NULL,        false, RK_ERR_CONFIGURATION, false},
    {public_pem,  NULL,        false, RK_ERR_CONFIGURATION, false},
    {private_pem, private_pem, true,  0,                    true },
    {private_pem, "",          true,  0,                    false},
    {private_pem, "x",         true,  RK_ERR_CONFIGURATION, false},
    {NULL,        NULL,        true,  0,                    false},
    {NULL,        private_pem, true,  0,                    false}, /* nothing rotates to a random key */
    {"x",         NULL,        true,  RK_ERR_CONFIGURATION, false},
};

/* Spec: secrets.md 6.1 */
START_TEST(the_keys_of_the_secrets_storage_are_read)
{
    char *current = cases[_i].current ? file_with(cases[_i].current) : NULL;
    char *previous = cases[_i].previous ? file_with(cases[_i].previous) : NULL;
    const rk_private_keys_options options = {
        .current_path = current ? current : "/nonexistent/key",
        .previous_path = previous,
        .development = cases[_i].development,
    };
    RK_AUTO(rk_private_keys) *keys = NULL;

    ck_assert_int_eq(rk_private_keys_new(&keys, op, &options), cases[_i].result);
    ck_assert(!keys == (cases[_i].result != 0));
    if (keys) {
        ck_assert_ptr_nonnull(keys->current);
        ck_assert_ptr_nonnull(keys->public_key);
        ck_assert(!keys->previous == !cases[_i].has_previous);
    } else {
        ck_assert_ptr_nonnull(strstr(op->error.message, "SECRETS_SERVICE_PRIVATE_KEY_PATH: "));
    }
    if (current)
        remove_file(current);
    if (previous)
        remove_file(previous);
}
END_TEST

START_TEST(a_random_pair_fits_together)
{
    RK_AUTO(rk_rsa) *private_key = NULL;
    RK_AUTO(rk_rsa) *public_key = NULL;
    const rk_bytes plain = {"plain", 5};
    rk_bytes wrapped, unwrapped;

    ck_ok(rk_rsa_random_private(&private_key, op));
    ck_ok(rk_rsa_public_of(&public_key, op, private_key));
    ck_ok(rk_rsa_wrap(&wrapped, op, public_key, &plain));
    ck_ok(rk_rsa_unwrap(&unwrapped, op, private_key, &wrapped));
    ck_assert_str_eq(unwrapped.bytes, "plain");
}
END_TEST

START_TEST(without_memory_there_are_no_private_keys)
{
    char *path = file_with(private_pem);
    const rk_private_keys_options options = {.current_path = path, .previous_path = path};
    RK_AUTO(rk_private_keys) *keys = NULL;
    int result = RK_ERR_NO_MEMORY;

    for (int n = 1; result != 0; n++) {
        rk_error_clear(op);
        result = unit_without(n, rk_private_keys_new(&keys, op, &options));
        ck_assert(result == 0 || (result == RK_ERR_NO_MEMORY && !keys));
    }
    ck_assert_ptr_nonnull(keys->previous);
    remove_file(path);
}
END_TEST

START_TEST(an_operation_of_another_service_has_no_private_keys)
{
    const rk_private_keys *keys;

    ck_fails(rk_private_keys_of(&keys, op), RK_ERR_CONFIGURATION);
}
END_TEST

UNIT_SUITE(private_keys)
{
    TCase *keys = unit_case(suite, "secrets.md 6.1");

    unit_table(keys, the_keys_of_the_secrets_storage_are_read, cases);
    tcase_add_test(keys, a_random_pair_fits_together);
    tcase_add_test(keys, without_memory_there_are_no_private_keys);
    tcase_add_test(keys, an_operation_of_another_service_has_no_private_keys);
}
