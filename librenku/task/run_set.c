/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/task/task.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "librenku/base/cancel.h"
#include "librenku/base/log.h"
#include "librenku/base/thread.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "renku/call.h"

enum { EXPONENT_MAX = 30, THREAD_NAME_MAX = 15, ENDED = -1 };

typedef struct entry {
    struct entry *next;
    rk_run_set *set;
    const rk_task *task;
    renku_cancel *cancel;
    pthread_t thread;
    int64_t started; /* microseconds since 1970 */
    uint64_t restarts;
    bool ended; /* it has left the set; its thread is to be joined */
} entry;

struct rk_run_set {
    rk_run_set_options options;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t left;  /* a task has left */
    entry *entries;       /* in the order of their start */
};

int64_t rk_retry_wait_ms(uint64_t restarts, int64_t max_ms)
{
    int64_t wait_ms = INT64_C(1000) << (restarts < EXPONENT_MAX ? restarts : EXPONENT_MAX);

    if (max_ms < 0)
        return 0;
    return wait_ms < max_ms ? wait_ms : max_ms;
}

/* --- with the lock ---------------------------------------------------------------------------- */

static entry *lookup(const rk_run_set *set, const char *name)
{
    entry *found = set->entries;

    while (found && (found->ended || strcmp(found->task->name, name) != 0))
        found = found->next;
    return found;
}

static size_t count_entries(const rk_run_set *set)
{
    size_t count = 0;

    for (const entry *one = set->entries; one; one = one->next)
        count += !one->ended;
    return count;
}

static void entry_free(entry *one)
{
    renku_cancel_free(one->cancel);
    free(one);
}

/* Their threads have nothing left to do: joining takes no time. */
static void reap(rk_run_set *set)
{
    for (entry **place = &set->entries; *place;) {
        entry *one = *place;

        if (!one->ended) {
            place = &one->next;
            continue;
        }
        *place = one->next;
        pthread_join(one->thread, NULL);
        entry_free(one);
    }
}

static int print_started(const char **out, rk_op *op, int64_t micros)
{
    time_t seconds = (time_t)(micros / 1000000);
    int fraction = (int)(micros % 1000000);
    char moment[32] = "";
    struct tm local;

    if (localtime_r(&seconds, &local))
        (void)strftime(moment, sizeof moment, "%Y-%m-%d %H:%M:%S", &local); /* it fits */
    *out = fraction ? rk_printf(op, "%s.%06d", moment, fraction) : rk_strdup(op, moment);
    RK_CHECK(*out);
    return 0;
}

static int view(rk_array *out, rk_op *op, const rk_run_set *set, const char *name)
{
    rk_task_view *views = rk_new_array(op, rk_task_view, count_entries(set));

    RK_CHECK(views);
    *out = (rk_array){true, 0, views};
    for (const entry *one = set->entries; one; one = one->next) {
        if (one->ended || (name && strcmp(one->task->name, name) != 0))
            continue;
        rk_task_view *next = &views[out->count++];

        next->name = one->task->name;
        next->restarts = (int64_t)one->restarts;
        RK_TRY(print_started(&next->started, op, one->started));
    }
    return 0;
}

/* --- a task in its thread --------------------------------------------------------------------- */

static int by_name(const void *one, const void *other)
{
    return strcmp(((const rk_task_view *)one)->name, ((const rk_task_view *)other)->name);
}

static int log_set(rk_pass *out, rk_op *op, rk_run_set *set, int64_t period_ms)
{
    rk_array views;

    *out = period_ms > 0 ? RK_PASS_DONE : RK_PASS_OVER;
    if (period_ms <= 0)
        return 0;
    RK_TRY(rk_run_set_view(&views, op, set, NULL));
    rk_task_view *items = views.items;

    qsort(items, views.count, sizeof(*items), by_name);
    for (size_t i = 0; i < views.count; i++)
        rk_log_info(op, "tasks", "- %s: since %s (%lld restarts)", items[i].name, items[i].started,
                    (long long)items[i].restarts);
    return 0;
}

