/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/jobs.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "frontends/server/thread.h"

#define STACK_BYTES 1048576
#define IDLE_SECONDS 20
#define KEPT_THREADS 4

/* Where a thread without work waits to be called. */
typedef struct rk_seat {
    struct rk_seat *below;
    pthread_cond_t sign;
    bool called;
} rk_seat;

struct rk_jobs {
    pthread_mutex_t lock;
    pthread_condattr_t clock;
    pthread_cond_t ended;
    rk_seat
        *idle; /* who has worked last is called first: the others end, and their memory with them */
    rk_job *first, **last;
    rk_job *finished, **finished_last;
    unsigned most, threads, waiting, running;
    pthread_t gone; /* the last thread that ended, when there is one; it joined the one before */
    bool has_gone;
    bool stopping;
    int event_fd;
};

static void push_finished(rk_jobs *jobs, rk_job *job)
{
    bool quiet = jobs->finished == NULL;
    uint64_t one = 1;

    job->next = NULL;
    *jobs->finished_last = job;
    jobs->finished_last = &job->next;
    jobs->running--;
    if (quiet)
        (void)!write(jobs->event_fd, &one, sizeof(one)); /* only fails when it is readable anyway */
}

static void call_first(rk_jobs *jobs)
{
    rk_seat *seat = jobs->idle;

    jobs->idle = seat->below;
    seat->called = true;
    pthread_cond_signal(&seat->sign);
}

static void leave(rk_jobs *jobs, const rk_seat *seat)
{
    rk_seat **link = &jobs->idle;

    while (*link != seat)
        link = &(*link)->below;
    *link = seat->below;
}

/* Whether nobody has called for long, and this thread is one too many. */
static bool is_surplus(rk_jobs *jobs, rk_seat *seat, const struct timespec *until)
{
    if (jobs->threads > KEPT_THREADS)
        return pthread_cond_timedwait(&seat->sign, &jobs->lock, until) != 0 && !seat->called &&
               jobs->threads > KEPT_THREADS;
    pthread_cond_wait(&seat->sign, &jobs->lock);
    return false;
}

/* Waits to be called; false when this thread should end. */
static bool await_call(rk_jobs *jobs, rk_seat *seat)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    seat->called = false;
    seat->below = jobs->idle;
    jobs->idle = seat;
    while (!seat->called) {
        if (is_surplus(jobs, seat, &until)) {
            leave(jobs, seat);
            return false;
        }
    }
    return true;
}

/* Waits for work; false when this thread should end. */
static bool await_work(rk_jobs *jobs, rk_seat *seat)
{
    while (!jobs->first && !jobs->stopping)
        if (!await_call(jobs, seat))
            return false;
    return jobs->first != NULL;
}

static rk_job *take_first(rk_jobs *jobs)
{
    rk_job *job = jobs->first;

    jobs->first = job->next;
    if (!jobs->first)
        jobs->last = &jobs->first;
    job->waiting = false;
    jobs->waiting--;
    jobs->running++;
    return job;
}

/* Whoever joins this thread next knows that it, and all that ended before it, run nothing of this
 * module any longer, which may then be unloaded. The lock is held, and let go. */
static void end_thread(rk_jobs *jobs)
{
    pthread_t before = jobs->gone;
    bool has_before = jobs->has_gone;

    jobs->gone = pthread_self();
    jobs->has_gone = true;
    jobs->threads--;
    pthread_cond_signal(&jobs->ended);
    pthread_mutex_unlock(&jobs->lock);
    if (has_before)
        pthread_join(before, NULL);
}

static void *work(void *arg)
{
    rk_jobs *jobs = arg;
    rk_seat seat;

    pthread_cond_init(&seat.sign, &jobs->clock);
    pthread_mutex_lock(&jobs->lock);
    while (jobs->first || await_work(jobs, &seat)) {
        rk_job *job = take_first(jobs);

        pthread_mutex_unlock(&jobs->lock);
        job->run(job);
        pthread_mutex_lock(&jobs->lock);
        push_finished(jobs, job);
    }
    pthread_cond_destroy(&seat.sign);
    end_thread(jobs);
    return NULL;
}

static int start_thread(rk_jobs *jobs)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);

    int failed = rk_thread_start(&thread, &attributes, work, jobs);

    pthread_attr_destroy(&attributes);
    if (failed)
        return -1;
    jobs->threads++;
    return 0;
}

rk_jobs *rk_jobs_new(unsigned most, int event_fd)
{
    rk_jobs *jobs = calloc(1, sizeof(*jobs));

    if (!jobs)
        return NULL;
    pthread_condattr_init(&jobs->clock);
    pthread_condattr_setclock(&jobs->clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->ended, &jobs->clock);
    jobs->last = &jobs->first;
    jobs->finished_last = &jobs->finished;
    jobs->most = most;
    jobs->event_fd = event_fd;
    return jobs;
}

int rk_jobs_submit(rk_jobs *jobs, rk_job *job)
{
    int failed = 0;

    pthread_mutex_lock(&jobs->lock);
    if (jobs->idle)
        call_first(jobs);
    else if (jobs->threads < jobs->most)
        failed = start_thread(jobs);
    if (jobs->threads > 0) {
        failed = 0;
        job->next = NULL;
        job->waiting = true;
        *jobs->last = job;
        jobs->last = &job->next;
        jobs->waiting++;
    }
    pthread_mutex_unlock(&jobs->lock);
    return failed;
}

bool rk_jobs_cancel(rk_jobs *jobs, rk_job *job)
{
    pthread_mutex_lock(&jobs->lock);

    bool waiting = job->waiting;

    for (rk_job **link = &jobs->first; waiting && *link; link = &(*link)->next) {
        if (*link != job)
            continue;
        *link = job->next;
        if (!job->next)
            jobs->last = link;
        job->waiting = false;
        jobs->waiting--;
        break;
    }
    pthread_mutex_unlock(&jobs->lock);
    return waiting;
}

rk_job *rk_jobs_finished(rk_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);

    rk_job *finished = jobs->finished;

    jobs->finished = NULL;
    jobs->finished_last = &jobs->finished;
    pthread_mutex_unlock(&jobs->lock);
    return finished;
}

unsigned rk_jobs_count(rk_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);

    unsigned count = jobs->waiting + jobs->running;

    pthread_mutex_unlock(&jobs->lock);
    return count;
}

bool rk_jobs_are_busy(rk_jobs *jobs)
{
    return rk_jobs_count(jobs) >= jobs->most;
}

void rk_jobs_free(rk_jobs *jobs)
{
    if (!jobs)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    while (jobs->idle)
        call_first(jobs);
    while (jobs->threads > 0)
        pthread_cond_wait(&jobs->ended, &jobs->lock);
    pthread_mutex_unlock(&jobs->lock);
    if (jobs->has_gone)
        pthread_join(jobs->gone, NULL);
    pthread_cond_destroy(&jobs->ended);
    pthread_condattr_destroy(&jobs->clock);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}
