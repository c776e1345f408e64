/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/rotation.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "frontends/server/log.h"
#include "frontends/server/metrics.h"
#include "frontends/server/thread.h"

#include "renku/renku.h"

#define NICENESS 19 /* requests come first */

static pthread_mutex_t *turn; /* of the worker that rotates; in memory that all share */
static renku_ctx *context;
static renku_cancel *cancel;
static pthread_t thread;
static bool running;

int rk_rotation_open(void)
{
    pthread_mutexattr_t kind;

    turn = mmap(NULL, sizeof(*turn), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (turn == MAP_FAILED)
        return -1;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);

    int failed = pthread_mutex_init(turn, &kind);

    pthread_mutexattr_destroy(&kind);
    return failed ? -1 : 0;
}

/* Never waits; a holder that has died leaves the turn to the next. */
static bool take_turn(void)
{
    int result = pthread_mutex_trylock(turn);

    if (result == EOWNERDEAD)
        result = pthread_mutex_consistent(turn);
    return result == 0;
}

/* The first word of the rotation is that it begins. */
static void on_progress(void *user, double share, const char *what)
{
    (void)user;
    (void)share;
    if (rk_metrics_rotation(RK_ROTATION_RUNNING))
        rk_log(RK_LOG_INFO, "rotating secrets: %s", what);
}

static void on_rewritten(void *user, int64_t count)
{
    (void)user;
    rk_metrics_rotated((uint64_t)count);
}

static void conclude(const renku_result *result)
{
    size_t size;
    const char *numbers = renku_result_body(result, &size);

    if (renku_result_error(result) == RENKU_ECANCELLED)
        return;
    if (!renku_result_ok(result)) {
        (void)rk_metrics_rotation(RK_ROTATION_ERRORED);
        rk_log(RK_LOG_ERROR, "the rotation of secrets has failed: %s",
               renku_result_message(result));
        return;
    }
    if (!size)
        return; /* there was nothing to rotate from */
    (void)rk_metrics_rotation(RK_ROTATION_FINISHED);
    rk_log(RK_LOG_INFO, "secrets are rotated: %s", numbers);
}

static void *rotate(void *unused)
{
    renku_rotation how = RENKU_ROTATION_INIT;

    (void)unused;
    if (!take_turn())
        return NULL;
    (void)setpriority(PRIO_PROCESS, 0, NICENESS); /* of this thread; else it is as the others */
    how.progress = on_progress;
    how.rewritten = on_rewritten;
    how.cancel = cancel;
    how.optional = 1;
    if (!rk_metrics_rotation_is_over()) {
        renku_result *result = renku_secrets_rotate_with(context, &how);

        conclude(result);
        renku_result_free(result);
    }
    pthread_mutex_unlock(turn);
    return NULL;
}

void rk_rotation_start(renku_ctx *ctx)
{
    context = ctx;
    cancel = renku_cancel_new();
    running = cancel && rk_thread_start(&thread, NULL, rotate, NULL) == 0;
    if (!running)
        rk_log(RK_LOG_ERROR, "this worker cannot rotate secrets: out of memory");
}

void rk_rotation_stop(void)
{
    renku_cancel_now(cancel);
    if (running)
        pthread_join(thread, NULL);
    renku_cancel_free(cancel);
    cancel = NULL;
    running = false;
}
