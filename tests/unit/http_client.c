/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/net/http_client.h"

#include <stdio.h>
#include <string.h>

#include "librenku/base/time.h"
#include "tests/unit/peer.h"
#include "tests/unit/unit.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* Spec: foundations.md 20 */
START_TEST(a_body_and_its_headers_come_back)
{
    static const char *const answers[] = {
        "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 418 No\r\nX-One:  a b \r\nx-two:\r\n"
        "X-Empty-Value: \r\nContent-Length: 5\r\n\r\nhello",
        NULL};
    rk_net_answer got;

    peer_start(answers);
    ck_ok(rk_net_get(&got, op, peer_url("/x?y=1"), 2000));
    peer_stop();
    ck_assert_int_eq(got.status, 418);
    ck_assert_str_eq(rk_net_answer_header(&got, "x-ONE"), "a b");
    ck_assert_str_eq(rk_net_answer_header(&got, "X-Two"), "");
    ck_assert_ptr_null(rk_net_answer_header(&got, "X-Early"));
    ck_assert_ptr_null(rk_net_answer_header(&got, "X"));
    ck_assert_ptr_nonnull(strstr(peer.request, "GET /x?y=1 HTTP/1.1\r\n"));
    ck_assert_ptr_null(strstr(peer.request, "Authorization"));
}
END_TEST

