/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "librenku/base/time.h"
#include "tests/integration/db/suite.h"

/* The connections of the library to this database. */
#define OURS                                                                                       \
    " FROM pg_stat_activity WHERE application_name = 'librenku' AND datname = current_database()"

static int64_t ours(void)
{
    return db_admin_number("SELECT count(*)" OURS);
}

/* Waits until the last of them has really ended. */
static void terminate_ours(void)
{
    db_admin("SELECT pg_terminate_backend(pid, 10000)" OURS);
}

static int ping(rk_op *with)
{
    bool found;

    return rk_db_lookup(NULL, &found, with, &db_read, RK_PARAMS(rk_int(1)));
}

static void check_pool(struct rk_pool *of, int open, int busy)
{
    int got_open, got_busy;

    rk_pool_count(of, &got_open, &got_busy);
    ck_assert_int_eq(got_open, open);
    ck_assert_int_eq(got_busy, busy);
}

/* --- the pool --- */

START_TEST(a_pool_opens_connections_when_they_are_needed)
{
    check_pool(pool, 0, 0);
    ck_ok(ping(op));
    check_pool(pool, 1, 1);
    ck_ok(ping(op));
    check_pool(pool, 1, 1);
    rk_db_end(op);
    check_pool(pool, 1, 0);
    ck_ok(ping(op));
    check_pool(pool, 1, 1);
    ck_assert_int_eq(ours(), 1);
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
        err = unit_without(n, ping(&other));
        ck_assert(err == 0 || err == RK_ERR_NO_MEMORY);
        rk_db_end(&other);
        check_pool(made, err == 0, 0);
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
    ck_assert_int_eq(ping(&one), 0);
    ck_assert_int_eq(ping(&other), RK_ERR_DATABASE);
    ck_assert_str_eq(other.error.message,
                     "Database error occurred: no connection became free within 60 ms;"
                     " please try again later");
    rk_error_clear(&other);
    other.deadline_ms = rk_time_monotonic_ms() + 20;
    ck_assert_int_eq(ping(&other), RK_ERR_TIMEOUT);
    db_close(&one);
    rk_error_clear(&other);
    other.deadline_ms = 0;
    ck_assert_int_eq(ping(&other), 0);
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
    ck_assert_int_eq(ping(&other), RK_ERR_DATABASE);
    ck_assert_str_eq(other.error.message, "Database error occurred: cannot connect to the database;"
                                          " please try again later");
    check_pool(lost, 0, 0);
    db_close(&other);
    rk_pool_free(lost);
}
END_TEST

enum { THREADS = 32, ROUNDS = 25 };

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
        *err = ping(&mine);
        rk_db_end(&mine);
        if (*err == 0)
            *err = rk_db_transaction(&mine, add_row, text);
        db_close(&mine);
    }
    return NULL;
}

