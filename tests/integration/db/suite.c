/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/integration/db/suite.h"

#include <libpq-fe.h>
#include <stdlib.h>

#include "tests/support/program.h"

struct rk_pool *pool;

static const rk_column columns[] = {
    {"r.id",   RK_COLUMN_INT,  offsetof(db_row, id),   NULL},
    {"r.text", RK_COLUMN_TEXT, offsetof(db_row, text), NULL},
};
const rk_row db_row_map = RK_ROW(db_row, columns);

const rk_query db_read = {
    .sql = "SELECT {row} FROM probe.row r WHERE r.id = $1",
    .row = &db_row_map,
};
const rk_query db_insert = {
    .sql = "INSERT INTO probe.row (id, text) VALUES ($1, $2)",
    .duplicate = RK_ERR_CONFLICT,
    .taken = "This id is taken.",
};
const rk_query db_insert_returning = {
    .sql = "INSERT INTO probe.row AS r (id, text) VALUES ($1, $2) RETURNING {row}",
    .row = &db_row_map,
    .duplicate = RK_ERR_CONFLICT,
};

static PGconn *connect_admin(void)
{
    const rk_pool_options options = db_options();
    const char *const names[] = {"host", "port", "user", "password", "dbname", NULL};
    const char *const values[] = {options.host,     options.port, options.user,
                                  options.password, options.name, NULL};
    PGconn *connection = PQconnectdbParams(names, values, 0);

    ck_assert_msg(PQstatus(connection) == CONNECTION_OK, "%s", PQerrorMessage(connection));
    PQclear(PQexec(connection, "SET client_min_messages = warning"));
    return connection;
}

void db_admin(const char *sql)
{
    PGconn *connection = connect_admin();
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);

    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s",
                  PQresultErrorMessage(result));
    PQclear(result);
    PQfinish(connection);
}

int64_t db_admin_number(const char *sql)
{
    PGconn *connection = connect_admin();
    PGresult *result = PQexec(connection, sql);

    ck_assert_msg(PQntuples(result) == 1, "%s: %s", sql, PQresultErrorMessage(result));

    int64_t value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);

    PQclear(result);
    PQfinish(connection);
    return value;
}

int64_t db_rows(void)
{
    return db_admin_number("SELECT count(*) FROM probe.row");
}

int64_t db_ours(void)
{
    return db_admin_number("SELECT count(*)" DB_OURS);
}

void db_check_pool(struct rk_pool *of, int open, int busy)
{
    int got_open, got_busy;

    rk_pool_count(of, &got_open, &got_busy);
    ck_assert_int_eq(got_open, open);
    ck_assert_int_eq(got_busy, busy);
}

int db_ping(rk_op *with)
{
    bool found;

    return rk_db_lookup(NULL, &found, with, &db_read, RK_PARAMS(rk_int(1)));
}

rk_pool_options db_options(void)
{
    return database_options(DB_POOL_SIZE);
}

static void begin(void)
{
    const rk_pool_options options = db_options();

    db_admin("DROP SCHEMA IF EXISTS probe CASCADE;"
             "CREATE SCHEMA probe;"
             "CREATE TABLE probe.row (id integer PRIMARY KEY, text text)");
    ck_ok(rk_pool_new(&pool, op, &options));
    op->pool = pool;
}

/* The operation ends first: its connection goes back to the pool. */
static void end(void)
{
    int open, busy;

    rk_db_end(op);
    rk_pool_count(pool, &open, &busy);
    ck_assert_int_eq(busy, 0);
    ck_assert_int_le(open, DB_POOL_SIZE);
    rk_pool_free(pool);
}

TCase *db_case(Suite *suite, const char *section)
{
    TCase *tcase = unit_case(suite, section);

    tcase_add_checked_fixture(tcase, begin, end);
    return tcase;
}

void db_open(rk_op *other, struct rk_pool *on)
{
    ck_assert_int_eq(rk_op_begin(other), 0);
    other->pool = on;
}

void db_close(rk_op *other)
{
    rk_db_end(other);
    rk_op_end(other);
}
