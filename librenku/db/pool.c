/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "librenku/base/cancel.h"
#include "librenku/base/log.h"
#include "librenku/base/thread.h"
#include "librenku/base/time.h"
#include "librenku/db/session.h"

enum {
    DEFAULT_WAIT_MS = 30000,
    DEFAULT_PATIENCE_MS = 5000,
    LOOK_MS = 50,
    FIRST_PAUSE_MS = 10,
    LONGEST_PAUSE_MS = 640,
};

/* Who waits for a connection; lives as long as its thread waits. */
typedef struct waiter {
    struct waiter *next;
    pthread_cond_t sign;
    int64_t pause_until_ms; /* the end of the pause that it waits out; 0 is none so far */
} waiter;

struct rk_pool {
    rk_pool_options options;
    char *texts[5]; /* what the options point to */
    pthread_mutex_t lock;
    rk_conn *idle; /* last used first */
    waiter *queue; /* the oldest first: nobody overtakes */
    waiter **end;
    atomic_int waiting; /* how many are in the queue */
    int open;           /* idle, in use, and being opened */
    int opening;        /* being opened */
    int busy;
    int lent;     /* of the busy ones, those that a line keeps */
    int pause_ms; /* after the last attempt to open one that failed; 0 after a success */
    int64_t pause_until_ms;
    int64_t cut_off_ms; /* when the first of the attempts failed that have failed since then */
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
    if (pool->options.patience_ms <= 0)
        pool->options.patience_ms = DEFAULT_PATIENCE_MS;
    if (!copy_texts(pool) || pthread_mutex_init(&pool->lock, NULL) != 0) {
        free_texts(pool);
        free(pool);
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    pool->end = &pool->queue;
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
    (void)pthread_mutex_destroy(&pool->lock); /* nobody waits any longer */
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

/* After a failure, not at once again, and not by two at a time. */
static bool may_open(const rk_pool *pool, int64_t now)
{
    if (pool->open == pool->options.size)
        return false;
    return !pool->pause_ms || (now >= pool->pause_until_ms && !pool->opening);
}

/* Whether there is a connection to take, or one may be opened. */
static bool has_room(const rk_pool *pool, int64_t now)
{
    return pool->idle || may_open(pool, now);
}

/* There is no connection whose end could be waited for, and none may be opened now. */
static bool is_cut_off(const rk_pool *pool, int64_t now)
{
    return pool->open == 0 && now < pool->pause_until_ms;
}

/* The database may be back, hidden only by the pause: wait for its end and for the attempt behind
 * it. Not for a second one, and not at all once attempts have failed for long. */
static bool waits_it_out(waiter *self, const rk_pool *pool, int64_t now)
{
    if (!self->pause_until_ms && now - pool->cut_off_ms < pool->options.patience_ms)
        self->pause_until_ms = pool->pause_until_ms;
    return self->pause_until_ms == pool->pause_until_ms;
}

static void enqueue(rk_pool *pool, waiter *self)
{
    self->next = NULL;
    self->pause_until_ms = 0;
    *pool->end = self;
    pool->end = &self->next;
    atomic_fetch_add_explicit(&pool->waiting, 1, memory_order_relaxed);
}

static void dequeue(rk_pool *pool, const waiter *self)
{
    waiter **link = &pool->queue;

    while (*link && *link != self)
        link = &(*link)->next;
    if (*link)
        *link = (*link)->next;
    if (!*link)
        pool->end = link;
    atomic_fetch_sub_explicit(&pool->waiting, 1, memory_order_relaxed);
}

/* The oldest looks again. */
static void wake_first(const rk_pool *pool)
{
    if (pool->queue)
        (void)pthread_cond_signal(&pool->queue->sign); /* this cannot fail */
}

/* Until when to wait at the longest before one looks again. A handle that cancels cannot wake a
 * thread here, so that the thread looks at it from time to time. */
static int64_t look_at(const rk_pool *pool, const rk_op *op, int64_t now, int64_t latest_ms)
{
    int64_t look = latest_ms;

    if (op->cancel && now + LOOK_MS < look)
        look = now + LOOK_MS;
    if (now < pool->pause_until_ms && pool->pause_until_ms < look)
        look = pool->pause_until_ms;
    return look;
}

/* True when it is the turn of this thread and there is room; false when waiting has become useless.
 * The lock is held. */
static bool wait_in_queue(rk_pool *pool, waiter *self, const rk_op *op, int64_t latest_ms)
{
    for (;;) {
        int64_t now = rk_time_monotonic_ms();

        if (pool->queue == self && has_room(pool, now))
            return true;
        if (now >= latest_ms || rk_cancel_is_set(op->cancel))
            return false;
        if (is_cut_off(pool, now) && !waits_it_out(self, pool, now))
            return false;

        int64_t look = look_at(pool, op, now, latest_ms);
        const struct timespec until = {.tv_sec = look / 1000, .tv_nsec = look % 1000 * 1000000};

        (void)pthread_cond_timedwait(&self->sign, &pool->lock, &until); /* the loop looks */
    }
}

/* The same for who has just come. The lock is held. */
static bool wait_for_room(rk_pool *pool, const rk_op *op, int64_t latest_ms)
{
    waiter self;

    if (!pool->queue && (pool->idle || has_room(pool, rk_time_monotonic_ms())))
        return true;
    rk_condition_init(&self.sign);
    enqueue(pool, &self);

    bool room = wait_in_queue(pool, &self, op, latest_ms);

    dequeue(pool, &self);
    (void)pthread_cond_destroy(&self.sign); /* nobody else knows it */
    return room;
}

/* NULL when none lies idle. The lock is held. */
static rk_conn *pop_idle(rk_pool *pool)
{
    rk_conn *conn = pool->idle;

    if (!conn)
        return NULL;
    pool->idle = conn->next;
    pool->busy++;
    return conn;
}

/* An idle connection, or NULL and the right to open one. */
static bool reserve(rk_conn **out, rk_pool *pool, const rk_op *op, int64_t latest_ms)
{
    (void)pthread_mutex_lock(&pool->lock); /* this kind of lock cannot fail */

    bool room = wait_for_room(pool, op, latest_ms);

    *out = room ? pop_idle(pool) : NULL;
    if (room && !*out) {
        pool->open++;
        pool->opening++;
        pool->busy++;
    }
    wake_first(pool); /* there may be room for more than one */
    (void)pthread_mutex_unlock(&pool->lock);
    return room;
}

static int no_room(rk_op *op, const rk_pool *pool, int64_t latest_ms)
{
    RK_TRY(rk_op_check(op));
    if (rk_time_monotonic_ms() < latest_ms)
        return rk_conn_refused(op);
    return rk_fail(op, RK_ERR_DATABASE,
                   "Database error occurred: no connection became free within %d ms;"
                   " please try again later",
                   pool->options.wait_ms);
}

/* Longer after each attempt that failed; those that were under way together are one. */
static void begin_pause(rk_pool *pool)
{
    int64_t now = rk_time_monotonic_ms();

    if (now < pool->pause_until_ms)
        return;
    if (!pool->pause_ms)
        pool->cut_off_ms = now;
    pool->pause_ms = pool->pause_ms ? 2 * pool->pause_ms : FIRST_PAUSE_MS;
    if (pool->pause_ms > LONGEST_PAUSE_MS)
        pool->pause_ms = LONGEST_PAUSE_MS;
    pool->pause_until_ms = now + pool->pause_ms;
}

/* Notes how an attempt to open a connection ended; whether there are others to wait for. */
static bool note_attempt(rk_pool *pool, int err)
{
    (void)pthread_mutex_lock(&pool->lock); /* this kind of lock cannot fail */
    pool->opening--;
    if (err == 0) {
        pool->pause_ms = 0;
        pool->pause_until_ms = 0;
        wake_first(pool); /* others may open theirs */
    } else if (err == RK_ERR_DATABASE) {
        begin_pause(pool);
    }

    bool others = pool->open > 1;

    (void)pthread_mutex_unlock(&pool->lock);
    return others;
}

/* Opens one in the place that was reserved. PostgreSQL may allow fewer connections than the pool:
 * @p again says that those that there are will do. */
static int open_reserved(rk_conn **out, bool *again, rk_op *op, rk_pool *pool)
{
    int err = rk_conn_open(out, op, &pool->options);
    bool others = note_attempt(pool, err);

    *again = err == RK_ERR_DATABASE && others;
    if (err < 0)
        rk_pool_give(pool, NULL, false);
    if (*again)
        rk_error_clear(op);
    return err;
}

rk_conn *rk_pool_take_idle(rk_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock); /* this kind of lock cannot fail */
    rk_conn *conn = pool->queue ? NULL : pop_idle(pool);
    (void)pthread_mutex_unlock(&pool->lock);
    return conn;
}

int rk_pool_take(rk_conn **out, rk_op *op, rk_pool *pool)
{
    int64_t latest_ms = latest_of(op, pool);
    bool again = true;
    int err = 0;

    while (again) {
        if (!reserve(out, pool, op, latest_ms))
            return no_room(op, pool, latest_ms);
        if (*out)
            return 0;
        err = open_reserved(out, &again, op, pool);
    }
    return err;
}

static bool can_spare(rk_pool *pool)
{
    return pool->idle && pool->options.size > 1 && pool->pause_ms == 0 && !pool->queue &&
           !rk_pool_is_unnamed(pool);
}

rk_conn *rk_pool_lend(rk_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock); /* this kind of lock cannot fail */
    rk_conn *conn = can_spare(pool) ? pop_idle(pool) : NULL;
    (void)pthread_mutex_unlock(&pool->lock);
    if (!conn || (!conn->fresh && rk_conn_is_alive(conn)))
        return conn;
    rk_pool_give(pool, conn, false);
    return NULL;
}

bool rk_pool_wants_back(const rk_pool *pool)
{
    return atomic_load_explicit(&pool->waiting, memory_order_relaxed) > 0;
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
    wake_first(pool);
    (void)pthread_mutex_unlock(&pool->lock);
}
