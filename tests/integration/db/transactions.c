/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/integration/db/suite.h"

static void check_counts(int statements, int round_trips)
{
    int got_statements, got_round_trips;

    rk_db_counts(op, &got_statements, &got_round_trips);
    ck_assert_int_eq(got_statements, statements);
    ck_assert_int_eq(got_round_trips, round_trips);
}

static int insert(rk_op *with, int64_t id, const char *text)
{
    return rk_db_run(NULL, with, &db_insert, RK_PARAMS(rk_int(id), rk_text(text)));
}

static int defer_insert(rk_op *with, int64_t id, const char *text)
{
    return rk_db_defer(NULL, with, &db_insert, RK_PARAMS(rk_int(id), rk_text(text)));
}

/* --- round trips --- */

START_TEST(a_read_is_one_round_trip)
{
    bool found;

    ck_ok(rk_db_lookup(NULL, &found, op, &db_read, RK_PARAMS(rk_int(1))));
    check_counts(1, 1);
    ck_ok(rk_db_lookup(NULL, &found, op, &db_read, RK_PARAMS(rk_int(2))));
    check_counts(2, 2);
}
END_TEST

START_TEST(a_change_after_a_look_is_two_round_trips)
{
    db_row first, second;
    bool found;

    ck_ok(rk_db_begin(op));
    ck_assert(rk_db_is_open(op));
    ck_ok(rk_db_lookup(&first, &found, op, &db_read, RK_PARAMS(rk_int(1))));
    ck_ok(defer_insert(op, 1, "one"));
    ck_ok(rk_db_defer(&first, op, &db_insert_returning, RK_PARAMS(rk_int(2), rk_text("two"))));
    ck_ok(rk_db_defer(&second, op, &db_read, RK_PARAMS(rk_int(1))));
    ck_ok(rk_db_commit(op));
    ck_assert(!rk_db_is_open(op));
    check_counts(6, 2); /* with BEGIN and COMMIT */
    ck_assert_str_eq(first.text, "two");
    ck_assert_str_eq(second.text, "one");
    ck_assert_int_eq(db_rows(), 2);
}
END_TEST

START_TEST(a_statement_that_is_the_transaction_needs_no_begin_and_no_commit)
{
    db_row row;

    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_only(&row, op, &db_insert_returning, RK_PARAMS(rk_int(1), rk_text("one"))));
    ck_assert_str_eq(row.text, "one");
    ck_assert(rk_db_is_open(op));
    check_counts(1, 1);
    ck_assert_int_eq(db_rows(), 1);
    ck_ok(rk_db_commit(op));
    check_counts(1, 1);
}
END_TEST

START_TEST(what_follows_such_a_statement_is_a_transaction_of_its_own)
{
    db_row row;

    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_only(&row, op, &db_insert_returning, RK_PARAMS(rk_int(1), rk_text("one"))));
    ck_ok(insert(op, 2, "two"));
    rk_db_end(op);
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

START_TEST(such_a_statement_that_fails_leaves_nothing)
{
    db_row row;

    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_only(&row, op, &db_insert_returning, RK_PARAMS(rk_int(1), rk_text("one"))));
    ck_assert_int_lt(
        rk_db_only(&row, op, &db_insert_returning, RK_PARAMS(rk_int(1), rk_text("again"))), 0);
    rk_db_end(op);
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

START_TEST(a_change_without_a_look_is_one_round_trip)
{
    ck_ok(rk_db_begin(op));
    ck_ok(defer_insert(op, 1, "one"));
    ck_ok(rk_db_commit(op));
    check_counts(3, 1);
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

START_TEST(a_transaction_without_statements_costs_nothing)
{
    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_commit(op));
    check_counts(0, 0);
}
END_TEST

START_TEST(deferred_statements_travel_with_the_next_one_in_order)
{
    db_row row;

    ck_ok(rk_db_begin(op));
    ck_ok(defer_insert(op, 1, "one"));
    ck_ok(rk_db_one(&row, op, &db_read, RK_PARAMS(rk_int(1))));
    ck_assert_str_eq(row.text, "one");
    check_counts(3, 1);
    ck_ok(rk_db_commit(op));
    check_counts(4, 2);
}
END_TEST

