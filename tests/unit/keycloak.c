/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/keycloak/keycloak.h"

#include <string.h>

#include <json-c/json.h>

#include "librenku/base/time.h"
#include "tests/unit/peer.h"
#include "tests/unit/unit.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define TOKEN HEAD "\r\n{\"access_token\":\"very-secret\",\"expires_in\":300}"
#define PAGE HEAD "\r\n[{\"id\":\"1\"}]"
#define CUT "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n["

static const rk_keycloak_list users = {.path = "/users"};

static rk_keycloak_options options(void)
{
    return (rk_keycloak_options){
        .url = peer_url("/auth/"),
        .realm = "Renku",
        .client_id = "renku",
        .client_secret = "a secret",
        .pause_ms = 1,
    };
}

static int count(rk_op *part, void *user, json_object *page)
{
    (void)part;
    *(size_t *)user += json_object_array_length(page);
    return 0;
}

static int read_all(size_t *seen)
{
    const rk_keycloak_options all = options();
    rk_keycloak *keycloak;

    *seen = 0;
    RK_TRY(rk_keycloak_open(&keycloak, op, &all));
    return rk_keycloak_pages(op, keycloak, &users, count, seen);
}

/* --- attempts --------------------------------------------------------------------------------- */

/* Spec: users.md 5.2 */
START_TEST(a_connection_is_tried_six_times)
{
    static const char *const answers[] = {CUT, CUT, CUT, CUT, CUT,  TOKEN, CUT,
                                          CUT, CUT, CUT, CUT, PAGE, NULL};
    size_t seen;

    peer_start(answers);
    ck_ok(read_all(&seen));
    peer_stop();
    ck_assert_uint_eq(seen, 1);
    ck_assert_ptr_nonnull(
        strstr(peer.request, "GET /auth/admin/realms/Renku/users?first=0&max=21 HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(peer.request, "Authorization: Bearer very-secret\r\n"));
}
END_TEST

START_TEST(after_six_attempts_there_is_no_other)
{
    static const char *const answers[] = {TOKEN, CUT, CUT, CUT, CUT, CUT, CUT, PAGE, NULL};
    size_t seen;

    peer_start(answers);
    ck_fails(read_all(&seen), RK_ERR_REMOTE);
    peer_stop();
    ck_assert_int_eq(peer.count, 7);
    ck_assert_uint_eq(seen, 0);
}
END_TEST

START_TEST(a_pause_ends_with_the_deadline)
{
    static const char *const answers[] = {CUT, NULL};
    rk_keycloak_options slow;
    rk_keycloak *keycloak;

    peer_start(answers);
    slow = options();
    slow.pause_ms = 60 * 1000;
    op->deadline_ms = rk_time_monotonic_ms() + 100;
    ck_fails(rk_keycloak_open(&keycloak, op, &slow), RK_ERR_TIMEOUT);
    peer_stop();
}
END_TEST

/* --- what is never said ----------------------------------------------------------------------- */

START_TEST(an_answer_that_repeats_the_token_is_not_repeated)
{
    static const char *const answers[] = {TOKEN, "HTTP/1.1 500 No\r\n\r\nAuth: very-secret!!!",
                                          NULL};
    size_t seen;

    peer_start(answers);
    ck_fails(read_all(&seen), RK_ERR_REMOTE);
    peer_stop();
    ck_assert_ptr_nonnull(strstr(op->error.message, "500, no list"));
    ck_assert_ptr_null(strstr(op->error.message, "secret"));
}
END_TEST

static const char *const refusals[] = {
    "HTTP/1.1 401 No\r\n\r\n"
    "{\"error\":\"a secret\",\"error_description\":\"a secret\"} ",
    HEAD "\r\n{}",
    HEAD "\r\n[]",
    HEAD "\r\n",
    HEAD "\r\n<html>",
    HEAD "\r\n{\"access_token\":5.5} ",
    HEAD "\r\n{\"access_token\":\"a\",\"expires_in\":-1000}",
};

START_TEST(what_is_no_token_is_refused)
{
    const char *const answers[] = {refusals[_i], NULL};
    size_t seen;

    peer_start(answers);
    ck_fails(read_all(&seen), RK_ERR_REMOTE);
    peer_stop();
    ck_assert_ptr_null(strstr(op->error.message, "a secret"));
    ck_assert_ptr_nonnull(strstr(peer.request, "client_secret=a%20secret&"));
}
END_TEST

/* --- without a Keycloak ----------------------------------------------------------------------- */

/* Spec: users.md 7 */
START_TEST(the_directory_of_development_has_two_users_and_nothing_else)
{
    static const rk_keycloak_list admins = {.path = "/roles/renku-admin/users"};
    const rk_keycloak_options none = {.url = NULL};
    rk_keycloak *keycloak;
    size_t seen = 0;

    ck_ok(rk_keycloak_open(&keycloak, op, &none));
    ck_ok(rk_keycloak_pages(op, keycloak, &users, count, &seen));
    ck_assert_uint_eq(seen, 2);
    ck_ok(rk_keycloak_pages(op, keycloak, &admins, count, &seen));
    ck_assert_uint_eq(seen, 2);
}
END_TEST

START_TEST(a_lack_of_memory_is_one)
{
    const rk_keycloak_options none = {.url = NULL};
    int result = -1;

    for (int n = 1; n < 200 && result < 0; n++) {
        rk_keycloak *keycloak;
        size_t seen = 0;
        rk_op one;

        ck_assert_int_eq(rk_op_begin(&one), 0);
        ck_assert_int_eq(rk_keycloak_open(&keycloak, &one, &none), 0);
        result = unit_without(n, rk_keycloak_pages(&one, keycloak, &users, count, &seen));
        ck_assert_int_eq(result, result < 0 ? RK_ERR_NO_MEMORY : 0);
        rk_op_end(&one);
    }
    ck_assert_int_eq(result, 0);
}
END_TEST

UNIT_SUITE(keycloak)
{
    TCase *tcase = unit_case(suite, "users.md 5.2");

    tcase_add_test(tcase, a_connection_is_tried_six_times);
    tcase_add_test(tcase, after_six_attempts_there_is_no_other);
    tcase_add_test(tcase, a_pause_ends_with_the_deadline);

    tcase = unit_case(suite, "users.md 5.1");
    tcase_add_test(tcase, an_answer_that_repeats_the_token_is_not_repeated);
    unit_table(tcase, what_is_no_token_is_refused, refusals);

    tcase = unit_case(suite, "users.md 7");
    tcase_add_test(tcase, the_directory_of_development_has_two_users_and_nothing_else);
    tcase_add_test(tcase, a_lack_of_memory_is_one);
}
