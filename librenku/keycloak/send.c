/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/keycloak/send.h"

#include <poll.h>

#include "librenku/base/cancel.h"
#include "librenku/base/log.h"
#include "librenku/base/time.h"

enum { REPETITIONS_MAX = 5, RETRY_AFTER_MAX_MS = 10 * 60 * 1000 };

/* Ends early when the operation has to. */
static int wait_for(rk_op *op, int64_t milliseconds)
{
    int64_t until_ms = rk_time_monotonic_ms() + milliseconds;
    struct pollfd cancel = {.fd = rk_cancel_fd(op->cancel), .events = POLLIN};

    if (op->deadline_ms && op->deadline_ms < until_ms)
        until_ms = op->deadline_ms;
    for (int64_t now_ms; (now_ms = rk_time_monotonic_ms()) < until_ms;) {
        RK_TRY(rk_op_check(op));
        (void)poll(&cancel, 1, (int)(until_ms - now_ms)); /* a signal only means one more round */
    }
    return rk_op_check(op);
}

static bool asks_to_wait(const rk_net_answer *answer)
{
    bool busy = answer->status == 413 || answer->status == 429 || answer->status == 503;

    return busy && rk_net_answer_header(answer, "Retry-After");
}

static int obey(rk_op *op, const rk_net_answer *answer)
{
    int64_t pause_ms = rk_net_retry_after_ms(answer);

    if (pause_ms > RETRY_AFTER_MAX_MS)
        return rk_fail(op, RK_ERR_REMOTE,
                       "Keycloak is busy (status %d) and asks to wait for %lld seconds.",
                       answer->status, (long long)pause_ms / 1000);
    rk_log_warning(op, "keycloak", "Keycloak is busy (status %d): next attempt in %lld ms.",
                   answer->status, (long long)pause_ms);
    return wait_for(op, pause_ms);
}

static int recover(rk_op *op, int64_t pause_ms)
{
    rk_log_warning(op, "keycloak", "%s; next attempt in %lld ms.", op->error.message,
                   (long long)pause_ms);
    rk_error_clear(op);
    return wait_for(op, pause_ms);
}

int rk_keycloak_send(rk_net_answer *out, rk_op *op, const rk_net_request *request, int pause_ms)
{
    for (int repetition = 0;; repetition++) {
        int result = rk_net_send(out, op, request);
        bool again = result < 0 ? out->unreached : asks_to_wait(out);

        if (!again || repetition == REPETITIONS_MAX)
            return result;
        RK_TRY(result < 0 ? recover(op, (int64_t)pause_ms << repetition) : obey(op, out));
    }
}