START_TEST(a_request_is_sent_as_it_was_given)
{
    static const char *const answers[] = {HELLO, NULL};
    const rk_net_header headers[] = {
        {"Authorization", "Bearer x"},
        {"X-Empty",       ""        }
    };
    const rk_net_request request = {
        .method = "PUT",
        .url = NULL,
        .headers = headers,
        .header_count = 2,
        .body = "{\"a\":1}",
        .body_size = 7,
    };
    rk_net_request whole = request;
    rk_net_answer got;

    peer_start(answers);
    whole.url = peer_url("/");
    ck_ok(rk_net_send(&got, op, &whole));
    peer_stop();
    ck_assert_str_eq(got.body, "hello");
    ck_assert_uint_eq(got.body_size, 5);
    ck_assert_ptr_nonnull(strstr(peer.request, "PUT / HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(peer.request, "Authorization: Bearer x\r\n"));
    ck_assert_ptr_nonnull(strstr(peer.request, "X-Empty:"));
    ck_assert_ptr_nonnull(strstr(peer.request, "Content-Length: 7\r\n"));
    ck_assert_ptr_null(strstr(peer.request, "Expect"));
}
END_TEST

START_TEST(a_form_is_posted)
{
    static const char *const answers[] = {HELLO, NULL};
    rk_net_answer got;

    peer_start(answers);
    ck_ok(rk_net_post(&got, op, peer_url("/"), "text/plain", "some text"));
    peer_stop();
    ck_assert_ptr_nonnull(strstr(peer.request, "POST / HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(peer.request, "Content-Type: text/plain\r\n"));
}
END_TEST

/* Fails, and the message is this, with %s for the address of the peer. */
static void assert_remote(const rk_net_request *request, const char *reason)
{
    rk_net_answer got;

    ck_fails(rk_net_send(&got, op, request), RK_ERR_REMOTE);
    ck_assert_msg(strncmp(op->error.message, "Error on remote connection ", 27) == 0 &&
                      strstr(op->error.message, reason),
                  "%s", op->error.message);
}

static const struct {
    const char *url, *shown;
} dead[] = {
    {"http://127.0.0.1:1/x",                        "GET http://127.0.0.1:1/x: "},
    {"http://user:s3cret@127.0.0.1:1/x?t=s3cret#f", "GET http://127.0.0.1:1/x: "},
    {"file:///etc/passwd",                          "GET file:///etc/passwd: "  },
    {"ftp://127.0.0.1/x",                           "GET ftp://127.0.0.1/x: "   },
    {"gopher://127.0.0.1/x",                        "gopher"                    },
    {"dict://127.0.0.1/x",                          "dict"                      },
    {"",                                            "GET : "                    },
    {"http://",                                     "GET http://: "             },
    {"nonsense at all",                             "GET nonsense at all: "     },
};

/* Spec: foundations.md 4.3, 20 */
START_TEST(what_cannot_be_reached_is_told)
{
    assert_remote(&(rk_net_request){.url = dead[_i].url}, dead[_i].shown);
    ck_assert_ptr_null(strstr(op->error.message, "s3cret"));
}
END_TEST

START_TEST(a_line_end_in_a_header_is_refused)
{
    const rk_net_header headers[] = {
        {"X", "a\r\nY: b"}
    };

    assert_remote(
        &(rk_net_request){.url = "http://127.0.0.1:1/", .headers = headers, .header_count = 1},
        "line end");
}
END_TEST

START_TEST(a_silent_peer_costs_the_timeout)
{
    static const char *const answers[] = {"", NULL};
    int64_t begun = rk_time_monotonic_ms();

    peer_start(answers);
    assert_remote(&(rk_net_request){.url = peer_url("/"), .timeout_ms = 200}, "timed out");
    peer_stop();
    ck_assert_int_lt(rk_time_monotonic_ms() - begun, 10000);
}
END_TEST

START_TEST(the_deadline_of_the_operation_counts)
{
    static const char *const answers[] = {"", NULL};
    int64_t begun = rk_time_monotonic_ms();

    peer_start(answers);
    op->deadline_ms = begun + 200;
    assert_remote(&(rk_net_request){.url = peer_url("/"), .timeout_ms = 20000}, "timed out");
    rk_error_clear(op);
    op->deadline_ms = begun - 1;
    assert_remote(&(rk_net_request){.url = peer_url("/")}, "no time is left");
    peer_stop();
    ck_assert_int_lt(rk_time_monotonic_ms() - begun, 10000);
}
END_TEST

static bool always(void *user)
{
    ++*(int *)user;
    return true;
}

START_TEST(a_request_can_be_broken_off)
{
    static const char *const answers[] = {"", NULL};
    int64_t begun = rk_time_monotonic_ms();
    int asked = 0;

    peer_start(answers);
    assert_remote(
        &(rk_net_request){
            .url = peer_url("/"), .timeout_ms = 20000, .cancelled = always, .user = &asked},
        "cancelled");
    peer_stop();
    ck_assert_int_gt(asked, 0);
    ck_assert_int_lt(rk_time_monotonic_ms() - begun, 10000);
}
END_TEST

START_TEST(a_large_body_is_refused)
{
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", NULL};

    peer_start(answers);
    peer.large = 10000000;
    assert_remote(&(rk_net_request){.url = peer_url("/"), .max_bytes = 5000}, "too large");
    peer_stop();
}
END_TEST

START_TEST(large_headers_are_refused)
{
    char *text = rk_alloc(op, 90000, 1);
    const char *const answers[] = {text, NULL};

    strcpy(text, "HTTP/1.1 200 OK\r\n");
    while (strlen(text) < 80000)
        strcat(text,
               "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    strcat(text, "\r\n");
    peer_start(answers);
    assert_remote(&(rk_net_request){.url = peer_url("/")}, "too large");
    peer_stop();
}
END_TEST

START_TEST(redirects_are_followed_when_that_is_wanted)
{
    static const char *const answers[] = {
        "HTTP/1.1 302 Found\r\nLocation: /two\r\nX-First: 1\r\nContent-Length: 2\r\n\r\nno", HELLO,
        NULL};
    static const char *const again[] = {
        "HTTP/1.1 302 Found\r\nLocation: /two\r\nContent-Length: 2\r\n\r\nno", NULL};
    const rk_net_header secret = {"authorization", "Bearer x"};
    rk_net_answer got;

    peer_start(answers);
    ck_ok(rk_net_send(&got, op, &(rk_net_request){.url = peer_url("/"), .follow_redirects = true}));
    peer_stop();
    ck_assert_int_eq(got.status, 200);
    ck_assert_str_eq(got.body, "hello");
    ck_assert_ptr_null(rk_net_answer_header(&got, "x-first"));
    peer_start(again);
    ck_ok(rk_net_get(&got, op, peer_url("/"), 0));
    ck_assert_int_eq(got.status, 302);
    peer_stop();
    peer_start(again);
    ck_ok(rk_net_send(&got, op,
                      &(rk_net_request){.url = peer_url("/"),
                                        .follow_redirects = true,
                                        .headers = &secret,
                                        .header_count = 1}));
    ck_assert_int_eq(got.status, 302);
    peer_stop();
}
END_TEST

START_TEST(a_redirect_leads_to_http_only)
{
    static const char *const answers[] = {
        "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", NULL};

    peer_start(answers);
    assert_remote(&(rk_net_request){.url = peer_url("/"), .follow_redirects = true}, "Protocol");
    peer_stop();
}
END_TEST

START_TEST(a_circle_of_redirects_ends)
{
    static const char loop[] = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    static const char *const answers[] = {loop, loop, loop, loop, loop, loop, loop, loop, NULL};

    peer_start(answers);
    assert_remote(&(rk_net_request){.url = peer_url("/"), .follow_redirects = true}, "redirects");
    peer_stop();
    ck_assert_int_eq(peer.count, 6);
}
END_TEST

static const struct {
    const char *value;
    int64_t least, most;
} waits[] = {
    {NULL,                            1000,      1000     },
    {"",                              1000,      1000     },
    {"0",                             0,         0        },
    {"7",                             7000,      7000     },
    {"99999999999999999999",          INT32_MAX, INT32_MAX},
    {"-1",                            1000,      1000     },
    {"soon",                          1000,      1000     },
    {"Wed, 21 Oct 2015 07:28:00 GMT", 0,         0        },
    {"Fri, 01 Jan 2038 00:00:00 GMT", 100000,    INT64_MAX},
};

/* Spec: authentication.md 4 */
START_TEST(retry_after_is_read)
{
    const rk_net_field field = {NULL, "retry-after", waits[_i].value};
    const rk_net_answer got = {.fields = waits[_i].value ? &field : NULL};
    int64_t wait_ms = rk_net_retry_after_ms(&got);

    ck_assert_int_ge(wait_ms, waits[_i].least);
    ck_assert_int_le(wait_ms, waits[_i].most);
}
END_TEST

/* An answer whose header needs memory of its own. */
static const char *with_large_header(void)
{
    char *filler = rk_alloc(op, 20 * 1000 + 1, 1);

    memset(filler, 'x', 20 * 1000);
    filler[20 * 1000] = '\0';
    return rk_printf(op, "HTTP/1.1 200 OK\r\nX-Filler: %s\r\nContent-Length: 5\r\n\r\nhello",
                     filler);
}

START_TEST(a_lack_of_memory_is_told)
{
    const char *answers[32] = {NULL};
    int used = 0;

    for (size_t i = 0; i < RK_COUNT(answers) - 1; i++)
        answers[i] = with_large_header();
    peer_start(answers);
    for (int n = 1; n <= used + 1; n++) {
        rk_net_answer got;
        rk_op one;

        ck_assert_int_eq(rk_op_begin(&one), 0);
        rk_alloc(&one, 1900, 1); /* the next block needs memory of its own */
        rk_alloc(&one, 1900, 1);
        rk_alloc(&one, 1900, 1);
        rk_alloc(&one, 1900, 1);
        unit_fail_allocation(n);
        int result = rk_net_get(&got, &one, peer_url("/"), 2000);

        used = unit_allocations();
        unit_fail_allocation(0);
        ck_assert_int_eq(result, used >= n ? RK_ERR_NO_MEMORY : 0);
        rk_op_end(&one);
    }
    peer_stop();
    ck_assert_int_gt(used, 0);
}
END_TEST

UNIT_SUITE(http_client)
{
    TCase *requests = unit_case(suite, "requests");
    TCase *failures = unit_case(suite, "failures");
    TCase *redirects = unit_case(suite, "redirects");

    tcase_add_test(requests, a_body_and_its_headers_come_back);
    tcase_add_test(requests, a_request_is_sent_as_it_was_given);
    tcase_add_test(requests, a_form_is_posted);
    unit_table(requests, retry_after_is_read, waits);
    unit_table(failures, what_cannot_be_reached_is_told, dead);
    tcase_add_test(failures, a_line_end_in_a_header_is_refused);
    tcase_add_test(failures, a_silent_peer_costs_the_timeout);
    tcase_add_test(failures, the_deadline_of_the_operation_counts);
    tcase_add_test(failures, a_request_can_be_broken_off);
    tcase_add_test(failures, a_large_body_is_refused);
    tcase_add_test(failures, large_headers_are_refused);
    tcase_add_test(failures, a_lack_of_memory_is_told);
    tcase_add_test(redirects, redirects_are_followed_when_that_is_wanted);
    tcase_add_test(redirects, a_redirect_leads_to_http_only);
    tcase_add_test(redirects, a_circle_of_redirects_ends);
}
