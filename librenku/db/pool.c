/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "librenku/base/cancel.h"
#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/session.h"

enum { DEFAULT_WAIT_MS = 30000, LOOK_MS = 50 };

struct rk_pool {
    rk_pool_options options;
    char *texts[5]; /* what the options point to */
    pthread_mutex_t lock;
    pthread_cond_t freed;
    rk_conn *idle; /* last used first */
    int open;      /* idle, in use, and being opened */
    int busy;
    int waiting;
    atomic_bool unnamed;
};

static bool copy_texts(rk_pool *pool)
{
    rk_pool_options *options = &pool->options;
    const char **fields[] = {&options->host, &options->port, &options->user, &options->password,
                             &options->name};

    for (size_t i = 0; i < RK_COUNT(fields); i++) {
        if (!*fields[i])
            continue;
        pool->texts[i] = strdup(*fields[i]);
        if (!pool->texts[i])
            return false;
        *fields[i] = pool->texts[i];
    }
    return true;
}

static void free_texts(rk_pool *pool)
{
    for (size_t i = 0; i < RK_COUNT(pool->texts); i++) {
        if (pool->texts[i])
            explicit_bzero(pool->texts[i], strlen(pool->texts[i]));
        free(pool->texts[i]);
    }
}

static bool make_locks(rk_pool *pool)
{
    pthread_condattr_t monotonic;

    if (pthread_mutex_init(&pool->lock, NULL) != 0)
        return false;
    if (pthread_condattr_init(&monotonic) != 0 ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&pool->freed, &monotonic) != 0) {
        (void)pthread_mutex_destroy(&pool->lock); /* nobody holds it */
        return false;
    }
    (void)pthread_condattr_destroy(&monotonic); /* cannot fail on one that exists */
    return true;
}

int rk_pool_new(rk_pool **out, rk_op *op, const rk_pool_options *options)
{
    rk_pool *pool = calloc(1, sizeof *pool);

    if (!pool)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    pool->options = *options;
    if (pool->options.size < 1)
        pool->options.size = 1;
    if (pool->options.wait_ms <= 0)
        pool->options.wait_ms = DEFAULT_WAIT_MS;
    if (!copy_texts(pool) || !make_locks(pool)) {
        free_texts(pool);
        free(pool);
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    *out = pool;
    return 0;
}

void rk_pool_free(rk_pool *pool)
{
    if (!pool)
        return;
    while (pool->idle) {
        rk_conn *conn = pool->idle;

        pool->idle = conn->next;
        rk_conn_free(conn);
    }
    (void)pthread_cond_destroy(&pool->freed); /* nobody waits any longer */
    (void)pthread_mutex_destroy(&pool->lock);
    free_texts(pool);
    free(pool);
}

void rk_pool_count(rk_pool *pool, int *open, int *busy)
{
    (void)pthread_mutex_lock(&pool->lock); /* this kind of lock cannot fail */
    *open = pool->open;
    *busy = pool->busy;
    (void)pthread_mutex_unlock(&pool->lock);
}

const rk_pool_options *rk_pool_options_of(const rk_pool *pool)
{
    return &pool->options;
}

bool rk_pool_is_unnamed(rk_pool *pool)
{
    return atomic_load_explicit(&pool->unnamed, memory_order_relaxed);
}

void rk_pool_set_unnamed(rk_pool *pool, const rk_op *op)
{
    if (!atomic_exchange(&pool->unnamed, true))
        rk_log_warning(op, "db",
                       "prepared statements do not last: there seems to be a pooler"
                       " in transaction mode, statements are parsed each time");
}

/* --- taking and giving --- */

static int64_t latest_of(const rk_op *op, const rk_pool *pool)
{
    int64_t latest = rk_time_monotonic_ms() + pool->options.wait_ms;

    return op->deadline_ms && op->deadline_ms < latest ? op->deadline_ms : latest;
}

static bool has_room(const rk_pool *pool)
{
    return pool->idle || pool->open < pool->options.size;
}

/* Waits for a sign of another thread until then. The lock is held. */
static void wait_until(rk_pool *pool, int64_t latest_ms)
{
    const struct timespec latest = {.tv_sec = latest_ms / 1000,
                                    .tv_nsec = latest_ms % 1000 * 1000000};

    pool->waiting++;
    (void)pthread_cond_timedwait(&pool->freed, &pool->lock, &latest); /* the caller looks */
    pool->waiting--;
}

/* Waits for an idle connection or for room to open one; false when it has become too late. A handle
 * that cancels cannot wake a thread here, so that the thread looks at it from time to time. The
 * lock is held. */
static bool wait_for_room(rk_pool *pool, const rk_op *op, int64_t latest_ms)
{
    while (!has_room(pool)) {
        int64_t now = rk_time_monotonic_ms();

        if (now >= latest_ms || rk_cancel_is_set(op->cancel))
            return false;
        wait_until(pool, op->cancel && now + LOOK_MS < latest_ms ? now + LOOK_MS : latest_ms);
    }
    return true;
}

/* An idle connection, or NULL and the right to open one. */
static bool reserve(rk_conn **out, rk_pool *pool, const rk_op *op)
{
    (void)pthread_mutex_lock(&pool->lock); /* this kind of lock cannot fail */

    bool room = has_room(pool) || wait_for_room(pool, op, latest_of(op, pool));

    *out = room ? pool->idle : NULL;
    if (*out)
        pool->idle = (*out)->next;
    else
        pool->open += room;
    pool->busy += room;
    (void)pthread_mutex_unlock(&pool->lock);
    return room;
}

static int no_room(rk_op *op, const rk_pool *pool)
{
    RK_TRY(rk_op_check(op));
    return rk_fail(op, RK_ERR_DATABASE,
                   "Database error occurred: no connection became free within %d ms",
                   pool->options.wait_ms);
}

int rk_pool_take(rk_conn **out, rk_op *op, rk_pool *pool)
{
    rk_conn *conn;

    if (!reserve(&conn, pool, op))
        return no_room(op, pool);
    if (!conn) {
        int err = rk_conn_open(&conn, op, &pool->options);

        if (err < 0) {
            rk_pool_give(pool, NULL, false);
            return err;
        }
    }
    *out = conn;
    return 0;
}

static bool can_spare(rk_pool *pool)
{
    return pool->idle && pool->options.size > 1 && !pool->waiting && !rk_pool_is_unnamed(pool);
}

rk_conn *rk_pool_take_idle(rk_pool *pool)
{
    rk_conn *conn = NULL;

    (void)pthread_mutex_lock(&pool->lock); /* this kind of lock cannot fail */
    if (can_spare(pool)) {
        conn = pool->idle;
        pool->idle = conn->next;
        pool->busy++;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    if (!conn || (!conn->fresh && rk_conn_is_alive(conn)))
        return conn;
    rk_pool_give(pool, conn, false);
    return NULL;
}

void rk_pool_give(rk_pool *pool, rk_conn *conn, bool usable)
{
    if (!usable)
        rk_conn_free(conn);
    (void)pthread_mutex_lock(&pool->lock); /* this kind of lock cannot fail */
    pool->busy--;
    if (usable) {
        conn->next = pool->idle;
        pool->idle = conn;
    } else {
        pool->open--;
    }

    bool awaited = pool->waiting > 0;

    (void)pthread_mutex_unlock(&pool->lock);
    if (awaited)
        (void)pthread_cond_signal(&pool->freed); /* this cannot fail either */
}
