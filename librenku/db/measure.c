/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "librenku/base/counter.h"
#include "librenku/base/log.h"
#include "librenku/base/settings.h"
#include "librenku/db/session.h"

enum { SHOWN_MAX = 120 };

int64_t rk_measure_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void count_micros(const rk_op *op, rk_counter counter, int64_t micros)
{
    rk_count(op->counters, counter, micros > 0 ? (uint64_t)micros : 0);
}

int rk_measure_take(rk_conn **out, rk_op *op, rk_pool *pool)
{
    rk_count(op->counters, RK_COUNT_POOL_TAKEN, 1);
    *out = rk_pool_take_idle(pool);
    if (*out)
        return 0;

    int64_t before = rk_measure_now();

    rk_count(op->counters, RK_COUNT_POOL_WAITING, 1);
    int err = rk_pool_take(out, op, pool);

    rk_count(op->counters, RK_COUNT_POOL_WAITING, (uint64_t)-1);
    rk_count(op->counters, RK_COUNT_POOL_REFUSED, err < 0);
    count_micros(op, RK_COUNT_POOL_WAIT, rk_measure_now() - before);
    return err;
}

/* The beginning of the text on one line. Values never stand in it. */
static void shorten(char out[SHOWN_MAX + 1], const char *sql)
{
    size_t length = 0;

    for (; *sql && length < SHOWN_MAX; sql++) {
        if (*sql == ' ' && length && out[length - 1] == ' ')
            continue;
        out[length++] = *sql;
    }
    out[length] = '\0';
}

static void report(rk_op *op, const rk_step *step, int64_t micros)
{
    char shown[SHOWN_MAX + 1], name[RK_STATEMENT_NAME_SIZE];
    const char *sql;

    if (rk_query_text(&sql, op, step->query) < 0)
        return; /* the next allocation fails as well */
    shorten(shown, sql);
    rk_statement_name(name, sql);
    rk_log_warning(op, "db", "slow statement %s: %lld ms: %s", name, (long long)(micros / 1000),
                   shown);
}

void rk_measure_statement(rk_op *op, const rk_step *step, int64_t micros)
{
    int64_t limit_ms =
        op->settings ? rk_settings_int(op->settings, RK_SET_RENKU_SLOW_STATEMENT_MS) : 0;

    rk_count(op->counters, RK_COUNT_STATEMENTS, 1);
    count_micros(op, RK_COUNT_STATEMENT_TIME, micros);
    if (limit_ms <= 0 || micros < limit_ms * 1000)
        return;
    rk_count(op->counters, RK_COUNT_STATEMENTS_SLOW, 1);
    report(op, step, micros);
}
