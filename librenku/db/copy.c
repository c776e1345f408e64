/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdlib.h>

#include "librenku/db/session.h"

/* COPY cannot travel in a pipeline: the connection leaves it meanwhile. */

static const rk_query copy_query = {.sql = "(a copy of a table)"};

/* What came of a copy so far. */
typedef struct {
    rk_op *op;
    struct rk_session *session;
    rk_wire state;
    PGresult *refused; /* owned by the arena */
    int64_t rows;
} copying;

static void note(copying *it, PGresult *result)
{
    const char *rows = PQcmdTuples(result);

    if (PQresultStatus(result) != PGRES_FATAL_ERROR) {
        if (*rows)
            it->rows = strtoll(rows, NULL, 10);
        PQclear(result);
    } else if (!rk_refusal_is_of_server(result)) {
        it->state = RK_WIRE_LOST;
        PQclear(result);
    } else if (rk_arena_defer(it->op->arena, rk_result_clear, result) < 0) {
        it->state = RK_WIRE_NO_MEMORY;
    } else {
        it->refused = result;
    }
}

/* Reads results up to the end of the command, or to the beginning of the copy. */
static bool read_results(copying *it, ExecStatusType wanted)
{
    PGresult *result;

    for (;;) {
        it->state = rk_conn_next(&result, it->session->conn, rk_patience_of(it->op));
        if (it->state != RK_WIRE_OK || !result)
            return false;
        if (PQresultStatus(result) == wanted) {
            PQclear(result);
            return true;
        }
        note(it, result);
        if (it->state != RK_WIRE_OK)
            return false;
    }
}

static bool begin(copying *it, const char *sql, ExecStatusType wanted)
{
    PGconn *pg = it->session->conn->pg;

    if (!PQexitPipelineMode(pg) || !PQsendQuery(pg, sql)) {
        it->state = RK_WIRE_LOST;
        return false;
    }
    return read_results(it, wanted);
}

static int finish(copying *it)
{
    struct rk_session *session = it->session;
    bool back = it->state == RK_WIRE_OK && PQenterPipelineMode(session->conn->pg);

    session->failed = !back || it->refused;
    if (!back) {
        rk_session_drop(session, false);
        return rk_connection_failed(it->op, it->state == RK_WIRE_OK ? RK_WIRE_LOST : it->state);
    }
    return it->refused ? rk_refusal(it->op, &copy_query, it->refused) : 0;
}

/* The connection goes, since the rest of the copy would still be under way. */
static int give_up(copying *it, int err)
{
    it->session->failed = true;
    rk_session_drop(it->session, false);
    return err;
}

/* The next row; NULL at the end, and when the connection has failed. */
static char *next_row(copying *it, int *length)
{
    rk_conn *conn = it->session->conn;
    char *row = NULL;

    while ((*length = PQgetCopyData(conn->pg, &row, 1)) == 0) {
        it->state = rk_conn_wait(conn, POLLIN, rk_patience_of(it->op));
        if (it->state == RK_WIRE_OK && !PQconsumeInput(conn->pg))
            it->state = RK_WIRE_LOST;
        if (it->state != RK_WIRE_OK)
            return NULL;
    }
    return row;
}

int rk_db_copy_out(rk_op *op, const char *sql, rk_copy_sink *sink, void *user)
{
    copying it = {.op = op, .session = op->session};
    char *row;
    int length;

    RK_ASSERT(it.session && it.session->begun);
    if (!begin(&it, sql, PGRES_COPY_OUT))
        return finish(&it);
    while ((row = next_row(&it, &length))) {
        int err = sink(user, op, row, (size_t)length);

        PQfreemem(row);
        if (err < 0)
            return give_up(&it, err);
    }
    if (it.state == RK_WIRE_OK)
        (void)read_results(&it, PGRES_NONFATAL_ERROR); /* the state tells */
    return finish(&it);
}

/* Sends all that is buffered, so that a slow server does not fill our memory. */
static bool flush(copying *it)
{
    rk_conn *conn = it->session->conn;
    int unsent;

    while ((unsent = PQflush(conn->pg)) > 0) {
        it->state = rk_conn_wait(conn, POLLIN | POLLOUT, rk_patience_of(it->op));
        if (it->state == RK_WIRE_OK && !PQconsumeInput(conn->pg))
            it->state = RK_WIRE_LOST;
        if (it->state != RK_WIRE_OK)
            return false;
    }
    if (unsent < 0)
        it->state = RK_WIRE_LOST;
    return unsent == 0;
}

static bool put(copying *it, const char *bytes, size_t length)
{
    if (PQputCopyData(it->session->conn->pg, bytes, (int)length) == 1)
        return flush(it);
    it->state = RK_WIRE_LOST;
    return false;
}

static void put_end(copying *it)
{
    if (PQputCopyEnd(it->session->conn->pg, NULL) != 1)
        it->state = RK_WIRE_LOST;
    else if (flush(it))
        (void)read_results(it, PGRES_NONFATAL_ERROR); /* the state tells */
}

int rk_db_copy_in(int64_t *rows, rk_op *op, const char *sql, rk_copy_source *source, void *user)
{
    copying it = {.op = op, .session = op->session};
    const char *bytes = NULL;
    size_t length = 0;
    int err = 0;

    RK_ASSERT(it.session && it.session->begun);
    if (!begin(&it, sql, PGRES_COPY_IN))
        return finish(&it);
    do {
        err = source(user, op, &bytes, &length);
    } while (err == 0 && length && put(&it, bytes, length));
    if (err < 0)
        return give_up(&it, err);
    if (it.state == RK_WIRE_OK)
        put_end(&it);
    *rows = it.rows;
    return finish(&it);
}
