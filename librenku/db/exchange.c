/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "librenku/base/cancel.h"
#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/session.h"

enum {
    ATTEMPTS = 3,
    ROLLBACK_MS = 1000,
    MICROS_PER_MS = 1000,
    PREFIX_LENGTH = 3,
    NAME_DIGITS = 16,
    BINARY = 1, /* how rows come; parameters go as text */
};

_Static_assert(PREFIX_LENGTH + NAME_DIGITS + 1 <= RK_STATEMENT_NAME_SIZE, "a name must fit");

const rk_query rk_query_begin = {.sql = "BEGIN ISOLATION LEVEL READ COMMITTED"};
const rk_query rk_query_commit = {.sql = "COMMIT"};

/* Sent before the first statement of a connection, in a transaction of its own, so that no rollback
 * undoes it. The server looks every second whether we are still there: a statement that we no
 * longer wait for ends soon. Plans are made once, for any parameters: planning a page of a list
 * takes longer than running it, and statements are written so that no parameter changes the path.
 */
static const char settings_sql[] = "SELECT set_config('TimeZone', 'UTC', false),"
                                   " set_config('DateStyle', 'ISO, MDY', false),"
                                   " set_config('IntervalStyle', 'postgres', false),"
                                   " set_config('extra_float_digits', '1', false),"
                                   " set_config('bytea_output', 'hex', false),"
                                   " set_config('jit', 'off', false),"
                                   " set_config('plan_cache_mode', 'force_generic_plan', false),"
                                   " set_config('client_connection_check_interval', '1s', false),"
                                   " set_config('statement_timeout', $1, false)";

/* --- sending --- */

/* Names follow from the text, so that equal texts share one statement. */
static uint64_t name_of(const char *sql)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *sql; sql++)
        hash = (hash ^ (unsigned char)*sql) * UINT64_C(0x100000001b3);
    return hash;
}

/* By hand: it happens for every statement. */
static void print_name(char out[RK_STATEMENT_NAME_SIZE], uint64_t name)
{
    static const char digits[] = "0123456789abcdef";

    memcpy(out, "rk_", PREFIX_LENGTH);
    for (int i = 0; i < NAME_DIGITS; i++)
        out[PREFIX_LENGTH + i] = digits[name >> (4 * (NAME_DIGITS - 1 - i)) & 15];
    out[PREFIX_LENGTH + NAME_DIGITS] = '\0';
}

void rk_statement_name(char out[RK_STATEMENT_NAME_SIZE], const char *sql)
{
    print_name(out, name_of(sql));
}

static int values_of(const char *const **out, rk_op *op, const rk_params *params)
{
    const char **values = rk_new_array(op, const char *, (size_t)params->count);

    RK_CHECK(values);
    for (int i = 0; i < params->count; i++)
        values[i] = params->items[i].inside ? params->items[i].own : params->items[i].text;
    *out = values;
    return 0;
}

static bool is_parsed_before(const rk_step *steps, const rk_step *step)
{
    for (; steps != step; steps = steps->next)
        if (steps->parsed && steps->name == step->name)
            return true;
    return false;
}

/* Makes sure that the statement is prepared when it runs. */
static bool prepare(rk_op *op, rk_conn *conn, const rk_step *steps, rk_step *step)
{
    char name[RK_STATEMENT_NAME_SIZE];
    const char *sql;

    step->parsed = false;
    if (rk_conn_prepared(&step->name, conn, step->query))
        return true;
    if (rk_query_text(&sql, op, step->query) < 0)
        return false;
    step->name = name_of(sql);
    if (is_parsed_before(steps, step))
        return true;
    if (!rk_conn_reserve(conn))
        return false;
    if (rk_conn_has_name(conn, step->name)) {
        rk_conn_note(conn, step->query, step->name);
        return true;
    }
    print_name(name, step->name);
    step->parsed = true;
    return PQsendPrepare(conn->pg, name, sql, 0, NULL);
}

