/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "librenku/base/time.h"
#include "tests/integration/db/suite.h"

enum { THREADS = 32 };

/* Runs it in as many threads at once, each with one of the numbers. */
static void in_threads(void *(*run)(void *number), int numbers[THREADS])
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run, &numbers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

/* --- the pool --- */

START_TEST(a_pool_opens_connections_when_they_are_needed)
{
    db_check_pool(pool, 0, 0);
    ck_ok(db_ping(op));
    db_check_pool(pool, 1, 1);
    ck_ok(db_ping(op));
    db_check_pool(pool, 1, 1);
    rk_db_end(op);
    db_check_pool(pool, 1, 0);
    ck_ok(db_ping(op));
    db_check_pool(pool, 1, 1);
    ck_assert_int_eq(db_ours(), 1);
}
END_TEST

START_TEST(without_memory_there_is_no_pool)
{
    const rk_pool_options options = db_options();
    struct rk_pool *made = NULL;
    rk_op other;

    db_open(&other, pool);
    ck_assert_int_eq(unit_without(1, rk_pool_new(&made, &other, &options)), RK_ERR_NO_MEMORY);
    ck_assert_ptr_null(made);
    rk_error_clear(&other);
    for (int n = 1, err = RK_ERR_NO_MEMORY; err == RK_ERR_NO_MEMORY; n++) {
        ck_ok(rk_pool_new(&made, op, &options));
        other.session = NULL;
        other.pool = made;
        rk_error_clear(&other);
        err = unit_without(n, db_ping(&other));
        ck_assert(err == 0 || err == RK_ERR_NO_MEMORY);
        rk_db_end(&other);
        db_check_pool(made, err == 0, 0);
        rk_pool_free(made);
    }
    db_close(&other);
}
END_TEST

START_TEST(who_finds_the_pool_empty_waits_no_longer_than_allowed)
{
    rk_pool_options options = db_options();
    struct rk_pool *small;
    rk_op one, other;

    options.size = 1;
    options.wait_ms = 60;
    ck_ok(rk_pool_new(&small, op, &options));
    db_open(&one, small);
    db_open(&other, small);
    ck_assert_int_eq(db_ping(&one), 0);
    ck_assert_int_eq(db_ping(&other), RK_ERR_DATABASE);
    ck_assert_str_eq(other.error.message,
                     "Database error occurred: no connection became free within 60 ms;"
                     " please try again later");
    rk_error_clear(&other);
    other.deadline_ms = rk_time_monotonic_ms() + 20;
    ck_assert_int_eq(db_ping(&other), RK_ERR_TIMEOUT);
    db_close(&one);
    rk_error_clear(&other);
    other.deadline_ms = 0;
    ck_assert_int_eq(db_ping(&other), 0);
    db_close(&other);
    rk_pool_free(small);
}
END_TEST

START_TEST(a_database_that_cannot_be_reached_is_a_database_error)
{
    rk_pool_options options = db_options();
    struct rk_pool *lost;
    rk_op other;

    options.host = "/nonexistent";
    ck_ok(rk_pool_new(&lost, op, &options));
    db_open(&other, lost);
    ck_assert_int_eq(db_ping(&other), RK_ERR_DATABASE);
    ck_assert_str_eq(other.error.message, "Database error occurred: cannot connect to the database;"
                                          " please try again later");
    db_check_pool(lost, 0, 0);
    db_close(&other);
    rk_pool_free(lost);
}
END_TEST

enum { ROUNDS = 25 };

static int add_row(rk_op *with, void *user)
{
    static const rk_query query = {
        .sql = "INSERT INTO probe.row SELECT coalesce(max(id), 0) + 1, $1 FROM probe.row",
    };
    static const rk_query guard = {.sql = "SELECT pg_advisory_xact_lock(42)"};

    RK_TRY(rk_db_run(NULL, with, &guard, RK_NO_PARAMS));
    return rk_db_run(NULL, with, &query, RK_PARAMS(rk_text(user)));
}

static void *work(void *user)
{
    int *err = user;

    for (int i = 0; i < ROUNDS && *err == 0; i++) {
        rk_op mine;
        char text[] = "row";

        db_open(&mine, pool);
        *err = db_ping(&mine);
        rk_db_end(&mine);
        if (*err == 0)
            *err = rk_db_transaction(&mine, add_row, text);
        db_close(&mine);
    }
    return NULL;
}

START_TEST(many_threads_share_few_connections)
{
    int errors[THREADS] = {0};

    in_threads(work, errors);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(errors[i], 0);
    ck_assert_int_eq(db_rows(), THREADS * ROUNDS);
    db_check_pool(pool, DB_POOL_SIZE, 0);
    ck_assert_int_le(db_ours(), DB_POOL_SIZE);
}
END_TEST

enum { ENOUGH = 4000 };

static struct {
    struct rk_pool *pool;
    atomic_int served;
    atomic_bool failed;
} queue;