START_TEST(many_threads_share_few_connections)
{
    pthread_t threads[THREADS];
    int errors[THREADS] = {0};

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &errors[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(errors[i], 0);
    ck_assert_int_eq(db_rows(), THREADS * ROUNDS);
    check_pool(pool, DB_POOL_SIZE, 0);
    ck_assert_int_le(ours(), DB_POOL_SIZE);
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
        if (ping(&mine) != 0)
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
    pthread_t threads[THREADS];
    int served[THREADS] = {0};

    options.size = 1;
    queue.served = 0;
    queue.failed = false;
    ck_ok(rk_pool_new(&queue.pool, op, &options));
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_again, &served[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
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
    pthread_t threads[THREADS];
    int served[THREADS] = {0};

    db_admin("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT %s',"
             " current_database(), 2 + (SELECT count(*) FROM pg_stat_activity"
             " WHERE datname = current_database())); END $$");
    options.size = THREADS;
    queue.served = ENOUGH / 2;
    queue.failed = false;
    ck_ok(rk_pool_new(&queue.pool, op, &options));
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_again, &served[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
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
    *(int *)user = ping(&mine);
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
    pthread_t threads[THREADS];
    int errors[THREADS];
    int64_t started = rk_time_monotonic_ms();

    go_away(60000);
    while (rk_time_monotonic_ms() - started < 700) /* so that the pause has become a long one */
        be_refused(1);
    come_back();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_away, &errors[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
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

/* --- connections that end --- */

START_TEST(an_idle_connection_that_died_is_replaced)
{
    ck_ok(ping(op));
    rk_db_end(op);
    terminate_ours();
    ck_ok(ping(op));
    rk_db_end(op);
    terminate_ours();
    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_defer(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("one"))));
    ck_ok(rk_db_commit(op));
    ck_assert_int_eq(db_rows(), 1);
    check_pool(pool, 1, 1);
}
END_TEST

/* As many as there can be. */
static void leave_idle_connections(void)
{
    rk_op others[DB_POOL_SIZE];

    for (int i = 0; i < DB_POOL_SIZE; i++) {
        db_open(&others[i], pool);
        ck_ok(ping(&others[i]));
    }
    for (int i = 0; i < DB_POOL_SIZE; i++)
        db_close(&others[i]);
}

START_TEST(a_pool_full_of_dead_connections_serves_the_next_operation)
{
    leave_idle_connections();
    check_pool(pool, DB_POOL_SIZE, 0);
    terminate_ours();
    ck_ok(ping(op));
    rk_db_end(op);
    leave_idle_connections();
    terminate_ours();
    ck_ok(rk_db_run(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("one"))));
    rk_db_end(op);
    ck_assert_int_eq(db_rows(), 1);
    ck_assert_int_le(ours(), DB_POOL_SIZE);
}
END_TEST

/* The first call of this function ends its own connection. */
static const char cutting[] =
    "CREATE SEQUENCE probe.calls;"
    "CREATE FUNCTION probe.cut() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN"
    " IF nextval('probe.calls') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
    " RETURN 1; END $$";
static const rk_query cut_reading = {.sql = "SELECT probe.cut()"};
static const rk_query cut_writing = {.sql = "INSERT INTO probe.row VALUES (probe.cut())"};

START_TEST(a_read_on_a_dying_connection_is_sent_again)
{
    db_admin(cutting);
    ck_ok(rk_db_run(NULL, op, &cut_reading, RK_NO_PARAMS));
    ck_assert_int_eq(db_admin_number("SELECT last_value FROM probe.calls"), 2);
}
END_TEST

START_TEST(a_change_on_a_dying_connection_is_not_sent_again)
{
    db_admin(cutting);
    ck_fails(rk_db_run(NULL, op, &cut_writing, RK_NO_PARAMS), RK_ERR_DATABASE);
    ck_assert_ptr_nonnull(strstr(op->error.message, "whether it is there must be looked up"));
    ck_assert_int_eq(db_admin_number("SELECT last_value FROM probe.calls"), 1);
}
END_TEST

START_TEST(the_first_statement_of_a_transaction_is_sent_again)
{
    db_admin(cutting);
    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_run(NULL, op, &cut_writing, RK_NO_PARAMS));
    ck_ok(rk_db_commit(op));
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

START_TEST(a_later_statement_of_a_transaction_is_not_sent_again)
{
    db_admin(cutting);
    ck_ok(rk_db_begin(op));
    ck_ok(ping(op));
    ck_fails(rk_db_run(NULL, op, &cut_writing, RK_NO_PARAMS), RK_ERR_DATABASE);
    check_pool(pool, 0, 0);
    rk_error_clear(op);
    ck_fails(ping(op), RK_ERR_DATABASE);
    rk_error_clear(op);
    rk_db_end(op);
    ck_ok(ping(op));
    ck_assert_int_eq(db_rows(), 0);
}
END_TEST

static int commit_row(rk_op *with, void *user)
{
    ++*(int *)user;
    return rk_db_defer(NULL, with, &db_insert, RK_PARAMS(rk_int(1), rk_text("one")));
}

START_TEST(a_commit_whose_outcome_is_unknown_is_not_repeated)
{
    int runs = 0;

    db_admin(cutting);
    db_admin("CREATE FUNCTION probe.cut_late() RETURNS trigger LANGUAGE plpgsql AS"
             " $$ BEGIN PERFORM probe.cut(); RETURN NULL; END $$;"
             "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON probe.row"
             " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION probe.cut_late()");
    ck_fails(rk_db_transaction(op, commit_row, &runs), RK_ERR_DATABASE);
    ck_assert_int_eq(runs, 1);
    ck_assert_ptr_nonnull(strstr(op->error.message, "while the change was saved"));
    ck_assert_int_eq(rk_error_row_of(op->error.err)->status, 500);
    rk_error_clear(op);
    ck_ok(ping(op));
}
END_TEST

/* --- deadlines --- */

static const rk_query sleeping = {.sql = "SELECT pg_sleep(30)"};

START_TEST(at_its_deadline_an_operation_ends_and_so_does_its_statement)
{
    int64_t started = rk_time_monotonic_ms();

    op->deadline_ms = started + 150;
    ck_fails(rk_db_run(NULL, op, &sleeping, RK_NO_PARAMS), RK_ERR_TIMEOUT);
    ck_assert_int_lt(rk_time_monotonic_ms() - started, 15000);
    check_pool(pool, 0, 0);
    while (ours() > 0 && rk_time_monotonic_ms() - started < 25000)
        (void)poll(NULL, 0, 20); /* the server looks once a second */
    ck_assert_int_eq(ours(), 0);
}
END_TEST

/* A socket that accepts connections and never says a word; gives its port. */
static int listen_silently(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fd, 5), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

START_TEST(a_server_that_never_answers_costs_no_more_than_the_deadline)
{
    rk_pool_options options = db_options();
    struct rk_pool *silent;
    char port[16];
    rk_op other;
    int number;
    int fd = listen_silently(&number);
    int64_t started = rk_time_monotonic_ms();

    (void)snprintf(port, sizeof port, "%d", number); /* has five digits at most */
    options.host = "127.0.0.1";
    options.port = port;
    ck_ok(rk_pool_new(&silent, op, &options));
    db_open(&other, silent);
    other.deadline_ms = started + 100;
    ck_assert_int_eq(ping(&other), RK_ERR_TIMEOUT);
    ck_assert_int_lt(rk_time_monotonic_ms() - started, 5000);
    check_pool(silent, 0, 0);
    db_close(&other);
    rk_pool_free(silent);
    (void)close(fd); /* nothing was written to it */
}
END_TEST

START_TEST(after_its_deadline_an_operation_sends_nothing)
{
    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_run(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("one"))));
    op->deadline_ms = rk_time_monotonic_ms() - 1;
    ck_fails(rk_db_commit(op), RK_ERR_TIMEOUT);
    rk_db_end(op);
    check_pool(pool, 1, 0);
    ck_assert_int_eq(db_rows(), 0);
}
END_TEST

