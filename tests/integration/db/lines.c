/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include "librenku/base/time.h"
#include "librenku/db/line.h"
#include "tests/integration/db/suite.h"

enum { MANY = 64 };

static rk_line *line;

/* An operation with a ticket. */
typedef struct {
    rk_op op;
    rk_ticket ticket;
    db_row row;
} guest;

static void guest_open(guest *g)
{
    *g = (guest){0};
    db_open(&g->op, pool);
    g->op.ticket = &g->ticket;
    g->ticket.line = line;
    g->ticket.owner = g;
}

static void guest_close(guest *g)
{
    rk_ticket_clear(&g->ticket);
    rk_op_end(&g->op);
}

static int ask(guest *g, const rk_query *query, int id)
{
    return rk_db_one(&g->row, &g->op, query, RK_PARAMS(rk_int(id)));
}

/* One connection that lies idle, and a row for each guest. */
static void prepare(void)
{
    ck_ok(db_ping(op));
    rk_db_end(op);
    db_admin("INSERT INTO probe.row SELECT i, 'row ' || i FROM generate_series(0, 99) i");
    line = rk_line_new(pool);
    ck_assert_ptr_nonnull(line);
}

/* The next ticket that is done; looks at the line as an event loop would. */
static guest *next(void)
{
    rk_ticket *ticket;

    while (!(ticket = rk_line_next(line))) {
        struct pollfd socket = {.fd = rk_line_socket(line), .events = POLLIN};

        (void)poll(&socket, 1, 50); /* whatever comes first */
        rk_line_read(line);
    }
    return ticket->owner;
}

START_TEST(a_line_takes_a_connection_that_lies_idle)
{
    line = rk_line_new(pool);
    ck_assert(!rk_line_is_open(line));
    ck_assert_int_eq(rk_line_socket(line), -1);
    rk_line_free(line);
    prepare();
    db_check_pool(pool, 1, 0);
    ck_assert(rk_line_is_open(line));
    ck_assert_int_ge(rk_line_socket(line), 0);
    db_check_pool(pool, 1, 1);
    rk_line_free(line);
    db_check_pool(pool, 1, 0);
}
END_TEST

START_TEST(the_only_connection_of_a_pool_stays_there)
{
    rk_pool_options options = db_options();
    struct rk_pool *small;
    rk_op other;

    options.size = 1;
    ck_ok(rk_pool_new(&small, op, &options));
    db_open(&other, small);
    ck_ok(db_ping(&other));
    db_close(&other);
    line = rk_line_new(small);
    ck_assert(!rk_line_is_open(line));
    rk_line_free(line);
    rk_pool_free(small);
}
END_TEST

START_TEST(an_operation_runs_again_when_its_row_is_there)
{
    guest g;

    prepare();
    ck_assert(rk_line_is_open(line));
    for (int i = 0; i < 3; i++) { /* only the first prepares the statement */
        guest_open(&g);
        ck_assert_int_eq(ask(&g, &db_read, i), RK_SUSPENDED);
        ck_assert_int_eq(g.ticket.state, RK_TICKET_SENT);
        ck_assert_ptr_eq(next(), &g);
        ck_assert_int_eq(g.ticket.state, RK_TICKET_ANSWERED);
        ck_ok(ask(&g, &db_read, i));
        ck_assert_int_eq(g.row.id.value, i);
        guest_close(&g);
    }
    rk_line_free(line);
    ck_ok(db_ping(op)); /* its connection can be used on */
    db_check_pool(pool, 1, 1);
}
END_TEST

START_TEST(a_row_that_is_missing_is_missing_here_too)
{
    guest g;

    prepare();
    ck_assert(rk_line_is_open(line));
    guest_open(&g);
    ck_assert_int_eq(ask(&g, &db_read, 4711), RK_SUSPENDED);
    ck_assert_ptr_eq(next(), &g);
    ck_assert_int_eq(ask(&g, &db_read, 4711), RK_ERR_NOT_FOUND);
    guest_close(&g);
    rk_line_free(line);
}
END_TEST

