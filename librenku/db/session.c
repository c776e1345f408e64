/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/session.h"

#include <string.h>

#include "librenku/base/log.h"

static void give_back(void *session)
{
    struct rk_session *it = session;

    if (it->conn)
        rk_session_drop(it, PQtransactionStatus(it->conn->pg) == PQTRANS_IDLE);
}

struct rk_session *rk_session_of(rk_op *op)
{
    if (op->session)
        return op->session;

    struct rk_session *session = rk_new(op, struct rk_session);

    if (!session)
        return NULL;
    session->pool = op->pool;
    session->deferred_end = &session->deferred;
    if (rk_arena_defer(op->arena, give_back, session) < 0) {
        (void)rk_fail_default(op, RK_ERR_NO_MEMORY); /* NULL says it */
        return NULL;
    }
    op->session = session;
    return session;
}

void rk_session_drop(struct rk_session *session, bool usable)
{
    rk_pool_give(session->pool, session->conn, usable);
    session->conn = NULL;
}

static void forget_deferred(struct rk_session *session)
{
    session->deferred = NULL;
    session->deferred_end = &session->deferred;
}

/* Every deferred statement that has a place for its row. */
static int load_deferred(rk_op *op, const rk_step *steps)
{
    for (; steps; steps = steps->next)
        if (steps->out)
            RK_TRY(rk_row_load_found(steps->out, op, steps));
    return 0;
}

int rk_session_run(rk_op *op, struct rk_session *session, rk_step *last)
{
    rk_step begin = {.query = &rk_query_begin};

    if (op->error.err == RK_ERR_NO_MEMORY)
        return RK_ERR_NO_MEMORY;
    if (session->failed)
        return rk_fail(op, RK_ERR_DATABASE, "Database error occurred: the transaction has failed");
    *session->deferred_end = last;

    rk_step *steps = session->deferred;

    forget_deferred(session);
    if (session->open && !session->begun) {
        begin.next = steps;
        steps = &begin;
    }
    RK_TRY(rk_exchange(op, session, steps));
    return load_deferred(op, steps);
}

/* The answers to a text of several statements: the first refusal, NULL when all went well. */
static rk_wire receive_script(PGresult **out, rk_op *op, rk_conn *conn)
{
    rk_wire state;
    PGresult *result;

    *out = NULL;
    while ((state = rk_conn_next(&result, conn, rk_patience_of(op))) == RK_WIRE_OK && result) {
        bool refused = PQresultStatus(result) == PGRES_FATAL_ERROR;

        if (refused && rk_arena_defer(op->arena, rk_result_clear, result) < 0)
            return RK_WIRE_NO_MEMORY;
        if (refused)
            *out = result;
        else
            PQclear(result);
    }
    return state;
}

/* What a migration warns of belongs into the log. */
static void tell_warning(void *user, const PGresult *notice)
{
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity && strcmp(severity, "WARNING") == 0)
        rk_log_warning(user, "db", "%s", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
}

/* Outside of a pipeline, where alone several statements can stand in one text. */
int rk_session_script(rk_op *op, const char *sql)
{
    struct rk_session *session = op->session;
    const rk_query query = {.sql = "(a migration)"};
    PGresult *refused = NULL;

    RK_ASSERT(session && session->begun);
    PGconn *pg = session->conn->pg;
    PQnoticeReceiver before = PQsetNoticeReceiver(pg, tell_warning, op);
    rk_wire state = PQexitPipelineMode(pg) && PQsendQuery(pg, sql)
                        ? receive_script(&refused, op, session->conn)
                        : RK_WIRE_LOST;

    (void)PQsetNoticeReceiver(pg, before, NULL); /* gives the one of here */
    if (state == RK_WIRE_OK && refused && !rk_refusal_is_of_server(refused))
        state = RK_WIRE_LOST;
    session->failed = state != RK_WIRE_OK || refused || !PQenterPipelineMode(pg);
    if (state != RK_WIRE_OK) {
        rk_session_drop(session, false);
        return rk_connection_failed(op, state);
    }
    return refused ? rk_refusal(op, &query, refused) : 0;
}

/* --- the functions of db.h --- */

static int run(struct rk_step *step, rk_op *op)
{
    if (op->ticket)
        return rk_line_run(op, step);

    struct rk_session *session = rk_session_of(op);

    RK_CHECK(session);
    return rk_session_run(op, session, step);
}

