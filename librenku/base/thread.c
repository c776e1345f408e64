/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/thread.h"

#include <signal.h>
#include <time.h>

bool rk_thread_run(pthread_t *out, void *(*body)(void *), void *user)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(out, NULL, body, user);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

void rk_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}