START_TEST(many_travel_together_and_keep_their_order)
{
    static guest guests[MANY];

    prepare();
    for (int i = 0; i < MANY; i++) {
        ck_assert(rk_line_is_open(line));
        guest_open(&guests[i]);
        ck_assert_int_eq(ask(&guests[i], &db_read, i), RK_SUSPENDED);
    }
    ck_assert(!rk_line_is_open(line));
    for (int i = 0; i < MANY; i++) {
        ck_assert_ptr_eq(next(), &guests[i]);
        ck_ok(ask(&guests[i], &db_read, i));
        ck_assert_int_eq(guests[i].row.id.value, i);
        guest_close(&guests[i]);
    }
    ck_assert(rk_line_is_open(line));
    rk_line_free(line);
}
END_TEST

START_TEST(a_second_statement_is_left_to_a_thread)
{
    guest g;

    prepare();
    ck_assert(rk_line_is_open(line));
    guest_open(&g);
    ck_assert_int_eq(ask(&g, &db_read, 1), RK_SUSPENDED);
    ck_assert_ptr_eq(next(), &g);
    ck_ok(ask(&g, &db_read, 1));
    ck_assert_int_eq(ask(&g, &db_read, 2), RK_SUSPENDED);
    ck_assert_int_eq(g.ticket.state, RK_TICKET_REFUSED);
    ck_assert_int_eq(g.op.error.err, RK_OK);
    guest_close(&g);
    rk_line_free(line);
}
END_TEST

static int never(rk_op *with, void *user)
{
    (void)with;
    (void)user;
    ck_abort_msg("no transaction may begin here");
    return 0;
}

START_TEST(a_transaction_is_left_to_a_thread)
{
    guest g;

    prepare();
    ck_assert(rk_line_is_open(line));
    guest_open(&g);
    ck_assert_int_eq(rk_db_transaction(&g.op, never, NULL), RK_SUSPENDED);
    ck_assert_int_eq(rk_op_may_wait(&g.op), RK_SUSPENDED);
    guest_close(&g);
    rk_line_free(line);
}
END_TEST

static void expect_refused(guest *g)
{
    ck_assert_ptr_eq(next(), g);
    ck_assert_int_eq(g->ticket.state, RK_TICKET_REFUSED);
    ck_assert_ptr_null(g->ticket.result);
    guest_close(g);
}

START_TEST(a_statement_that_fails_takes_the_others_to_threads)
{
    static const rk_query wrong = {.sql = "SELECT {row} FROM probe.row r WHERE r.id = 1 / $1::int",
                                   .row = &db_row_map};
    guest first, second, third;

    prepare();
    ck_assert(rk_line_is_open(line));
    guest_open(&first);
    guest_open(&second);
    guest_open(&third);
    ck_assert_int_eq(ask(&first, &db_read, 1), RK_SUSPENDED);
    ck_assert_int_eq(ask(&second, &wrong, 0), RK_SUSPENDED);
    ck_assert_int_eq(ask(&third, &db_read, 3), RK_SUSPENDED);
    ck_assert_ptr_eq(next(), &first);
    ck_ok(ask(&first, &db_read, 1));
    guest_close(&first);
    expect_refused(&second);
    expect_refused(&third);
    ck_assert_int_eq(rk_line_socket(line), -1);
    ck_assert(!rk_line_is_open(line));
    db_check_pool(pool, 0, 0);
    rk_line_free(line);
}
END_TEST

START_TEST(a_connection_that_ends_takes_nothing_along)
{
    static const rk_query sleeping = {
        .sql = "SELECT {row} FROM probe.row r, pg_sleep(60) WHERE r.id = $1", .row = &db_row_map};
    guest first, second;

    prepare();
    ck_assert(rk_line_is_open(line));
    guest_open(&first);
    guest_open(&second);
    ck_assert_int_eq(ask(&first, &sleeping, 1), RK_SUSPENDED);
    ck_assert_int_eq(ask(&second, &db_read, 1), RK_SUSPENDED);
    db_admin("SELECT pg_terminate_backend(pid, 10000)" DB_OURS);
    expect_refused(&first);
    expect_refused(&second);
    db_check_pool(pool, 0, 0);
    rk_line_free(line);
}
END_TEST

START_TEST(an_idle_connection_that_ends_is_let_go)
{
    prepare();
    ck_assert(rk_line_is_open(line));
    db_admin("SELECT pg_terminate_backend(pid, 10000)" DB_OURS);
    while (rk_line_socket(line) >= 0)
        rk_line_read(line);
    db_check_pool(pool, 0, 0);
    ck_ok(db_ping(op));
    rk_line_free(line);
}
END_TEST

