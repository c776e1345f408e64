/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/task/task.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "librenku/base/cancel.h"
#include "librenku/metric/metric.h"
#include "tests/unit/unit.h"

/* Tasks that need no database, and what they did. */
static atomic_int passes, failures, begun, signals_taken;
static atomic_bool healthy;

static int count(rk_op *pass)
{
    (void)pass;
    atomic_fetch_add(&passes, 1);
    return 0;
}

static int fail_while_ill(rk_op *pass)
{
    if (atomic_load(&healthy))
        return count(pass);
    atomic_fetch_add(&failures, 1);
    return rk_fail(pass, RK_ERR_REMOTE, "ill");
}

/* Waits as the database and the HTTP client do: until it is cancelled. */
static int wait_for_ever(rk_op *pass)
{
    struct pollfd cancel = {.fd = rk_cancel_fd(pass->cancel), .events = POLLIN};

    atomic_fetch_add(&passes, 1);
    while (!rk_cancel_is_set(pass->cancel))
        (void)poll(&cancel, 1, -1);
    return rk_op_check(pass);
}

static int is_third(bool *out, rk_op *pass)
{
    (void)pass;
    *out = atomic_load(&passes) >= 3;
    return 0;
}

static int look_at_signals(rk_op *pass)
{
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    atomic_store(&signals_taken,
                 !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGCHLD));
    return count(pass);
}

enum { HOUR_MS = 3600 * 1000 };

static const rk_task tasks[] = {
    {.name = "seldom",  .period_ms = HOUR_MS, .run = count         },
    {.name = "often",   .period_ms = 1,       .run = count         },
    {.name = "ill",     .period_ms = HOUR_MS, .run = fail_while_ill},
    {.name = "hanging", .period_ms = 1,       .run = wait_for_ever },
    {.name = "three",   .period_ms = 1,       .run = count,          .is_over = is_third},
    {.name = "quiet",                 .period_ms = HOUR_MS,                       .run = look_at_signals       },
};

static void begin_pass(rk_op *pass, void *user)
{
    (void)pass;
    atomic_fetch_add((atomic_int *)user, 1);
}

static rk_run_set *make(int64_t retry_max_ms)
{
    const rk_run_set_options options = {
        .tasks = tasks,
        .count = RK_COUNT(tasks),
        .retry_max_ms = retry_max_ms,
        .begin = begin_pass,
        .user = &begun,
    };
    rk_run_set *set;

    atomic_store(&passes, 0);
    atomic_store(&failures, 0);
    atomic_store(&begun, 0);
    atomic_store(&healthy, false);
    ck_ok(rk_run_set_new(&set, op, &options));
    return set;
}

static void await(atomic_int *number, int least)
{
    while (atomic_load(number) < least)
        (void)poll(NULL, 0, 1);
}

static int64_t restarts_of(rk_run_set *set, const char *name)
{
    rk_array views;

    ck_ok(rk_run_set_view(&views, op, set, name));
    ck_assert_uint_eq(views.count, 1);
    return ((const rk_task_view *)views.items)->restarts;
}

static const struct {
    uint64_t restarts;
    int64_t max_ms, wait_ms;
} waits[] = {
    {0,          120000,    1000               },
    {1,          120000,    2000               },
    {2,          120000,    4000               },
    {6,          120000,    64000              },
    {7,          120000,    120000             },
    {8,          120000,    120000             },
    {63,         120000,    120000             },
    {64,         120000,    120000             },
    {UINT64_MAX, 120000,    120000             },
    {UINT64_MAX, INT64_MAX, INT64_C(1000) << 30},
    {0,          0,         0                  },
    {3,          -5,        0                  },
};

START_TEST(each_failure_is_followed_by_twice_the_wait_up_to_the_longest)
{
    ck_assert_int_eq(rk_retry_wait_ms(waits[_i].restarts, waits[_i].max_ms), waits[_i].wait_ms);
}
END_TEST

START_TEST(a_task_makes_one_pass_after_the_other)
{
    rk_run_set *set = make(0);

    ck_ok(rk_run_set_start(set, op, "often"));
    await(&passes, 5);
    rk_run_set_free(set);
    ck_assert_int_ge(atomic_load(&begun), 5);
}
END_TEST

