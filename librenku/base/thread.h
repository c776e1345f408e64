/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_BASE_THREAD_H
#define RK_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts a thread that takes no signal: those of the process are its host's. */
bool rk_thread_run(pthread_t *out, void *(*body)(void *), void *user);
/* A condition on which one waits by the monotonic clock. */
void rk_condition_init(pthread_cond_t *condition);

#endif
