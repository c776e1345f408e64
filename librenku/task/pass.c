/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/db.h"
#include "librenku/task/task.h"

/* One pass of a task, in its turn. */

/* Ends with the transaction, so that a runner that is killed leaves nothing behind. */
static int take_turn(bool *mine, rk_op *op, const char *name)
{
    static const rk_column columns[] = {
        {"pg_try_advisory_xact_lock(hashtextextended('renku task ' || $1, 0))", RK_COLUMN_BOOL, 0,
         NULL},
    };
    static const rk_row row = RK_ROW(rk_opt_bool, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    rk_opt_bool taken;

    RK_TRY(rk_db_one(&taken, op, &query, RK_PARAMS(rk_text(name))));
    *mine = taken.value;
    return 0;
}

typedef struct {
    const rk_task *task;
    bool mine;
} turn;

static int run_alone(rk_op *op, void *user)
{
    turn *it = user;

    RK_TRY(take_turn(&it->mine, op, it->task->name));
    return it->mine ? it->task->run(op) : 0;
}

static int run(bool *elsewhere, rk_op *op, const rk_task *task)
{
    turn it = {.task = task, .mine = true};
    int result =
        task->flags & RK_TASK_ALONE ? rk_db_transaction(op, run_alone, &it) : task->run(op);

    *elsewhere = !it.mine;
    return result;
}

static bool ends_with_first(const rk_op *op, const rk_task *task)
{
    return task->flags & RK_TASK_ONCE_IN_DUMMY && op->settings &&
           rk_settings_bool(op->settings, RK_SET_DUMMY_STORES);
}

int rk_task_pass(rk_pass *out, rk_op *op, const rk_task *task)
{
    bool over = false, elsewhere = false;

    if (task->is_over)
        RK_TRY(task->is_over(&over, op));
    if (!over)
        RK_TRY(run(&elsewhere, op, task));
    *out = over || ends_with_first(op, task) ? RK_PASS_OVER
           : elsewhere                       ? RK_PASS_ELSEWHERE
                                             : RK_PASS_DONE;
    return 0;
}
