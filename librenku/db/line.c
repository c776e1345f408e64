/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/line.h"

#include <stdlib.h>

#include "librenku/base/time.h"
#include "librenku/db/session.h"

enum {
    UNDER_WAY_MAX = 64, /* all of it fits into the buffers of a socket; the rest goes to threads */
    FLIGHTS_MAX = 2,    /* round trips: one is answered, one is on its way */
    SLOW_TIMES = 4,     /* what takes so many times the usual is slow: nobody waits behind it */
    SLOW_LEAST_MS = 10,
    GIVE_UP_MS = 500, /* then it is taken elsewhere itself */
    PAUSE_MS = 1000,  /* after a connection was given up */
    USUAL_WEIGHT = 16,
    USUAL_FIRST = 50 * USUAL_WEIGHT, /* until it is known */
};

/* Which result of the oldest statement comes next. */
typedef enum { PHASE_PARSED, PHASE_PARSED_END, PHASE_ROWS, PHASE_ROWS_END, PHASE_SYNC } phase;

typedef struct {
    rk_ticket *first;
    rk_ticket **last;
} queue;

struct rk_line {
    rk_pool *pool;
    rk_conn *conn; /* NULL is none */
    queue sent, done;
    phase phase; /* of the first that was sent */
    int under_way;
    int syncs;     /* sent and not answered */
    bool unsynced; /* a statement was sent behind the last Sync */
    rk_ticket *newest;
    int64_t not_before_ms;
    int64_t usual_ms; /* from sending to the answer, times USUAL_WEIGHT */
    /* They stand in the queue for tickets that were taken elsewhere, and take their answers. */
    rk_ticket shadows[UNDER_WAY_MAX];
    int shadow_count;
};

static void push(queue *to, rk_ticket *ticket)
{
    ticket->next = NULL;
    *to->last = ticket;
    to->last = &ticket->next;
}

static rk_ticket *shift(queue *from)
{
    rk_ticket *ticket = from->first;

    from->first = ticket->next;
    if (!from->first)
        from->last = &from->first;
    return ticket;
}

rk_line *rk_line_new(rk_pool *pool)
{
    rk_line *line = calloc(1, sizeof *line);

    if (!line)
        return NULL;
    line->pool = pool;
    line->usual_ms = USUAL_FIRST;
    line->sent.last = &line->sent.first;
    line->done.last = &line->done.first;
    return line;
}

void rk_line_free(rk_line *line)
{
    if (!line)
        return;
    if (line->conn)
        rk_pool_give(line->pool, line->conn, !line->sent.first);
    free(line);
}

int rk_line_socket(const rk_line *line)
{
    return line->conn ? PQsocket(line->conn->pg) : -1;
}

/* --- what goes wrong --- */

static bool is_shadow(const rk_ticket *ticket)
{
    return !ticket->line;
}

static void refuse(rk_line *line, rk_ticket *ticket)
{
    rk_ticket_clear(ticket);
    if (is_shadow(ticket))
        return;
    ticket->state = RK_TICKET_REFUSED;
    push(&line->done, ticket);
}

void rk_line_drop(rk_line *line)
{
    while (line->sent.first)
        refuse(line, shift(&line->sent));
    if (line->conn)
        rk_pool_give(line->pool, line->conn, false);
    line->conn = NULL;
    line->under_way = line->syncs = line->shadow_count = 0;
    line->unsynced = false;
    line->not_before_ms = rk_time_monotonic_ms() + PAUSE_MS;
}

static bool is_slow(const rk_line *line, const rk_ticket *ticket)
{
    int64_t slow_ms = SLOW_TIMES * line->usual_ms / USUAL_WEIGHT;

    if (slow_ms < SLOW_LEAST_MS)
        slow_ms = SLOW_LEAST_MS;
    return rk_time_monotonic_ms() - ticket->sent_ms >= slow_ms;
}

static bool is_in_the_way(const rk_line *line)
{
    const rk_ticket *first = line->sent.first;

    return first && first->next && line->shadow_count == 0 && is_slow(line, first);
}

/* Those behind the first are taken elsewhere. */
static void take_elsewhere(rk_line *line)
{
    rk_ticket *next = line->sent.first->next;

    line->sent.last = &line->sent.first->next;
    for (rk_ticket *ticket = next; ticket; ticket = next) {
        rk_ticket *shadow = &line->shadows[line->shadow_count++];

        next = ticket->next;
        *shadow = (rk_ticket){
            .sent_ms = ticket->sent_ms, .parsed = ticket->parsed, .synced = ticket->synced};
        push(&line->sent, shadow);
        refuse(line, ticket);
    }
}

bool rk_line_is_busy(const rk_line *line)
{
    return line->sent.first;
}

/* --- sending --- */

static bool open_line(rk_line *line, int64_t now)
{
    if (!line->conn && now >= line->not_before_ms)
        line->conn = rk_pool_lend(line->pool);
    if (line->conn)
        return true;
    if (now >= line->not_before_ms)
        line->not_before_ms = now + 1; /* asking costs a lock */
    return false;
}

bool rk_line_is_open(rk_line *line)
{
    int64_t now = rk_time_monotonic_ms();

    if (line->under_way == UNDER_WAY_MAX || rk_pool_wants_back(line->pool) || !open_line(line, now))
        return false;
    return !line->sent.first || (line->shadow_count == 0 && !is_slow(line, line->sent.first));
}

/* Has the server answer all that was sent, in one piece. That it cannot be reached shows when the
 * answer is read. */
static void sync_line(rk_line *line)
{
    line->newest->synced = true;
    line->unsynced = false;
    line->syncs++;
    (void)PQpipelineSync(line->conn->pg);
}