START_TEST(a_deadline_bounds_the_repeats)
{
    static const rk_query query = {
        .sql = "DO $$ BEGIN RAISE EXCEPTION 'no' USING errcode = '40P01'; END $$"};

    op->deadline_ms = rk_time_monotonic_ms() + 60000;
    ck_ok(rk_db_begin(op));
    ck_fails(rk_db_run(NULL, op, &query, RK_NO_PARAMS), RK_ERR_RETRY);
}
END_TEST

/* --- prepared statements that do not last --- */

static const rk_query forget = {.sql = "DEALLOCATE ALL"};

START_TEST(a_statement_that_has_gone_is_sent_with_its_text)
{
    ck_ok(ping(op));
    ck_ok(rk_db_run(NULL, op, &forget, RK_NO_PARAMS));
    ck_ok(ping(op));
    ck_ok(rk_db_run(NULL, op, &forget, RK_NO_PARAMS));
    ck_ok(ping(op));
    ck_ok(rk_db_run(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("one"))));
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

static int forget_within(rk_op *with, void *user)
{
    ++*(int *)user;
    RK_TRY(ping(with));
    RK_TRY(rk_db_run(NULL, with, &forget, RK_NO_PARAMS));
    RK_TRY(ping(with));
    return rk_db_defer(NULL, with, &db_insert, RK_PARAMS(rk_int(1), rk_text("one")));
}

START_TEST(a_statement_that_goes_within_a_transaction_repeats_it)
{
    int runs = 0;

    ck_ok(rk_db_transaction(op, forget_within, &runs));
    ck_assert_int_eq(runs, 2);
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

START_TEST(a_table_may_change_under_a_prepared_statement)
{
    static const rk_query query = {.sql = "SELECT * FROM probe.row"};

    ck_ok(rk_db_run(NULL, op, &query, RK_NO_PARAMS));
    db_admin("ALTER TABLE probe.row ALTER text TYPE varchar(40), ADD more integer");
    ck_ok(rk_db_run(NULL, op, &query, RK_NO_PARAMS));
    ck_ok(ping(op));
}
END_TEST

START_TEST(the_settings_of_a_connection_outlive_a_rollback)
{
    static const rk_query query = {
        .sql = "SELECT WHERE current_setting('TimeZone') = 'UTC'"
               " AND current_setting('DateStyle') = 'ISO, MDY' AND current_setting('jit') = 'off'",
    };
    static const rk_query wrong = {.sql = "SELECT 1 / 0"};
    int64_t count;

    ck_fails(rk_db_run(NULL, op, &wrong, RK_NO_PARAMS), RK_ERR_DATABASE);
    rk_error_clear(op);
    ck_ok(rk_db_run(&count, op, &query, RK_NO_PARAMS));
    ck_assert_int_eq(count, 1);
}
END_TEST

UNIT_SUITE(db_connections)
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

    TCase *ending = db_case(suite, "connections that end");

    tcase_add_test(ending, an_idle_connection_that_died_is_replaced);
    tcase_add_test(ending, a_pool_full_of_dead_connections_serves_the_next_operation);
    tcase_add_test(ending, a_read_on_a_dying_connection_is_sent_again);
    tcase_add_test(ending, a_change_on_a_dying_connection_is_not_sent_again);
    tcase_add_test(ending, the_first_statement_of_a_transaction_is_sent_again);
    tcase_add_test(ending, a_later_statement_of_a_transaction_is_not_sent_again);
    tcase_add_test(ending, a_commit_whose_outcome_is_unknown_is_not_repeated);

    TCase *late = db_case(suite, "deadlines");

    tcase_add_test(late, at_its_deadline_an_operation_ends_and_so_does_its_statement);
    tcase_add_test(late, a_server_that_never_answers_costs_no_more_than_the_deadline);
    tcase_add_test(late, after_its_deadline_an_operation_sends_nothing);
    tcase_add_test(late, a_deadline_bounds_the_repeats);

    TCase *pooled = db_case(suite, "prepared statements that do not last");

    tcase_add_test(pooled, a_statement_that_has_gone_is_sent_with_its_text);
    tcase_add_test(pooled, a_statement_that_goes_within_a_transaction_repeats_it);
    tcase_add_test(pooled, a_table_may_change_under_a_prepared_statement);
    tcase_add_test(pooled, the_settings_of_a_connection_outlive_a_rollback);
}