START_TEST(parameters_of_a_deferred_statement_are_copied)
{
    char text[] = "as it was";
    db_row row;

    ck_ok(rk_db_begin(op));
    ck_ok(defer_insert(op, 1, text));
    memset(text, 'x', sizeof text - 1);
    ck_ok(rk_db_one(&row, op, &db_read, RK_PARAMS(rk_int(1))));
    ck_assert_str_eq(row.text, "as it was");
}
END_TEST

START_TEST(thousands_of_statements_fit_into_one_round_trip)
{
    static char large[4000];

    memset(large, 'x', sizeof large - 1);
    ck_ok(rk_db_begin(op));
    for (int i = 1; i <= 3000; i++)
        ck_ok(rk_db_defer(NULL, op, &db_insert_returning, RK_PARAMS(rk_int(i), rk_text(large))));
    ck_ok(rk_db_commit(op));
    check_counts(3002, 1);
    ck_assert_int_eq(db_rows(), 3000);
}
END_TEST

START_TEST(two_queries_of_the_same_text_share_a_statement)
{
    static const rk_query twin = {.sql = "INSERT INTO probe.row (id, text) VALUES ($1, $2)"};
    static const rk_query third = {.sql = "INSERT INTO probe.row (id, text) VALUES ($1, $2)"};

    ck_ok(rk_db_begin(op));
    ck_ok(defer_insert(op, 1, "one"));
    ck_ok(rk_db_defer(NULL, op, &twin, RK_PARAMS(rk_int(2), rk_text("two"))));
    ck_ok(rk_db_commit(op));
    ck_ok(rk_db_run(NULL, op, &third, RK_PARAMS(rk_int(3), rk_text("three"))));
    ck_assert_int_eq(db_rows(), 3);
    ck_assert_int_eq(db_admin_number("SELECT count(*) FROM pg_stat_activity"
                                     " WHERE application_name = 'librenku'"
                                     "   AND datname = current_database()"),
                     1);
}
END_TEST

/* --- failing --- */