static int64_t period_of(const rk_op *op, const rk_task *task)
{
    if (task->period_ms)
        return task->period_ms;
    int64_t seconds = rk_settings_int(op->settings, task->period);

    return seconds < 0 ? 0 : (seconds < INT_MAX ? seconds : INT_MAX) * 1000;
}

/* Counts the failure. */
static int64_t wait_after_failure(entry *one)
{
    rk_run_set *set = one->set;

    pthread_mutex_lock(&set->lock);
    int64_t wait_ms = rk_retry_wait_ms(one->restarts++, set->options.retry_max_ms);

    pthread_mutex_unlock(&set->lock);
    return wait_ms;
}

static int64_t after_failure(entry *one, rk_op *op)
{
    if (rk_cancel_is_set(one->cancel))
        return ENDED;
    int64_t wait_ms = wait_after_failure(one);

    rk_log_error(op, "tasks", "The task %s has failed and starts again in %lld s: %s",
                 one->task->name, (long long)wait_ms / 1000, op->error.message);
    return wait_ms;
}

static int64_t after_pass(const entry *one, const rk_op *op, rk_pass pass, int64_t period_ms)
{
    if (pass != RK_PASS_OVER)
        return period_ms;
    rk_log_info(op, "tasks", "The task %s has ended after %.3f s.", one->task->name,
                (double)(rk_time_now() - one->started) / 1e6);
    return ENDED;
}

/* One pass as an operation of its own: milliseconds until the next, or ENDED. */
static int64_t make_pass(entry *one)
{
    rk_run_set *set = one->set;
    rk_pass pass = RK_PASS_DONE;
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return wait_after_failure(one);
    set->options.begin(&op, set->options.user);
    op.cancel = one->cancel;
    int64_t period_ms = period_of(&op, one->task);
    int result =
        one->task->run ? rk_task_pass(&pass, &op, one->task) : log_set(&pass, &op, set, period_ms);
    int64_t wait_ms = result < 0 ? after_failure(one, &op) : after_pass(one, &op, pass, period_ms);

    rk_db_end(&op);
    rk_op_end(&op);
    return wait_ms;
}

static void pause_for(const entry *one, int64_t wait_ms)
{
    const int64_t until_ms = rk_time_monotonic_ms() + wait_ms;
    struct pollfd cancel = {.fd = rk_cancel_fd(one->cancel), .events = POLLIN};

    for (int64_t left = wait_ms; left > 0 && !rk_cancel_is_set(one->cancel);
         left = until_ms - rk_time_monotonic_ms())
        (void)poll(&cancel, 1, left < INT_MAX ? (int)left : INT_MAX); /* whatever comes first */
}

static void leave(entry *one)
{
    pthread_mutex_lock(&one->set->lock);
    one->ended = true;
    pthread_cond_broadcast(&one->set->left);
    pthread_mutex_unlock(&one->set->lock);
}

static void *run(void *user)
{
    entry *one = user;
    char name[THREAD_NAME_MAX + 1] = "";
    int64_t wait_ms = 0;

    (void)strncpy(name, one->task->name, THREAD_NAME_MAX);
    (void)pthread_setname_np(pthread_self(), name); /* for logs and debuggers only */
    while (wait_ms != ENDED && !rk_cancel_is_set(one->cancel)) {
        wait_ms = make_pass(one);
        if (wait_ms != ENDED)
            pause_for(one, wait_ms);
    }
    leave(one);
    return NULL;
}

/* --- the set ---------------------------------------------------------------------------------- */

int rk_run_set_new(rk_run_set **out, rk_op *op, const rk_run_set_options *options)
{
    rk_run_set *set = calloc(1, sizeof(*set));

    if (!set)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    set->options = *options;
    pthread_mutex_init(&set->lock, NULL);
    rk_condition_init(&set->left);
    *out = set;
    return 0;
}