START_TEST(a_task_that_fails_stays_and_starts_again)
{
    rk_run_set *set = make(1);

    ck_ok(rk_run_set_start(set, op, "ill"));
    await(&failures, 4);
    ck_assert_int_ge(restarts_of(set, "ill"), 3);
    atomic_store(&healthy, true);
    await(&passes, 1);
    int64_t restarts = restarts_of(set, "ill");

    ck_assert_int_eq(restarts, atomic_load(&failures));
    rk_run_set_reset(set, "often");
    ck_assert_int_eq(restarts_of(set, "ill"), restarts);
    rk_run_set_reset(set, "ill");
    ck_assert_int_eq(restarts_of(set, "ill"), 0);
    rk_run_set_free(set);
}
END_TEST

START_TEST(all_counters_are_reset_at_once)
{
    rk_run_set *set = make(HOUR_MS);

    ck_ok(rk_run_set_start(set, op, "ill"));
    await(&failures, 1);
    while (restarts_of(set, "ill") == 0)
        (void)poll(NULL, 0, 1);
    rk_run_set_reset(set, NULL);
    ck_assert_int_eq(restarts_of(set, "ill"), 0);
    rk_run_set_free(set); /* while it waits for its next attempt */
}
END_TEST

START_TEST(a_task_that_is_over_leaves_the_set)
{
    rk_run_set *set = make(0);

    ck_ok(rk_run_set_start(set, op, "three"));
    ck_ok(rk_run_set_join(set, op, "three", 60000));
    ck_assert_int_eq(atomic_load(&passes), 3);
    rk_array views;

    ck_fails(rk_run_set_view(&views, op, set, "three"), RK_ERR_NOT_FOUND);
    rk_error_clear(op);
    ck_ok(rk_run_set_start(set, op, "three")); /* it may be started anew */
    ck_ok(rk_run_set_join(set, op, "three", 0));
    ck_ok(rk_run_set_join(set, op, "nobody", 0));
    rk_run_set_free(set);
}
END_TEST

START_TEST(a_wait_may_be_as_long_as_a_number_can_say)
{
    rk_run_set *set = make(0);

    ck_ok(rk_run_set_start(set, op, "three"));
    ck_ok(rk_run_set_join(set, op, "three", INT64_MAX));
    rk_run_set_free(set);
}
END_TEST

static const char *const waiting[] = {"seldom", "ill", "hanging"};

START_TEST(a_task_is_cancelled_wherever_it_waits)
{
    rk_run_set *set = make(HOUR_MS);

    ck_ok(rk_run_set_start(set, op, waiting[_i]));
    await(strcmp(waiting[_i], "ill") == 0 ? &failures : &passes, 1);
    ck_fails(rk_run_set_join(set, op, waiting[_i], 20), RK_ERR_TIMEOUT);
    rk_error_clear(op);
    ck_ok(rk_run_set_cancel(set, op, waiting[_i]));
    ck_ok(rk_run_set_join(set, op, waiting[_i], 60000));
    ck_fails(rk_run_set_cancel(set, op, waiting[_i]), RK_ERR_NOT_FOUND);
    rk_run_set_free(set);
}
END_TEST

START_TEST(a_task_runs_once_at_a_time)
{
    rk_run_set *set = make(0);
    rk_array views;

    ck_ok(rk_run_set_start(set, op, NULL));
    ck_ok(rk_run_set_start(set, op, "hanging"));
    ck_ok(rk_run_set_start(set, op, "seldom"));
    ck_ok(rk_run_set_view(&views, op, set, NULL));
    const rk_task_view *items = views.items;

    ck_assert_uint_ge(views.count, RK_COUNT(tasks) - 1); /* "three" may be over */
    ck_assert_str_eq(items[0].name, "seldom");
    ck_assert_str_eq(items[3].name, "hanging");
    ck_assert_str_eq(items[views.count - 1].name, "quiet");
    ck_fails(rk_run_set_start(set, op, "nobody"), RK_ERR_NOT_FOUND);
    rk_run_set_free(set);
}
END_TEST

START_TEST(a_task_takes_no_signals)
{
    rk_run_set *set = make(0);

    ck_ok(rk_run_set_start(set, op, "quiet"));
    await(&passes, 1);
    rk_run_set_free(set);
    ck_assert_int_eq(atomic_load(&signals_taken), 0);
}
END_TEST