START_TEST(what_was_not_committed_is_gone)
{
    ck_ok(rk_db_begin(op));
    ck_ok(insert(op, 1, "one"));
    ck_ok(defer_insert(op, 2, "two"));
    rk_db_end(op);
    ck_assert(!rk_db_is_open(op));
    ck_assert_int_eq(db_rows(), 0);
    rk_db_end(op);
    ck_ok(insert(op, 1, "one"));
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

START_TEST(an_operation_that_ends_too_soon_leaves_nothing)
{
    rk_op other;
    int open, busy;

    db_open(&other, pool);
    ck_assert_int_eq(rk_db_begin(&other), 0);
    ck_assert_int_eq(insert(&other, 1, "one"), 0);
    rk_op_end(&other);
    rk_pool_count(pool, &open, &busy);
    ck_assert_int_eq(busy, 0);
    ck_assert_int_eq(db_rows(), 0);
}
END_TEST

START_TEST(a_deferred_failure_shows_at_the_next_statement)
{
    bool found;

    db_admin("INSERT INTO probe.row VALUES (1, 'there')");
    ck_ok(rk_db_begin(op));
    ck_ok(defer_insert(op, 2, "two"));
    ck_ok(defer_insert(op, 1, "again"));
    ck_fails(rk_db_lookup(NULL, &found, op, &db_read, RK_PARAMS(rk_int(1))), RK_ERR_CONFLICT);
    ck_assert_str_eq(op->error.message, "This id is taken.");
    rk_error_clear(op);
    ck_fails(insert(op, 3, "too late"), RK_ERR_DATABASE);
    rk_error_clear(op);
    ck_fails(rk_db_commit(op), RK_ERR_DATABASE);
    rk_db_end(op);
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

START_TEST(a_deferred_failure_shows_at_the_commit)
{
    db_admin("INSERT INTO probe.row VALUES (1, 'there')");
    ck_ok(rk_db_begin(op));
    ck_ok(defer_insert(op, 2, "two"));
    ck_ok(defer_insert(op, 1, "again"));
    ck_fails(rk_db_commit(op), RK_ERR_CONFLICT);
    ck_assert_str_eq(op->error.message, "This id is taken.");
    rk_db_end(op);
    rk_error_clear(op);
    ck_assert_int_eq(db_rows(), 1);
    ck_ok(insert(op, 3, "works again"));
}
END_TEST

START_TEST(a_constraint_that_fails_at_the_commit_undoes_all)
{
    db_admin("ALTER TABLE probe.row ADD UNIQUE (text) DEFERRABLE INITIALLY DEFERRED");
    ck_ok(rk_db_begin(op));
    ck_ok(insert(op, 1, "same"));
    ck_ok(insert(op, 2, "same"));
    ck_fails(rk_db_commit(op), RK_ERR_DATABASE);
    rk_db_end(op);
    ck_assert_int_eq(db_rows(), 0);
}
END_TEST

START_TEST(a_deferred_row_that_is_not_there_is_an_error)
{
    db_row row;

    ck_ok(rk_db_begin(op));
    ck_ok(rk_db_defer(&row, op, &db_read, RK_PARAMS(rk_int(1))));
    ck_fails(insert(op, 2, "two"), RK_ERR_NOT_FOUND);
    rk_db_end(op);
    ck_assert_int_eq(db_rows(), 0);
}
END_TEST

START_TEST(an_absent_row_does_not_end_the_transaction)
{
    db_row row;

    ck_ok(rk_db_begin(op));
    ck_fails(rk_db_one(&row, op, &db_read, RK_PARAMS(rk_int(1))), RK_ERR_NOT_FOUND);
    rk_error_clear(op);
    ck_ok(insert(op, 1, "one"));
    ck_ok(rk_db_commit(op));
    ck_assert_int_eq(db_rows(), 1);
}
END_TEST

/* --- repeating --- */

typedef struct {
    int runs, failures;
} trial;

static int fail_at_first(rk_op *with, void *user)
{
    trial *it = user;

    it->runs++;
    RK_TRY(insert(with, it->runs, "try"));
    return it->runs <= it->failures ? rk_fail_default(with, RK_ERR_RETRY) : 0;
}

START_TEST(a_transaction_is_repeated_while_the_database_asks_for_it)
{
    trial it = {.failures = 4};

    ck_ok(rk_db_transaction(op, fail_at_first, &it));
    ck_assert_int_eq(it.runs, 5);
    ck_assert_int_eq(db_rows(), 1);
    ck_assert_int_eq(op->error.err, 0);
}
END_TEST

START_TEST(repeating_ends_after_five_attempts)
{
    trial it = {.failures = 9};

    ck_fails(rk_db_transaction(op, fail_at_first, &it), RK_ERR_RETRY);
    ck_assert_int_eq(it.runs, 5);
    ck_assert_int_eq(db_rows(), 0);
    ck_assert(!rk_db_is_open(op));
}
END_TEST

START_TEST(the_function_that_refuses_to_serialize_is_repeated)
{
    static const rk_query query = {
        .sql = "DO $$ BEGIN IF nextval('probe.tries') < 3 THEN"
               " RAISE EXCEPTION 'collision' USING errcode = '40001'; END IF; END $$",
    };

    db_admin("CREATE SEQUENCE probe.tries");
    ck_ok(rk_db_run(NULL, op, &query, RK_NO_PARAMS));
    ck_assert_int_eq(db_admin_number("SELECT last_value FROM probe.tries"), 3);
}
END_TEST

typedef struct {
    pthread_barrier_t *both;
    int first, second, runs, err;
} crossing;

static int lock(rk_op *with, int id)
{
    static const rk_query query = {.sql = "UPDATE probe.row SET text = text || '.' WHERE id = $1"};

    return rk_db_run(NULL, with, &query, RK_PARAMS(rk_int(id)));
}

static int cross(rk_op *with, void *user)
{
    crossing *it = user;

    RK_TRY(lock(with, it->first));
    if (it->runs++ == 0)
        (void)pthread_barrier_wait(it->both); /* one of the waiters is told apart, needlessly */
    return lock(with, it->second);
}

static void *cross_over(void *user)
{
    crossing *it = user;
    rk_op mine;

    db_open(&mine, pool);
    it->err = rk_db_transaction(&mine, cross, it);
    db_close(&mine);
    return NULL;
}

START_TEST(a_deadlock_is_repeated_until_both_are_through)
{
    pthread_barrier_t both;
    crossing one = {.both = &both, .first = 1, .second = 2};
    crossing other = {.both = &both, .first = 2, .second = 1};
    pthread_t thread;

    db_admin("INSERT INTO probe.row VALUES (1, ''), (2, '')");
    ck_assert_int_eq(pthread_barrier_init(&both, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, cross_over, &other), 0);
    (void)cross_over(&one); /* gives nothing */
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    (void)pthread_barrier_destroy(&both); /* nobody waits there any longer */
    ck_assert_int_eq(one.err, 0);
    ck_assert_int_eq(other.err, 0);
    ck_assert_int_eq(one.runs + other.runs, 3);
    ck_assert_int_eq(db_admin_number("SELECT count(*) FROM probe.row WHERE text = '..'"), 2);
}
END_TEST

/* --- without memory --- */

static int change(rk_op *with, void *user)
{
    static const char *items[] = {"a", "b"};
    static const rk_strings texts = {true, 2, items};
    static const rk_query query = {
        .sql = "INSERT INTO probe.row AS r VALUES ($1, array_to_string($2::text[], ' '))"
               " RETURNING {row}",
        .row = &db_row_map,
    };
    db_row *row = user;
    bool found;

    RK_TRY(rk_db_lookup(row, &found, with, &db_read, RK_PARAMS(rk_int(1))));
    RK_TRY(defer_insert(with, 2, "two"));
    return rk_db_defer(row, with, &query, RK_PARAMS(rk_int(1), rk_texts(with, &texts)));
}

/* Every allocation of an operation fails in its turn: nothing is left behind. */
START_TEST(without_memory_a_change_is_made_whole_or_not_at_all)
{
    int err = RK_ERR_NO_MEMORY;

    for (int n = 1; err == RK_ERR_NO_MEMORY; n++) {
        rk_op other;
        db_row row = {0};
        int open, busy;

        db_open(&other, pool);
        err = unit_without(n, rk_db_transaction(&other, change, &row));
        ck_assert(err == 0 || err == RK_ERR_NO_MEMORY);
        if (err == 0)
            ck_assert_str_eq(row.text, "a b");
        db_close(&other);
        rk_pool_count(pool, &open, &busy);
        ck_assert_int_eq(busy, 0);

        int64_t rows = db_rows();

        ck_assert_msg(rows == 0 || rows == 2, "%d rows after allocation %d", (int)rows, n);
        if (err < 0 && rows == 2)
            db_admin("DELETE FROM probe.row"); /* the answer to COMMIT could not be kept */
        ck_assert_int_lt(n, 200);
    }
    ck_assert_int_eq(db_rows(), 2);
}
END_TEST

UNIT_SUITE(db_transactions)
{
    TCase *trips = db_case(suite, "round trips");

    tcase_add_test(trips, a_read_is_one_round_trip);
    tcase_add_test(trips, a_change_after_a_look_is_two_round_trips);
    tcase_add_test(trips, a_change_without_a_look_is_one_round_trip);
    tcase_add_test(trips, a_statement_that_is_the_transaction_needs_no_begin_and_no_commit);
    tcase_add_test(trips, what_follows_such_a_statement_is_a_transaction_of_its_own);
    tcase_add_test(trips, such_a_statement_that_fails_leaves_nothing);
    tcase_add_test(trips, a_transaction_without_statements_costs_nothing);
    tcase_add_test(trips, deferred_statements_travel_with_the_next_one_in_order);
    tcase_add_test(trips, parameters_of_a_deferred_statement_are_copied);
    tcase_add_test(trips, thousands_of_statements_fit_into_one_round_trip);
    tcase_add_test(trips, two_queries_of_the_same_text_share_a_statement);

    TCase *failing = db_case(suite, "failing");

    tcase_add_test(failing, what_was_not_committed_is_gone);
    tcase_add_test(failing, an_operation_that_ends_too_soon_leaves_nothing);
    tcase_add_test(failing, a_deferred_failure_shows_at_the_next_statement);
    tcase_add_test(failing, a_deferred_failure_shows_at_the_commit);
    tcase_add_test(failing, a_constraint_that_fails_at_the_commit_undoes_all);
    tcase_add_test(failing, a_deferred_row_that_is_not_there_is_an_error);
    tcase_add_test(failing, an_absent_row_does_not_end_the_transaction);

    TCase *repeating = db_case(suite, "repeating");

    tcase_add_test(repeating, a_transaction_is_repeated_while_the_database_asks_for_it);
    tcase_add_test(repeating, repeating_ends_after_five_attempts);
    tcase_add_test(repeating, the_function_that_refuses_to_serialize_is_repeated);
    tcase_add_test(repeating, a_deadlock_is_repeated_until_both_are_through);

    TCase *memory = db_case(suite, "without memory");

    tcase_add_test(memory, without_memory_a_change_is_made_whole_or_not_at_all);
}
