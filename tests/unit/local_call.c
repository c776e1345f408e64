/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/net/local_call.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "librenku/base/time.h"
#include "renku/call.h"
#include "tests/unit/unit.h"

/* Answers one question; the name is that of the process, so that tests may run beside each other.
 */
static struct {
    int socket;
    char name[32];
    pthread_t thread;
    const char *answer; /* NULL: it is silent */
    size_t times;
    char question[256];
} peer;

static void *serve(void *unused)
{
    int connection = accept(peer.socket, NULL, NULL);
    size_t length = 0;
    ssize_t got = 1;

    (void)unused;
    while (got > 0 && length < sizeof(peer.question) - 1) {
        got = read(connection, peer.question + length, sizeof(peer.question) - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    for (size_t i = 0; i < peer.times; i++)
        (void)!send(connection, peer.answer, strlen(peer.answer), MSG_NOSIGNAL);
    close(connection);
    return NULL;
}

static void start(const char *answer, size_t times)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(&peer, 0, sizeof(peer));
    peer.answer = answer;
    peer.times = times;
    int length = snprintf(peer.name, sizeof(peer.name), "@renku-unit-%d", (int)getpid());

    memcpy(address.sun_path + 1, peer.name + 1, (size_t)length - 1);
    peer.socket = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(peer.socket, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
                     0);
    ck_assert_int_eq(listen(peer.socket, 8), 0);
    if (answer)
        ck_assert_int_eq(pthread_create(&peer.thread, NULL, serve, NULL), 0);
}

static void stop(void)
{
    shutdown(peer.socket, SHUT_RDWR);
    if (peer.answer)
        pthread_join(peer.thread, NULL);
    close(peer.socket);
}

static int ask_at(rk_strings *out, const char *name, int64_t timeout_ms)
{
    static const char *words[] = {"list", "", "a,1:b"};
    static const rk_strings all = {true, 3, words};

    return rk_local_call(out, op, &(rk_local_question){name, &all, timeout_ms, 10000});
}

static int ask(rk_strings *out)
{
    return ask_at(out, peer.name, 10000);
}

START_TEST(words_are_sent_and_come_back_as_they_are)
{
    rk_strings got;

    start("2:ok,0:,6:a\n,1:b,", 1);
    ck_ok(ask(&got));
    stop();
    ck_assert_str_eq(peer.question, "4:list,0:,5:a,1:b,");
    ck_assert_uint_eq(got.count, 3);
    ck_assert_str_eq(got.items[0], "ok");
    ck_assert_str_eq(got.items[1], "");
    ck_assert_str_eq(got.items[2], "a\n,1:b");
}
END_TEST

START_TEST(no_words_are_an_answer)
{
    rk_strings got;

    start("", 1);
    ck_ok(ask(&got));
    stop();
    ck_assert(got.set && got.count == 0);
}
END_TEST

static const char *const malformed[] = {
    "x",
    ":,",
    "2",
    "2:",
    "2:ok",
    "2:okx",
    "3:ok,",
    "1:ok,",
    "-1:ok,",
    "2ok,",
    "0000000002:ok,",
    "4294967298:ok,",
    "2:ok,x",
    "0:,0:,0:,0:,0:,0:,0:,0:,0:,0:,0:,0:,0:,0:,0:,0:,0:,", /* one too many */
};

START_TEST(a_malformed_answer_is_refused)
{
    rk_strings got;

    start(malformed[_i], 1);
    ck_fails(ask(&got), RK_ERR_REMOTE);
    stop();
    ck_assert_str_eq(op->error.message, rk_printf(op,
                                                  "Error on remote connection %s: the answer "
                                                  "is malformed",
                                                  peer.name));
}
END_TEST

START_TEST(an_answer_that_is_too_long_is_refused)
{
    rk_strings got;

    start("90:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          "xxxxxx,",
          200);
    ck_fails(ask(&got), RK_ERR_REMOTE);
    stop();
    ck_assert_ptr_nonnull(strstr(op->error.message, "the answer is too long"));
}
END_TEST

static const struct {
    const char *name, *reason;
} nobody[] = {
    {"",                    "this is no name of a socket"},
    {"/nonexistent/socket", "No such file or directory"  },
    {"@renku-nobody",       "Connection refused"         },
    {"/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
     "nnnnnnn"
     "nnnnnnnnn",      "this is no name of a socket"},
};

START_TEST(where_nobody_answers_the_reason_is_told)
{
    rk_strings got;

    ck_fails(ask_at(&got, nobody[_i].name, 10000), RK_ERR_REMOTE);
    ck_assert_str_eq(op->error.message, rk_printf(op, "Error on remote connection %s: %s",
                                                  nobody[_i].name, nobody[_i].reason));
}
END_TEST

START_TEST(a_silent_peer_costs_the_timeout_or_the_deadline)
{
    rk_strings got;
    int64_t begun = rk_time_monotonic_ms();

    start(NULL, 0);
    ck_fails(ask_at(&got, peer.name, 50), RK_ERR_TIMEOUT);
    rk_error_clear(op);
    op->deadline_ms = rk_time_monotonic_ms() + 50;
    ck_fails(ask(&got), RK_ERR_TIMEOUT);
    stop();
    ck_assert_int_lt(rk_time_monotonic_ms() - begun, 5000);
}
END_TEST

START_TEST(a_cancelled_operation_does_not_wait)
{
    renku_cancel *cancel = renku_cancel_new();
    rk_strings got;

    start(NULL, 0);
    op->cancel = cancel;
    renku_cancel_now(cancel);
    ck_fails(ask(&got), RK_ERR_CANCELLED);
    stop();
    renku_cancel_free(cancel);
}
END_TEST

START_TEST(a_lack_of_memory_is_told)
{
    int result = RK_ERR_NO_MEMORY;

    for (int n = 1; result != 0; n++) {
        rk_strings got;

        rk_op_end(op);
        ck_assert_int_eq(rk_op_begin(op), 0);
        start("2:ok,", 1);
        unit_fail_allocation(n);
        result = ask(&got);
        unit_fail_allocation(0);
        stop();
        ck_assert(result == 0 || result == RK_ERR_NO_MEMORY);
    }
}
END_TEST

UNIT_SUITE(local_call)
{
    TCase *answers = unit_case(suite, "answers");
    TCase *failures = unit_case(suite, "failures");

    tcase_add_test(answers, words_are_sent_and_come_back_as_they_are);
    tcase_add_test(answers, no_words_are_an_answer);
    unit_table(answers, a_malformed_answer_is_refused, malformed);
    tcase_add_test(answers, an_answer_that_is_too_long_is_refused);
    unit_table(failures, where_nobody_answers_the_reason_is_told, nobody);
    tcase_add_test(failures, a_silent_peer_costs_the_timeout_or_the_deadline);
    tcase_add_test(failures, a_cancelled_operation_does_not_wait);
    tcase_add_test(failures, a_lack_of_memory_is_told);
}
