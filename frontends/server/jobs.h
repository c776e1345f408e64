/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_JOBS_H
#define RK_JOBS_H

#include <stdbool.h>

/* Threads of one worker process with one queue. Finished jobs come back through an eventfd. All
 * functions are called by the thread of the event loop. */

typedef struct rk_job {
    void (*run)(struct rk_job *job); /* on some thread of the pool */
    struct rk_job *next;
    bool waiting;
} rk_job;

typedef struct rk_jobs rk_jobs;

/* @p most threads at a time; they are made when work waits. @p event_fd is borrowed. NULL when
 * memory is missing. */
rk_jobs *rk_jobs_new(unsigned most, int event_fd);
/* 0, or -1 when there is no thread and none can be made. */
int rk_jobs_submit(rk_jobs *jobs, rk_job *job);
/* Takes back a job that no thread has begun; false when one has. */
bool rk_jobs_cancel(rk_jobs *jobs, rk_job *job);
/* The jobs that finished since the last call, oldest first. */
rk_job *rk_jobs_finished(rk_jobs *jobs);
/* How many jobs wait or run. */
unsigned rk_jobs_count(rk_jobs *jobs);
/* Whether one more would have to wait for another to end. */
bool rk_jobs_are_busy(rk_jobs *jobs);
/* Ends the threads and frees; only while rk_jobs_count() is 0. */
void rk_jobs_free(rk_jobs *jobs);

#endif