static void *trouble(void *user)
{
    rk_run_set *set = user;
    rk_op mine;

    if (rk_op_begin(&mine) < 0)
        return NULL;
    for (int i = 0; i < 50; i++) {
        const char *name = tasks[i % RK_COUNT(tasks)].name;
        rk_array views;

        (void)rk_run_set_start(set, &mine, name);
        (void)rk_run_set_view(&views, &mine, set, NULL);
        rk_run_set_reset(set, i % 2 ? name : NULL);
        (void)rk_run_set_cancel(set, &mine, name);
        (void)rk_run_set_join(set, &mine, name, 1);
        rk_error_clear(&mine);
    }
    rk_op_end(&mine);
    return NULL;
}

START_TEST(many_threads_may_start_and_cancel)
{
    rk_run_set *set = make(0);
    pthread_t threads[4];

    for (size_t i = 0; i < RK_COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, trouble, set), 0);
    for (size_t i = 0; i < RK_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    rk_run_set_free(set);
}
END_TEST

START_TEST(a_set_without_memory_says_so)
{
    const rk_run_set_options options = {.tasks = tasks, .count = 1, .begin = begin_pass};
    rk_run_set *set = NULL;

    ck_assert_int_eq(unit_without(1, rk_run_set_new(&set, op, &options)), RK_ERR_NO_MEMORY);
    rk_error_clear(op);
    set = make(0);
    for (int n = 1; n <= 2; n++) {
        ck_assert_int_lt(unit_without(n, rk_run_set_start(set, op, "seldom")), 0);
        rk_error_clear(op);
    }
    rk_run_set_free(set);
}
END_TEST

START_TEST(every_task_is_known_by_a_name_of_its_own)
{
    size_t count;
    const rk_task *all = rk_task_list(&count);

    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_eq(rk_task_lookup(all[i].name), all[i].run ? &all[i] : NULL);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(all[i].name, all[j].name);
    }
    ck_assert_ptr_null(rk_task_lookup("nobody"));
}
END_TEST

static const struct {
    const char *setting, *host;
} hosts[] = {
    {"",                         "https://us.i.posthog.com"},
    {"/",                        "https://us.i.posthog.com"},
    {"https://app.posthog.com",  "https://us.i.posthog.com"},
    {"https://us.posthog.com/",  "https://us.i.posthog.com"},
    {"https://eu.posthog.com",   "https://eu.i.posthog.com"},
    {"https://ph.example.org/",  "https://ph.example.org"  },
    {"https://ph.example.org//", "https://ph.example.org/" },
};

/* Spec: tasks.md 4.2; metrics.md 6.2 */
START_TEST(the_host_of_metrics_follows_from_the_setting)
{
    const char *host;

    ck_ok(rk_metric_host(&host, op, hosts[_i].setting));
    ck_assert_str_eq(host, hosts[_i].host);
}
END_TEST

UNIT_SUITE(task)
{
    TCase *run_set = unit_case(suite, "tasks.md 3");

    unit_table(run_set, each_failure_is_followed_by_twice_the_wait_up_to_the_longest, waits);
    tcase_add_test(run_set, a_task_makes_one_pass_after_the_other);
    tcase_add_test(run_set, a_task_that_fails_stays_and_starts_again);
    tcase_add_test(run_set, all_counters_are_reset_at_once);
    tcase_add_test(run_set, a_task_that_is_over_leaves_the_set);
    tcase_add_test(run_set, a_wait_may_be_as_long_as_a_number_can_say);
    unit_table(run_set, a_task_is_cancelled_wherever_it_waits, waiting);
    tcase_add_test(run_set, a_task_runs_once_at_a_time);
    tcase_add_test(run_set, a_task_takes_no_signals);
    tcase_add_test(run_set, many_threads_may_start_and_cancel);
    tcase_add_test(run_set, a_set_without_memory_says_so);
    TCase *table = unit_case(suite, "tasks.md 4");

    tcase_add_test(table, every_task_is_known_by_a_name_of_its_own);
    unit_table(table, the_host_of_metrics_follows_from_the_setting, hosts);
}