static bool send_step(rk_op *op, rk_conn *conn, const rk_step *steps, rk_step *step)
{
    const char *const *values;
    char name[RK_STATEMENT_NAME_SIZE];

    if (values_of(&values, op, &step->params) < 0 || !prepare(op, conn, steps, step))
        return false;
    print_name(name, step->name);
    return PQsendQueryPrepared(conn->pg, name, step->params.count, values, NULL, NULL, BINARY);
}

bool rk_exchange_send(rk_op *op, rk_conn *conn, rk_step *step)
{
    conn->reserved_count = 0;
    if (!send_step(op, conn, step, step))
        return false;
    if (step->parsed)
        rk_conn_note(conn, step->query, step->name);
    return true;
}

static bool send_unnamed(rk_op *op, rk_conn *conn, rk_step *step)
{
    const char *const *values;
    const char *sql;

    step->parsed = false;
    return values_of(&values, op, &step->params) == 0 &&
           rk_query_text(&sql, op, step->query) == 0 &&
           PQsendQueryParams(conn->pg, sql, step->params.count, NULL, values, NULL, NULL, BINARY);
}

static bool send_settings(rk_conn *conn, const rk_pool_options *options)
{
    char limit[16];
    const char *values[] = {limit};

    (void)snprintf(limit, sizeof limit, "%d", options->statement_timeout_ms); /* 11 characters */
    return PQsendQueryParams(conn->pg, settings_sql, 1, NULL, values, NULL, NULL, 0) &&
           PQpipelineSync(conn->pg);
}

static bool is_lone(const rk_conn *conn)
{
    return PQpipelineStatus(conn->pg) == PQ_PIPELINE_OFF;
}

/* One statement that stands prepared needs no pipeline, whose end would be a result of its own. */
static bool leave_pipeline(rk_conn *conn, const rk_step *steps)
{
    uint64_t name;
    bool alone = steps && !steps->next && rk_conn_prepared(&name, conn, steps->query);

    return !alone || PQexitPipelineMode(conn->pg);
}

static rk_wire send_all(rk_op *op, struct rk_session *session, rk_step *steps)
{
    rk_conn *conn = session->conn;
    bool unnamed = rk_pool_is_unnamed(session->pool);
    bool sent = conn->fresh ? send_settings(conn, rk_pool_options_of(session->pool))
                            : leave_pipeline(conn, steps);

    conn->reserved_count = 0;
    for (rk_step *step = steps; sent && step; step = step->next) {
        sent = unnamed ? send_unnamed(op, conn, step) : send_step(op, conn, steps, step);
        session->statements++;
    }
    sent = sent && (is_lone(conn) || PQpipelineSync(conn->pg));
    session->round_trips++;
    if (sent)
        return RK_WIRE_OK;
    return op->error.err == RK_ERR_NO_MEMORY ? RK_WIRE_NO_MEMORY : RK_WIRE_LOST;
}

/* --- receiving --- */

void rk_result_clear(void *result)
{
    PQclear(result);
}

/* The one result of one query, and the NULL behind it. */
static rk_wire receive_one(PGresult **out, rk_op *op, rk_conn *conn)
{
    PGresult *end = NULL;
    rk_wire state = rk_conn_next(out, conn, rk_patience_of(op));

    if (state != RK_WIRE_OK)
        return state;
    if (!*out)
        return RK_WIRE_LOST;
    if (rk_arena_defer(op->arena, rk_result_clear, *out) < 0)
        return RK_WIRE_NO_MEMORY;
    state = rk_conn_next(&end, conn, rk_patience_of(op));
    PQclear(end);
    return state == RK_WIRE_OK && end ? RK_WIRE_LOST : state;
}

