/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "librenku/api/exchange.h"
#include "librenku/db/line.h"

/* Requests in the event loop of a server: db/line.h says how. */

struct renku_http_line {
    renku_ctx *ctx;
    rk_line *line;
};

/* One request under way. It lives in the arena of its own operation. */
typedef struct {
    rk_op op;
    rk_ticket ticket;
    renku_http_request request;
    rk_http_exchange exchange;
    renku_result *result;
    void *user;
} errand;

static errand *errand_new(renku_http_line *line, const rk_http_exchange *x, void *user)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return NULL;
    errand *it = rk_new(&op, errand);

    if (!it) {
        rk_op_end(&op);
        return NULL;
    }
    rk_ctx_begin(&op, line->ctx);
    it->op = op;
    it->op.ticket = &it->ticket;
    it->ticket.line = line->line;
    it->ticket.owner = it;
    it->request = *x->request;
    it->exchange = *x;
    it->exchange.request = &it->request;
    it->user = user;
    it->result = rk_result_new(&it->op);
    return it;
}

/* The errand goes with its arena. */
static void discard(errand *it)
{
    rk_op op = it->op;

    rk_ticket_clear(&it->ticket);
    rk_op_end(&op);
}

/* The answer, which takes the arena along. */
static renku_result *settle(errand *it, int outcome)
{
    rk_op op = it->op;
    renku_result *result = it->result;

    rk_ticket_clear(&it->ticket);
    return rk_result_settle(&op, result, outcome);
}

/* What asks nobody needs no ticket. */
static renku_result *answer_at_once(renku_http_line *line, rk_http_exchange *x)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    rk_ctx_begin(&op, line->ctx);
    renku_result *result = rk_result_new(&op);

    return rk_result_settle(&op, result, result ? rk_http_answer(result, &op, x) : -1);
}

renku_http_line *renku_http_line_new(renku_ctx *ctx)
{
    renku_http_line *line =
        ctx && rk_process_is_same(&ctx->process) ? calloc(1, sizeof(*line)) : NULL;

    if (!line)
        return NULL;
    line->ctx = ctx;
    line->line = rk_line_new(ctx->pool);
    if (line->line)
        return line;
    free(line);
    return NULL;
}

void renku_http_line_free(renku_http_line *line)
{
    rk_ticket *ticket;

    if (!line || !rk_process_is_same(&line->ctx->process))
        return;
    if (rk_line_is_busy(line->line))
        rk_line_drop(line->line);
    while ((ticket = rk_line_next(line->line)))
        discard(ticket->owner);
    rk_line_free(line->line);
    free(line);
}

int renku_http_line_begin(renku_result **answer, renku_http_line *line,
                          const renku_http_request *request, void *user)
{
    renku_http_request known;
    rk_http_exchange x = {.request = &known};

    *answer = NULL;
    if (!line || rk_http_read(&known, request))
        return 0;
    x.ctx = line->ctx;
    rk_http_effort effort = rk_http_effort_of(&x);

    if (effort == RK_HTTP_LOCAL)
        *answer = answer_at_once(line, &x);
    if (effort != RK_HTTP_POINT || !rk_line_is_open(line->line))
        return *answer != NULL;
    errand *it = errand_new(line, &x, user);

    if (!it)
        return 0;
    int outcome = it->result ? rk_http_answer(it->result, &it->op, &it->exchange) : -1;

    if (outcome != RK_SUSPENDED)
        *answer = settle(it, outcome);
    else if (it->ticket.state != RK_TICKET_SENT)
        discard(it);
    else
        return 1;
    return *answer != NULL;
}

int renku_http_line_socket(const renku_http_line *line)
{
    return line ? rk_line_socket(line->line) : -1;
}

void renku_http_line_read(renku_http_line *line)
{
    if (line)
        rk_line_read(line->line);
}

void renku_http_line_drop(renku_http_line *line)
{
    if (line && rk_line_is_busy(line->line))
        rk_line_drop(line->line);
}

int renku_http_line_next(renku_result **answer, void **user, renku_http_line *line)
{
    rk_ticket *ticket = line ? rk_line_next(line->line) : NULL;

    *answer = NULL;
    if (!ticket)
        return 0;
    errand *it = ticket->owner;
    int outcome =
        ticket->state == RK_TICKET_ANSWERED ? rk_http_resume(&it->op, &it->exchange) : RK_SUSPENDED;

    *user = it->user;
    if (outcome == RK_SUSPENDED)
        discard(it);
    else
        *answer = settle(it, outcome);
    return 1;
}