int rk_db_one(void *out, rk_op *op, const rk_query *query, rk_params params)
{
    rk_step step = {.query = query, .params = params};

    RK_TRY(run(&step, op));
    return rk_row_load_found(out, op, &step);
}

int rk_db_lookup(void *out, bool *found, rk_op *op, const rk_query *query, rk_params params)
{
    rk_step step = {.query = query, .params = params};

    RK_TRY(run(&step, op));
    return rk_row_load_one(out, found, op, &step);
}

int rk_db_all(rk_array *out, rk_op *op, const rk_query *query, rk_params params)
{
    rk_step step = {.query = query, .params = params};

    RK_ASSERT(query->row);
    RK_TRY(run(&step, op));

    size_t count = (size_t)PQntuples(step.result);
    char *items = rk_alloc(op, count, query->row->size_bytes);

    RK_CHECK(items);
    for (size_t i = 0; i < count; i++)
        RK_TRY(rk_row_load(items + i * query->row->size_bytes, op, query, step.result, (int)i));
    *out = (rk_array){.set = true, .count = count, .items = items};
    return 0;
}

int rk_db_each(rk_array *out, rk_op *op, const rk_query *query, rk_params params, size_t count)
{
    RK_TRY(rk_db_all(out, op, query, params));
    if (out->count == count)
        return 0;
    return rk_fail(op, RK_ERR_DATABASE,
                   "Database error occurred: %zu rows came where %zu were asked for; please retry",
                   out->count, count);
}

static bool has_model(const char *item, const rk_row *row)
{
    const char *first;

    memcpy(&first, item + row->columns[0].offset, sizeof(first));
    return first != NULL;
}

/* The models move together, over the totals between them. */
int rk_db_page(rk_array *out, int64_t *total, rk_op *op, const rk_query *query, rk_params params)
{
    rk_array rows;

    RK_TRY(rk_db_all(&rows, op, query, params));
    const rk_row *row = query->row;
    const size_t model_bytes = row->columns[row->count - 1].offset;
    char *models = rows.items;

    *out = (rk_array){.set = true, .items = models};
    *total = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const char *item = models + i * row->size_bytes;

        memcpy(total, item + model_bytes, sizeof(*total));
        if (has_model(item, row))
            memmove(models + out->count++ * model_bytes, item, model_bytes);
    }
    return 0;
}

int rk_db_run(int64_t *affected, rk_op *op, const rk_query *query, rk_params params)
{
    rk_step step = {.query = query, .params = params};

    RK_TRY(run(&step, op));
    if (affected)
        *affected = rk_result_count(step.result);
    return 0;
}

/* The caller's values may be gone when the statement is sent. */
static int keep_params(rk_params *out, rk_op *op, rk_params params)
{
    rk_param *items = rk_new_array(op, rk_param, (size_t)params.count);

    RK_CHECK(items);
    for (int i = 0; i < params.count; i++) {
        items[i] = params.items[i];
        if (items[i].inside || !items[i].text)
            continue;
        items[i].text = rk_strdup(op, items[i].text);
        RK_CHECK(items[i].text);
    }
    *out = (rk_params){items, params.count};
    return 0;
}

int rk_db_defer(void *out, rk_op *op, const rk_query *query, rk_params params)
{
    struct rk_session *session = rk_session_of(op);

    RK_CHECK(session);
    RK_ASSERT(session->open);
    rk_step *step = rk_new(op, rk_step);

    RK_CHECK(step);
    step->query = query;
    step->out = out;
    RK_TRY(keep_params(&step->params, op, params));
    *session->deferred_end = step;
    session->deferred_end = &step->next;
    return 0;
}

void rk_db_end(rk_op *op)
{
    struct rk_session *session = op->session;

    if (!session)
        return;
    forget_deferred(session);
    session->open = session->begun = session->failed = false;
    if (session->conn)
        rk_session_drop(session, PQtransactionStatus(session->conn->pg) == PQTRANS_IDLE ||
                                     rk_exchange_rollback(session->conn));
}

bool rk_db_is_open(const rk_op *op)
{
    return op->session && op->session->open;
}

void rk_db_counts(const rk_op *op, int *statements, int *round_trips)
{
    *statements = op->session ? op->session->statements : 0;
    *round_trips = op->session ? op->session->round_trips : 0;
}