static rk_wire receive_sync(rk_op *op, rk_conn *conn)
{
    PGresult *sync;
    rk_wire state = rk_conn_next(&sync, conn, rk_patience_of(op));
    bool right = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;

    PQclear(sync);
    return state == RK_WIRE_OK && !right ? RK_WIRE_LOST : state;
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static rk_wire receive_step(rk_op *op, rk_conn *conn, rk_step *step)
{
    PGresult *parsed = NULL;
    rk_wire state = step->parsed ? receive_one(&parsed, op, conn) : RK_WIRE_OK;

    if (state != RK_WIRE_OK)
        return state;
    if (parsed && is_good(parsed))
        rk_conn_note(conn, step->query, step->name);
    state = receive_one(&step->result, op, conn);
    if (parsed && !is_good(parsed))
        step->result = parsed;
    return state;
}

static rk_wire receive_settings(rk_op *op, rk_conn *conn)
{
    PGresult *result;
    rk_wire state = receive_one(&result, op, conn);

    if (state != RK_WIRE_OK)
        return state;
    if (!is_good(result)) {
        rk_log_error(op, "db", "the settings of a connection were refused: %s",
                     PQresultErrorMessage(result));
        return RK_WIRE_LOST;
    }
    conn->fresh = false;
    return receive_sync(op, conn);
}

static rk_wire receive_all(rk_op *op, rk_conn *conn, rk_step *steps, int64_t since)
{
    rk_wire state = RK_WIRE_OK;

    if (conn->fresh) {
        state = receive_settings(op, conn);
        since = rk_measure_now();
    }
    for (rk_step *step = steps; state == RK_WIRE_OK && step; step = step->next) {
        state = receive_step(op, conn, step);
        int64_t now = rk_measure_now();

        rk_measure_statement(op, step, now - since);
        since = now;
    }
    if (state != RK_WIRE_OK)
        return state;
    if (is_lone(conn))
        return PQenterPipelineMode(conn->pg) ? RK_WIRE_OK : RK_WIRE_LOST;
    return receive_sync(op, conn);
}

/* --- one attempt and what it came to --- */

static rk_step *first_refused(rk_step *steps)
{
    for (; steps && steps->result; steps = steps->next)
        if (!is_good(steps->result))
            return steps;
    return NULL;
}

static bool contains(const rk_step *steps, const rk_query *query)
{
    for (; steps; steps = steps->next)
        if (steps->query == query)
            return true;
    return false;
}

/* Whether a statement surely changes nothing. Keywords are written in capitals. */
static bool only_reads(const rk_query *query)
{
    static const char *const changing[] = {"INSERT ", "UPDATE ", "DELETE ", "MERGE "};
    const char *sql = query->sql;

    if (strncmp(sql, "SELECT ", 7) != 0 && strncmp(sql, "WITH ", 5) != 0)
        return false;
    for (size_t i = 0; i < RK_COUNT(changing); i++)
        if (strstr(sql, changing[i]))
            return false;
    return true;
}

typedef struct {
    rk_op *op;
    struct rk_session *session;
    rk_step *steps;
    bool first; /* nothing of this transaction was done before */
    bool again; /* this is not the first attempt */
    bool sent;  /* whole */
    rk_wire state;
    rk_step *refused;
} attempt;

static bool is_done(const attempt *a)
{
    return a->state == RK_WIRE_OK && !a->refused;
}

static bool may_repeat(const attempt *a)
{
    if (!a->first || (a->state != RK_WIRE_OK && a->state != RK_WIRE_LOST))
        return false;
    if (a->refused)
        return rk_refusal_is_stale(a->refused->result) ||
               (!a->session->open && rk_refusal_is_transient(a->refused->result));
    if (contains(a->steps, &rk_query_commit))
        return false;
    return a->session->open || only_reads(a->steps->query);
}

static void settle(attempt *a)
{
    bool stale = a->refused && rk_refusal_is_stale(a->refused->result);

    if (stale && rk_refusal_is_unnamed(a->refused->result))
        rk_pool_set_unnamed(a->session->pool, a->op);
    if (a->state != RK_WIRE_OK || stale ||
        (a->refused && rk_refusal_is_misplaced(a->refused->result)))
        rk_session_drop(a->session, false);
    if (is_done(a))
        a->session->begun = a->session->open;
    else
        a->session->failed = a->session->open;
}

/* Whether the server may have done a change for good, though it has not said so. */
static bool may_be_done(const attempt *a)
{
    if (a->session->open)
        return (a->sent || a->state != RK_WIRE_NO_MEMORY) && contains(a->steps, &rk_query_commit);
    return (a->state == RK_WIRE_LOST || a->state == RK_WIRE_LATE) && !only_reads(a->steps->query);
}

static int conclude(const attempt *a)
{
    if (a->refused && rk_refusal_is_stale(a->refused->result) && a->session->open)
        return rk_fail_default(a->op, RK_ERR_RETRY);
    if (a->refused)
        return rk_refusal(a->op, a->refused->query, a->refused->result);
    if (may_be_done(a))
        return rk_outcome_unknown(a->op, a->state);
    return rk_connection_failed(a->op, a->state);
}

/* Whether a connection that turns out to be dead costs no more than another attempt. A SELECT
 * changes nothing: what does must stand at the top of a WITH. */
static bool may_trust(const attempt *a)
{
    return !a->again && a->first && !contains(a->steps, &rk_query_commit) &&
           (a->session->open || strncmp(a->steps->query->sql, "SELECT ", 7) == 0);
}

/* Without a look at its socket where that can be spared; a restart of the server kills all that lie
 * idle, and the second attempt looks. */
static int take_connection(attempt *a)
{
    struct rk_session *session = a->session;
    bool trusting = may_trust(a);

    for (;;) {
        RK_TRY(rk_measure_take(&session->conn, a->op, session->pool));
        if (trusting || session->conn->fresh || rk_conn_is_alive(session->conn))
            return 0;
        rk_session_drop(session, false);
    }
}

static int try_once(attempt *a)
{
    struct rk_session *session = a->session;

    if (!session->conn)
        RK_TRY(take_connection(a));
    int64_t begun = rk_measure_now();

    RK_TRY(rk_op_check_at(a->op, begun / MICROS_PER_MS));
    for (rk_step *step = a->steps; step; step = step->next)
        step->result = NULL;
    a->state = send_all(a->op, session, a->steps);
    a->sent = a->state == RK_WIRE_OK;
    if (a->sent)
        a->state = receive_all(a->op, session->conn, a->steps, begun);
    a->refused = first_refused(a->steps);
    if (a->refused && !rk_refusal_is_of_server(a->refused->result)) {
        a->refused = NULL; /* who is out of step with the server stays so */
        a->state = RK_WIRE_LOST;
    }
    return 0;
}

int rk_exchange(rk_op *op, struct rk_session *session, rk_step *steps)
{
    attempt a = {.op = op, .session = session, .steps = steps, .first = !session->begun};

    for (int i = 0; i < ATTEMPTS && (i == 0 || may_repeat(&a)); i++) {
        session->failed = false;
        RK_TRY(try_once(&a));
        settle(&a);
        if (is_done(&a))
            return 0;
        a.again = true;
    }
    return conclude(&a);
}

bool rk_exchange_rollback(rk_conn *conn)
{
    rk_patience patience = {.deadline_ms = rk_time_monotonic_ms() + ROLLBACK_MS};
    bool going = PQsendQueryParams(conn->pg, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0) &&
                 PQpipelineSync(conn->pg);

    while (going) {
        PGresult *result;

        going = rk_conn_next(&result, conn, patience) == RK_WIRE_OK;

        ExecStatusType status = PQresultStatus(result);

        PQclear(result);
        if (going && status == PGRES_PIPELINE_SYNC)
            return PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
    }
    return false;
}