/* Takes and gives until all together have had enough; counts how often it was served. */
static void *ask_again(void *user)
{
    int *served = user;

    while (atomic_fetch_add(&queue.served, 1) < ENOUGH && !queue.failed) {
        rk_op mine;

        db_open(&mine, queue.pool);
        if (db_ping(&mine) != 0)
            queue.failed = true;
        rk_db_end(&mine);
        db_close(&mine);
        ++*served;
    }
    return NULL;
}

/* Who has just given a connection back stands behind those who wait. */
START_TEST(no_thread_is_starved_of_connections)
{
    rk_pool_options options = db_options();
    int served[THREADS] = {0};

    options.size = 1;
    queue.served = 0;
    queue.failed = false;
    ck_ok(rk_pool_new(&queue.pool, op, &options));
    in_threads(ask_again, served);
    ck_assert(!queue.failed);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_ge(served[i], ENOUGH / THREADS / 2);
    rk_pool_free(queue.pool);
}
END_TEST

/* PostgreSQL gives fewer than the pool would take: those that there are serve all. */
START_TEST(a_pool_that_cannot_grow_shares_what_it_has)
{
    rk_pool_options options = db_options();
    int served[THREADS] = {0};

    db_admin("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT %s',"
             " current_database(), 2 + (SELECT count(*) FROM pg_stat_activity"
             " WHERE datname = current_database())); END $$");
    options.size = THREADS;
    queue.served = ENOUGH / 2;
    queue.failed = false;
    ck_ok(rk_pool_new(&queue.pool, op, &options));
    in_threads(ask_again, served);
    ck_assert(!queue.failed);
    rk_pool_free(queue.pool);
    db_admin("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT -1',"
             " current_database()); END $$");
}
END_TEST

/* --- a database that is away --- */

static struct {
    char folder[32], link[128];
    struct rk_pool *pool;
} away;

/* A pool whose database cannot be found before come_back(). */
static void go_away(int patience_ms)
{
    rk_pool_options options = db_options();

    (void)strcpy(away.folder, "/tmp/renku-away-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(away.folder));
    (void)snprintf(away.link, sizeof away.link, "%s/.s.PGSQL.%s", away.folder, options.port);
    options.host = away.folder;
    options.patience_ms = patience_ms;
    ck_ok(rk_pool_new(&away.pool, op, &options));
}

static void come_back(void)
{
    const rk_pool_options options = db_options();
    char socket[256];

    (void)snprintf(socket, sizeof socket, "%s/.s.PGSQL.%s", options.host, options.port);
    ck_assert_int_eq(symlink(socket, away.link), 0);
}

static void forget_away(void)
{
    rk_pool_free(away.pool);
    (void)unlink(away.link); /* it may never have come back */
    ck_assert_int_eq(rmdir(away.folder), 0);
}

static void *ask_away(void *user)
{
    rk_op mine;

    db_open(&mine, away.pool);
    *(int *)user = db_ping(&mine);
    db_close(&mine);
    return NULL;
}

static void be_refused(int times)
{
    for (int i = 0; i < times; i++) {
        int err;

        (void)ask_away(&err); /* gives nothing */
        ck_assert_int_eq(err, RK_ERR_DATABASE);
    }
}

START_TEST(no_pause_refuses_anybody_once_the_database_is_back)
{
    int errors[THREADS];
    int64_t started = rk_time_monotonic_ms();

    go_away(60000);
    while (rk_time_monotonic_ms() - started < 700) /* so that the pause has become a long one */
        be_refused(1);
    come_back();
    in_threads(ask_away, errors);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(errors[i], 0);
    forget_away();
}
END_TEST

/* Waiting out a pause each, they would take minutes. */
START_TEST(nobody_waits_for_a_database_that_is_away_for_long)
{
    int64_t started = rk_time_monotonic_ms();

    go_away(1);
    be_refused(2000);
    ck_assert_int_lt(rk_time_monotonic_ms() - started, 20000);
    forget_away();
}
END_TEST

UNIT_SUITE(db_pool)
{
    TCase *sharing = db_case(suite, "the pool");

    tcase_add_test(sharing, a_pool_opens_connections_when_they_are_needed);
    tcase_add_test(sharing, without_memory_there_is_no_pool);
    tcase_add_test(sharing, who_finds_the_pool_empty_waits_no_longer_than_allowed);
    tcase_add_test(sharing, a_database_that_cannot_be_reached_is_a_database_error);
    tcase_add_test(sharing, many_threads_share_few_connections);
    tcase_add_test(sharing, no_thread_is_starved_of_connections);
    tcase_add_test(sharing, a_pool_that_cannot_grow_shares_what_it_has);

    TCase *gone = db_case(suite, "a database that is away");

    tcase_add_test(gone, no_pause_refuses_anybody_once_the_database_is_back);
    tcase_add_test(gone, nobody_waits_for_a_database_that_is_away_for_long);
}