START_TEST(who_stands_behind_a_slow_statement_is_taken_elsewhere_before_it)
{
    static const rk_query sleeping = {
        .sql = "SELECT {row} FROM probe.row r, pg_sleep(60) WHERE r.id = $1", .row = &db_row_map};
    int64_t begun = rk_time_monotonic_ms();
    guest first, second, third;

    prepare();
    ck_assert(rk_line_is_open(line));
    guest_open(&first);
    guest_open(&second);
    guest_open(&third);
    ck_assert_int_eq(ask(&first, &sleeping, 1), RK_SUSPENDED);
    ck_assert_int_eq(ask(&second, &db_read, 1), RK_SUSPENDED);
    ck_assert_int_eq(ask(&third, &db_read, 2), RK_SUSPENDED);
    expect_refused(&second);
    expect_refused(&third);
    ck_assert_int_eq(first.ticket.state, RK_TICKET_SENT);
    ck_assert(!rk_line_is_open(line));
    expect_refused(&first);
    ck_assert_int_lt(rk_time_monotonic_ms() - begun, 30000);
    db_check_pool(pool, 0, 0);
    rk_line_free(line);
}
END_TEST

static void read_one(int id)
{
    guest g;

    guest_open(&g);
    ck_assert_int_eq(ask(&g, &db_read, id), RK_SUSPENDED);
    ck_assert_ptr_eq(next(), &g);
    ck_ok(ask(&g, &db_read, id));
    ck_assert_int_eq(g.row.id.value, id);
    guest_close(&g);
}

static void run_alone(const rk_query *query)
{
    bool found;

    ck_ok(rk_db_lookup(NULL, &found, op, query, RK_PARAMS(rk_int(815))));
}

START_TEST(a_statement_that_was_slow_for_a_while_is_answered_and_those_behind_it_are_let_go)
{
    static const rk_query lock = {.sql = "SELECT pg_advisory_lock($1)"};
    static const rk_query unlock = {.sql = "SELECT pg_advisory_unlock($1)"};
    static const rk_query waiting = {
        .sql = "SELECT {row} FROM probe.row r, pg_advisory_xact_lock(815) WHERE r.id = $1",
        .row = &db_row_map};
    guest first, second;

    prepare();
    ck_assert(rk_line_is_open(line));
    for (int i = 0; i < MANY; i++)
        read_one(i); /* now it is known what is usual */
    guest_open(&first);
    guest_open(&second);
    run_alone(&lock);
    ck_assert_int_eq(ask(&first, &waiting, 1), RK_SUSPENDED);
    ck_assert_int_eq(ask(&second, &db_read, 2), RK_SUSPENDED);
    expect_refused(&second);
    run_alone(&unlock);
    ck_assert_ptr_eq(next(), &first);
    ck_ok(ask(&first, &waiting, 1));
    ck_assert_int_eq(first.row.id.value, 1);
    guest_close(&first);
    while (!rk_line_is_open(line))
        rk_line_read(line);
    read_one(3);
    rk_line_free(line);
    rk_db_end(op);
    db_check_pool(pool, 2, 0);
}
END_TEST

UNIT_SUITE(db_lines)
{
    TCase *lines = db_case(suite, "lines");

    tcase_add_test(lines, a_line_takes_a_connection_that_lies_idle);
    tcase_add_test(lines, the_only_connection_of_a_pool_stays_there);
    tcase_add_test(lines, an_operation_runs_again_when_its_row_is_there);
    tcase_add_test(lines, a_row_that_is_missing_is_missing_here_too);
    tcase_add_test(lines, many_travel_together_and_keep_their_order);
    tcase_add_test(lines, a_second_statement_is_left_to_a_thread);
    tcase_add_test(lines, a_transaction_is_left_to_a_thread);
    tcase_add_test(lines, a_statement_that_fails_takes_the_others_to_threads);
    tcase_add_test(lines, a_connection_that_ends_takes_nothing_along);
    tcase_add_test(lines, an_idle_connection_that_ends_is_let_go);
    tcase_add_test(lines, who_stands_behind_a_slow_statement_is_taken_elsewhere_before_it);
    tcase_add_test(
        lines, a_statement_that_was_slow_for_a_while_is_answered_and_those_behind_it_are_let_go);
}
