/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_TASK_H
#define RK_TASK_H

#include "librenku/base/op.h"
#include "librenku/base/settings.h"
#include "librenku/base/value.h"

/* The tasks of the task runner. What a task does stands in the room of what it repairs. Spec:
 * tasks.md 4 */

enum { RK_TASK_PASS_MS = 3600 * 1000 }; /* no pass takes longer */

typedef enum {
    RK_TASK_ALONE = 1,         /* a pass is one transaction, and one runner at a time makes one */
    RK_TASK_ONCE_IN_DUMMY = 2, /* with DUMMY_STORES it ends after one pass */
} rk_task_flag;

typedef struct rk_task {
    const char *name;
    rk_setting period; /* seconds between two passes */
    int period_ms;     /* not 0: in place of the setting */
    unsigned flags;
    int (*run)(rk_op *op);                /* one pass; NULL: the run set is logged */
    int (*is_over)(bool *out, rk_op *op); /* asked before each pass; NULL: it never is */
    const char *summary;                  /* what a pass does */
} rk_task;

/* Every task, in the order in which they start. */
const rk_task *rk_task_list(size_t *count);
/* The task of that name which has a pass; NULL when there is none. */
const rk_task *rk_task_lookup(const char *name);

typedef enum {
    RK_PASS_DONE = 1,
    RK_PASS_OVER,      /* there will be nothing to do any more */
    RK_PASS_ELSEWHERE, /* another runner is at it */
} rk_pass;

/* One pass, as the caller of the operation, which has no open transaction. */
int rk_task_pass(rk_pass *out, rk_op *op, const rk_task *task);

/* --- the run set: the tasks that are alive, each in a thread of its own. Spec: tasks.md 3 ---
 *
 * Threads: all functions but rk_run_set_free() may be called from any, at any time. The threads of
 * the tasks take no signals. */

typedef struct rk_run_set rk_run_set;

typedef struct {
    const rk_task *tasks;
    size_t count;
    int64_t retry_max_ms;                 /* the longest wait before a task starts again */
    void (*begin)(rk_op *op, void *user); /* lends the operation of a pass what it needs */
    void *user;
} rk_run_set_options;

int rk_run_set_new(rk_run_set **out, rk_op *op, const rk_run_set_options *options);
/* Cancels all tasks and waits for their end. NULL is accepted. */
void rk_run_set_free(rk_run_set *set);

/* NULL is all tasks. One that runs is left alone, with a warning; NOT_FOUND for an unknown name. */
int rk_run_set_start(rk_run_set *set, rk_op *op, const char *name);

typedef struct {
    const char *name;
    const char *started; /* "2026-11-27 18:40:47.123456", local time; without the fraction if 0 */
    int64_t restarts;
} rk_task_view;
/* In the order of their start; NULL is all, and NOT_FOUND says that one is not in the set. */
int rk_run_set_view(rk_array *out /* of rk_task_view */, rk_op *op, rk_run_set *set,
                    const char *name);
/* Sets the counter of restarts to 0. NULL is all; unknown names are ignored. */
void rk_run_set_reset(rk_run_set *set, const char *name);
/* Ends a task at its next waiting point; it leaves the set once it has ended. NOT_FOUND when it is
 * not in the set. */
int rk_run_set_cancel(rk_run_set *set, rk_op *op, const char *name);
/* Waits until a task has left the set; TIMEOUT after @p timeout_ms, when that is above 0. */
int rk_run_set_join(rk_run_set *set, rk_op *op, const char *name, int64_t timeout_ms);

/* How long a task that has failed @p restarts times before waits after the next failure. */
int64_t rk_retry_wait_ms(uint64_t restarts, int64_t max_ms);

#endif
