/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_THREAD_H
#define RK_THREAD_H

#include <pthread.h>

/* Starts a thread beside the event loop, to which all signals belong but those that a thread brings
 * upon itself. 0, or an error number. */
int rk_thread_start(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
                    void *user);

#endif
