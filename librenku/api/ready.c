/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "librenku/api/authenticate.h"
#include "librenku/api/ctx.h"
#include "librenku/api/doctor.h"
#include "librenku/api/result.h"
#include "librenku/base/time.h"
#include "renku/http.h"

enum { READY_TIMEOUT_MS = 2000, DISCOVERY_ATTEMPTS = 20 };

/* One line for each examination that readiness depends on; tells whether all passed. */
static int examine_all(bool *ready, rk_buf *out, rk_op *op)
{
    *ready = true;
    for (int i = 0; i < rk_examination_count; i++) {
        const rk_examination *examination = &rk_examinations[i];
        const char *problem;

        if (!examination->serves)
            continue;
        RK_TRY(examination->examine(&problem, op));
        rk_buf_printf(out, "[%s] %s%s%s\n", problem ? "-" : "+", examination->name,
                      problem ? ": " : "", problem ? problem : "");
        *ready &= !problem;
    }
    return rk_buf_finish(out);
}

static int answer(renku_result *out, rk_op *op, void *user)
{
    bool verbose = *(const int *)user != 0, ready;
    rk_buf buf;

    op->deadline_ms = rk_time_monotonic_ms() + READY_TIMEOUT_MS;
    rk_buf_begin(&buf, op, 256);
    RK_TRY(examine_all(&ready, &buf, op));
    out->status = ready ? 200 : 503;
    if (verbose)
        rk_result_body(out, "text/plain; charset=utf-8", buf.text, buf.length);
    else
        rk_result_body(out, "text/plain; charset=utf-8", ready ? "ok\n" : "not ready\n",
                       ready ? 3 : 10);
    return 0;
}

static int discover(renku_result *out, rk_op *op, void *user)
{
    (void)out;
    (void)user;
    op->deadline_ms = 0;
    return op->ctx->authenticator
               ? rk_authenticator_discover(op->ctx->authenticator, op, DISCOVERY_ATTEMPTS)
               : 0;
}

renku_result *renku_http_discover(renku_ctx *ctx)
{
    return rk_ctx_run(ctx, discover, NULL);
}

renku_result *renku_http_ready(renku_ctx *ctx, int verbose)
{
    return rk_ctx_run(ctx, answer, &verbose);
}