void rk_run_set_free(rk_run_set *set)
{
    if (!set)
        return;
    pthread_mutex_lock(&set->lock);
    for (entry *one = set->entries; one; one = one->next)
        renku_cancel_now(one->cancel);
    pthread_mutex_unlock(&set->lock);
    for (entry *one = set->entries; one; one = one->next) /* they may look at each other */
        pthread_join(one->thread, NULL);
    for (entry *one = set->entries, *next; one; one = next) {
        next = one->next;
        entry_free(one);
    }
    pthread_cond_destroy(&set->left);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

/* With the lock. */
static int add(rk_run_set *set, rk_op *op, const rk_task *task)
{
    entry **place = &set->entries;
    entry *one = calloc(1, sizeof(*one));

    if (!one)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    one->set = set;
    one->task = task;
    one->started = rk_time_now();
    one->cancel = renku_cancel_new();
    if (!one->cancel || !rk_thread_run(&one->thread, run, one)) {
        entry_free(one);
        return rk_fail(op, RK_ERR_NO_MEMORY, "The task %s cannot be started.", task->name);
    }
    while (*place)
        place = &(*place)->next;
    *place = one;
    return 0;
}

/* With the lock. */
static int start(rk_run_set *set, rk_op *op, const rk_task *task)
{
    if (!lookup(set, task->name))
        return add(set, op, task);
    rk_log_warning(op, "tasks", "The task %s runs already.", task->name);
    return 0;
}

static int start_those(rk_run_set *set, rk_op *op, const char *name)
{
    bool known = !name;

    reap(set);
    for (size_t i = 0; i < set->options.count; i++) {
        const rk_task *task = &set->options.tasks[i];

        if (name && strcmp(task->name, name) != 0)
            continue;
        known = true;
        RK_TRY(start(set, op, task));
    }
    return known ? 0 : rk_fail(op, RK_ERR_NOT_FOUND, "There is no task \"%.80s\".", name);
}

int rk_run_set_start(rk_run_set *set, rk_op *op, const char *name)
{
    pthread_mutex_lock(&set->lock);
    int result = start_those(set, op, name);

    pthread_mutex_unlock(&set->lock);
    return result;
}

static int fail_missing(rk_op *op, const char *name)
{
    return rk_fail(op, RK_ERR_NOT_FOUND, "The task \"%.80s\" does not run.", name);
}

int rk_run_set_view(rk_array *out, rk_op *op, rk_run_set *set, const char *name)
{
    pthread_mutex_lock(&set->lock);
    int result = view(out, op, set, name);

    pthread_mutex_unlock(&set->lock);
    return result == 0 && name && !out->count ? fail_missing(op, name) : result;
}

void rk_run_set_reset(rk_run_set *set, const char *name)
{
    pthread_mutex_lock(&set->lock);
    for (entry *one = set->entries; one; one = one->next) {
        if (!name || strcmp(one->task->name, name) == 0)
            one->restarts = 0;
    }
    pthread_mutex_unlock(&set->lock);
}

int rk_run_set_cancel(rk_run_set *set, rk_op *op, const char *name)
{
    pthread_mutex_lock(&set->lock);
    entry *one = lookup(set, name);

    if (one)
        renku_cancel_now(one->cancel);
    pthread_mutex_unlock(&set->lock);
    return one ? 0 : fail_missing(op, name);
}

/* With the lock; false when the time is up. */
static bool await(rk_run_set *set, const char *name, int64_t timeout_ms)
{
    int64_t until_ms = 0;
    bool for_ever =
        timeout_ms <= 0 || __builtin_add_overflow(rk_time_monotonic_ms(), timeout_ms, &until_ms);
    const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};

    while (lookup(set, name)) {
        if (for_ever)
            pthread_cond_wait(&set->left, &set->lock);
        else if (pthread_cond_timedwait(&set->left, &set->lock, &until) != 0)
            return !lookup(set, name);
    }
    return true;
}

int rk_run_set_join(rk_run_set *set, rk_op *op, const char *name, int64_t timeout_ms)
{
    pthread_mutex_lock(&set->lock);
    bool has_left = await(set, name, timeout_ms);

    pthread_mutex_unlock(&set->lock);
    if (has_left)
        return 0;
    return rk_fail(op, RK_ERR_TIMEOUT, "The task \"%.80s\" still runs after %lld ms.", name,
                   (long long)timeout_ms);
}
