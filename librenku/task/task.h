/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_TASK_H
#define RK_TASK_H

#include "librenku/base/op.h"
#include "librenku/base/settings.h"

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

#endif
