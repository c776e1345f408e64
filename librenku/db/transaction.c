/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <string.h>

#include "librenku/base/cancel.h"
#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/session.h"

enum {
    ATTEMPTS = 5,
    FIRST_PAUSE_MS = 4,
    AFTERWARDS_BYTES = 60 * 1024, /* for rows that come with the commit, and for the answer */
};

int rk_db_begin(rk_op *op)
{
    RK_TRY(rk_op_may_wait(op));
    struct rk_session *session = rk_session_of(op);

    RK_CHECK(session);
    RK_ASSERT(!session->open);
    session->open = true;
    session->begun = session->failed = false;
    return 0;
}

/* Whether there is anything to commit, or to roll back. */
static bool is_pending(const struct rk_session *session)
{
    return session->begun || session->failed || session->deferred;
}

int rk_db_commit(rk_op *op)
{
    struct rk_session *session = op->session;
    rk_step commit = {.query = &rk_query_commit};

    RK_ASSERT(session && session->open);
    if (is_pending(session)) {
        RK_TRY(rk_session_run(op, session, &commit));
        if (strcmp(PQcmdStatus(commit.result), "COMMIT") != 0)
            return rk_fail(op, RK_ERR_DATABASE,
                           "Database error occurred: the transaction was rolled back");
    }
    session->open = session->begun = false;
    return 0;
}

/* A signal may end it early, and a handle that cancels does; the next exchange notices that. */
static void pause_ms(const rk_op *op, int64_t milliseconds)
{
    struct pollfd cancel = {.fd = rk_cancel_fd(op->cancel), .events = POLLIN};

    (void)poll(&cancel, 1, (int)milliseconds); /* whatever comes first */
}

/* Grows with each attempt; the microseconds of the clock part those that collided. */
static int64_t pause_before(int attempt)
{
    int64_t longest = (int64_t)FIRST_PAUSE_MS << 2 * attempt;

    return longest / 2 + rk_time_now() % (longest / 2 + 1);
}

/* While it can still be rolled back. */
static int afford_answer(rk_op *op)
{
    return rk_arena_reserve(op->arena, AFTERWARDS_BYTES) ? 0
                                                         : rk_fail_default(op, RK_ERR_NO_MEMORY);
}

int rk_db_only(void *out, rk_op *op, const rk_query *query, rk_params params)
{
    struct rk_session *session = op->session;

    RK_ASSERT(session && session->open && !is_pending(session));
    RK_TRY(afford_answer(op));
    session->open = false;
    int err = rk_db_one(out, op, query, params);

    session->open = true;
    return err;
}

static int attempt_once(rk_op *op, int (*body)(rk_op *op, void *user), void *user)
{
    RK_TRY(rk_db_begin(op));

    int err = body(op, user);

    if (err == 0 && is_pending(op->session))
        err = afford_answer(op);
    if (err == 0)
        err = rk_db_commit(op);
    rk_db_end(op);
    return err;
}

int rk_db_transaction(rk_op *op, int (*body)(rk_op *op, void *user), void *user)
{
    int err = attempt_once(op, body, user);

    for (int i = 1; i < ATTEMPTS && err == RK_ERR_RETRY; i++) {
        int64_t pause = pause_before(i);

        if (op->deadline_ms && rk_time_monotonic_ms() + pause >= op->deadline_ms)
            break;
        rk_log_debug(op, "db", "the transaction is repeated after %d ms", (int)pause);
        rk_error_clear(op);
        pause_ms(op, pause);
        err = attempt_once(op, body, user);
    }
    return err;
}