static void note_sent(rk_line *line, rk_ticket *ticket, const rk_step *step)
{
    if (line->under_way++ == 0)
        line->phase = step->parsed ? PHASE_PARSED : PHASE_ROWS;
    ticket->parsed = step->parsed;
    ticket->query = step->query;
    ticket->sent_ms = rk_time_monotonic_ms();
    ticket->sent_us = rk_measure_now();
    ticket->state = RK_TICKET_SENT;
    push(&line->sent, ticket);
    line->newest = ticket;
    line->unsynced = true;
}

/* While answers are awaited, what comes is gathered: the more there is to do, the more travels
 * together. */
static int suspend(rk_ticket *ticket, rk_op *op, rk_step *step)
{
    rk_line *line = ticket->line;

    if (!line->conn || !rk_exchange_send(op, line->conn, step)) {
        rk_line_drop(line);
        ticket->state = RK_TICKET_REFUSED;
        return RK_SUSPENDED;
    }
    note_sent(line, ticket, step);
    if (line->syncs < FLIGHTS_MAX)
        sync_line(line);
    return RK_SUSPENDED;
}

int rk_line_run(rk_op *op, rk_step *step)
{
    rk_ticket *ticket = op->ticket;

    if (ticket->state == RK_TICKET_NEW)
        return suspend(ticket, op, step);
    if (ticket->state != RK_TICKET_ANSWERED || ticket->query != step->query) {
        ticket->state = RK_TICKET_REFUSED;
        return RK_SUSPENDED;
    }
    ticket->state = RK_TICKET_SPENT;
    rk_measure_statement(op, step, rk_measure_now() - ticket->sent_us);
    step->result = ticket->result;
    ticket->result = NULL;
    if (rk_arena_defer(op->arena, rk_result_clear, step->result) < 0)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    return 0;
}

/* --- receiving --- */

static void begin_next(rk_line *line)
{
    if (line->sent.first)
        line->phase = line->sent.first->parsed ? PHASE_PARSED : PHASE_ROWS;
}

static void note_usual(rk_line *line, const rk_ticket *ticket)
{
    line->usual_ms += rk_time_monotonic_ms() - ticket->sent_ms - line->usual_ms / USUAL_WEIGHT;
}

static void conclude(rk_line *line)
{
    rk_ticket *ticket = shift(&line->sent);

    line->under_way--;
    if (is_shadow(ticket)) {
        rk_ticket_clear(ticket);
    } else {
        ticket->state = RK_TICKET_ANSWERED;
        note_usual(line, ticket);
        push(&line->done, ticket);
    }
    if (!line->sent.first)
        line->shadow_count = 0;
    begin_next(line);
}

static bool take_parsed(rk_line *line, PGresult *result)
{
    line->phase = PHASE_PARSED_END;
    return PQresultStatus(result) == PGRES_COMMAND_OK;
}

static bool take_parsed_end(rk_line *line, PGresult *result)
{
    line->phase = PHASE_ROWS;
    return !result;
}

static bool take_rows(rk_line *line, PGresult *result)
{
    line->phase = PHASE_ROWS_END;
    return PQresultStatus(result) == PGRES_TUPLES_OK;
}

static bool take_rows_end(rk_line *line, PGresult *result)
{
    if (line->sent.first->synced)
        line->phase = PHASE_SYNC;
    else
        conclude(line);
    return !result;
}

static bool take_sync(rk_line *line, PGresult *result)
{
    line->syncs--;
    conclude(line);
    return PQresultStatus(result) == PGRES_PIPELINE_SYNC;
}

/* One result, or the NULL behind it; false when it is not what must come. */
static bool take(rk_line *line, PGresult *result)
{
    static bool (*const takers[])(rk_line * line, PGresult * result) = {
        [PHASE_PARSED] = take_parsed, [PHASE_PARSED_END] = take_parsed_end,
        [PHASE_ROWS] = take_rows,     [PHASE_ROWS_END] = take_rows_end,
        [PHASE_SYNC] = take_sync,
    };

    if (line->phase == PHASE_ROWS)
        line->sent.first->result = result;
    bool kept = line->phase == PHASE_ROWS;
    bool right = takers[line->phase](line, result);

    if (!kept)
        PQclear(result);
    return right;
}

static bool take_all(rk_line *line)
{
    PGconn *pg = line->conn->pg;

    while (line->sent.first && !PQisBusy(pg)) {
        if (!take(line, PQgetResult(pg)))
            return false;
    }
    return !line->sent.first || rk_time_monotonic_ms() - line->sent.first->sent_ms < GIVE_UP_MS;
}

/* A thread waits for it. The loop may still hear of its socket, and finds nothing to read. */
static void give_back(rk_line *line)
{
    rk_pool_give(line->pool, line->conn, true);
    line->conn = NULL;
}

void rk_line_read(rk_line *line)
{
    if (!line->conn)
        return;
    if (line->unsynced)
        sync_line(line); /* before libpq sends what it has, without a Sync */
    bool alive = PQconsumeInput(line->conn->pg) && PQflush(line->conn->pg) >= 0;

    if (!alive || !take_all(line))
        rk_line_drop(line);
    else if (is_in_the_way(line))
        take_elsewhere(line);
    else if (!line->sent.first && line->syncs == 0 && rk_pool_wants_back(line->pool))
        give_back(line);
}

rk_ticket *rk_line_next(rk_line *line)
{
    return line->done.first ? shift(&line->done) : NULL;
}

void rk_ticket_clear(rk_ticket *ticket)
{
    PQclear(ticket->result);
    ticket->result = NULL;
}
