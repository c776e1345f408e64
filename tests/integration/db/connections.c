/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "librenku/base/time.h"
#include "tests/integration/db/suite.h"

/* Waits until the last of them has really ended. */
static void terminate_ours(void)
{
    db_admin("SELECT pg_terminate_backend(pid, 10000)" DB_OURS);
}

/* --- connections that end --- */

START_TEST(an_idle_connection_that_died_is_replaced)
{
    ck_ok(db_ping(op));
    rk_db_end(op);
    terminate_ours();
    ck_ok(db_ping(op));
    rk_db_end(op);
    terminate_ours();
    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_defer(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("one"))));
    ck_ok(rk_db_commit(op));
    ck_assert_int_eq(db_rows(), 1);
    db_check_pool(pool, 1, 1);
}
END_TEST

/* As many as there can be. */
static void leave_idle_connections(void)
{
    rk_op others[DB_POOL_SIZE];

    for (int i = 0; i < DB_POOL_SIZE; i++) {
        db_open(&others[i], pool);
        ck_ok(db_ping(&others[i]));
    }
    for (int i = 0; i < DB_POOL_SIZE; i++)
        db_close(&others[i]);
}

START_TEST(a_pool_full_of_dead_connections_serves_the_next_operation)
{
    leave_idle_connections();
    db_check_pool(pool, DB_POOL_SIZE, 0);
    terminate_ours();
    ck_ok(db_ping(op));
    rk_db_end(op);
    leave_idle_connections();
    terminate_ours();
    ck_ok(rk_db_run(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("one"))));
    rk_db_end(op);
    ck_assert_int_eq(db_rows(), 1);
    ck_assert_int_le(db_ours(), DB_POOL_SIZE);
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
    ck_ok(db_ping(op));
    ck_fails(rk_db_run(NULL, op, &cut_writing, RK_NO_PARAMS), RK_ERR_DATABASE);
    db_check_pool(pool, 0, 0);
    rk_error_clear(op);
    ck_fails(db_ping(op), RK_ERR_DATABASE);
    rk_error_clear(op);
    rk_db_end(op);
    ck_ok(db_ping(op));
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
    ck_ok(db_ping(op));
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
    db_check_pool(pool, 0, 0);
    while (db_ours() > 0 && rk_time_monotonic_ms() - started < 25000)
        (void)poll(NULL, 0, 20); /* the server looks once a second */
    ck_assert_int_eq(db_ours(), 0);
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
    ck_assert_int_eq(db_ping(&other), RK_ERR_TIMEOUT);
    ck_assert_int_lt(rk_time_monotonic_ms() - started, 5000);
    db_check_pool(silent, 0, 0);
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
    db_check_pool(pool, 1, 0);
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
    ck_ok(db_ping(op));
    ck_ok(rk_db_run(NULL, op, &forget, RK_NO_PARAMS));
    ck_ok(db_ping(op));
    ck_ok(rk_db_run(NULL, op, &forget, RK_NO_PARAMS));
    ck_ok(db_ping(op));
    ck_ok(rk_db_run(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("one"))));
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

static int forget_within(rk_op *with, void *user)
{
    ++*(int *)user;
    RK_TRY(db_ping(with));
    RK_TRY(rk_db_run(NULL, with, &forget, RK_NO_PARAMS));
    RK_TRY(db_ping(with));
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
    ck_ok(db_ping(op));
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
