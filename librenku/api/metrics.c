/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/api/authenticate.h"
#include "librenku/api/ctx.h"
#include "librenku/api/keyset.h"
#include "librenku/api/versioned.h"
#include "librenku/base/counter.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/metric/metric.h"
#include "renku/http.h"
#include "renku/result.h"

enum { MEASURE_MS = 1000 };

static const struct {
    const char *name;
    const char *help;
    int kind;
    double divisor;
} rows[] = {
#define RK_COUNTER(id, divisor, name, help) {name, help, RENKU_METRIC_COUNTER, divisor},
#define RK_GAUGE(id, name, help) {name, help, RENKU_METRIC_GAUGE, 1},
#include "librenku/base/counter.def"
#undef RK_COUNTER
#undef RK_GAUGE
};

static double age_of_keys(const renku_ctx *ctx)
{
    rk_keyset_state state = {.age_ms = -1};

    if (ctx->authenticator)
        rk_authenticator_keys(&state, ctx->authenticator);
    return state.age_ms > 0 ? (double)state.age_ms / 1000 : 0;
}

static double lag_of(const rk_outbox *outbox)
{
    int64_t oldest_ms = outbox->oldest_ms, lag_ms = rk_time_now() / 1000 - oldest_ms;

    return oldest_ms && lag_ms > 0 ? (double)lag_ms / 1000 : 0;
}

static double value_of(renku_ctx *ctx, size_t index)
{
    int open, busy;

    rk_pool_count(ctx->pool, &open, &busy);
    switch (index) {
    case RK_COUNT_POOL_SIZE:
        return (double)rk_settings_int(ctx->settings, RK_SET_DB_POOL_SIZE);
    case RK_COUNT_POOL_OPEN:
        return open;
    case RK_COUNT_POOL_BUSY:
        return busy;
    case RK_COUNT_OUTBOX_EVENTS:
        return (double)ctx->outbox.events;
    case RK_COUNT_OUTBOX_LAG:
        return lag_of(&ctx->outbox);
    case RK_COUNT_OUTBOX_MEASURED:
        return (double)ctx->outbox.measured_ms / 1000;
    case RK_COUNT_JWKS_AGE:
        return age_of_keys(ctx);
    default:
        return (double)atomic_load(&ctx->counters.values[index]) / rows[index].divisor;
    }
}

int renku_ctx_metric(renku_ctx *ctx, size_t index, renku_metric *out)
{
    if (!ctx || !out || !rk_size_is_set(out->size) || !rk_process_is_same(&ctx->process) ||
        index >= RK_COUNT(rows))
        return 0;
    const renku_metric metric = {
        .size = out->size,
        .name = rows[index].name,
        .help = rows[index].help,
        .kind = rows[index].kind,
        .value = value_of(ctx, index),
    };

    memcpy(out, &metric, out->size < sizeof(metric) ? out->size : sizeof(metric));
    return 1;
}

static bool has_connection_to_spare(renku_ctx *ctx)
{
    int open, busy;

    rk_pool_count(ctx->pool, &open, &busy);
    return busy < rk_settings_int(ctx->settings, RK_SET_DB_POOL_SIZE);
}

static int measure(renku_result *out, rk_op *op, void *user)
{
    rk_outbox *outbox = &op->ctx->outbox;
    rk_backlog backlog;

    (void)out;
    (void)user;
    op->deadline_ms = rk_time_monotonic_ms() + MEASURE_MS;
    if (rk_metric_backlog(&backlog, op) < 0) {
        rk_error_clear(op); /* the moment of the last measurement tells */
        return 0;
    }
    outbox->events = backlog.events;
    outbox->oldest_ms = backlog.oldest_ms;
    outbox->measured_ms = rk_time_now() / 1000;
    return 0;
}

void renku_ctx_measure(renku_ctx *ctx)
{
    if (ctx && rk_process_is_same(&ctx->process) && !ctx->service->internal &&
        has_connection_to_spare(ctx))
        renku_result_free(rk_ctx_run(ctx, measure, NULL));
}
