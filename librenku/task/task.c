/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/task/task.h"

#include <string.h>

#include "librenku/authz/repair.h"
#include "librenku/db/db.h"
#include "librenku/keycloak/keycloak.h"
#include "librenku/metric/metric.h"
#include "librenku/user/sync.h"
#include "librenku/user/user.h"

enum { ALONE = RK_TASK_ALONE, DUMMY = RK_TASK_ONCE_IN_DUMMY, METRICS_MS = 10 * 1000 };

/* clang-format off */
#define FIXED (rk_setting)0
#define SHORT RK_SET_SHORT_TASK_PERIOD_S
#define LONG  RK_SET_LONG_TASK_PERIOD_S
#define LOG   RK_SET_MAIN_LOG_INTERVAL_SECONDS

static const rk_task tasks[] = {
/*   name                                     seconds, or ms     flags          one pass                          when it is over */
    {"send_product_metrics",                   FIXED, METRICS_MS, 0,             rk_metric_send,                   NULL},
    {"generate_user_namespace",                SHORT, 0,          ALONE,         rk_user_generate_namespaces,      NULL},
    {"bootstrap_user_namespaces",              SHORT, 0,          ALONE | DUMMY, rk_repair_user_namespaces,        rk_repair_owners_are_there},
    {"fix_mismatched_project_namespace_ids",   SHORT, 0,          ALONE | DUMMY, rk_repair_project_groups,         NULL},
    {"migrate_groups_make_all_public",         SHORT, 0,          ALONE | DUMMY, rk_repair_public_groups,          NULL},
    {"migrate_user_namespaces_make_all_public", SHORT, 0,         ALONE | DUMMY, rk_repair_public_user_namespaces, NULL},
    {"users_sync",                             LONG,  0,          0,             rk_users_sync,                    rk_keycloak_is_missing},
    {"sync_admins_from_keycloak",              LONG,  0,          0,             rk_admins_sync,                   rk_keycloak_is_missing},
    {"_log_tasks",                             LOG,   0,          0,             NULL,                             NULL},
};
/* clang-format on */

const rk_task *rk_task_list(size_t *count)
{
    *count = RK_COUNT(tasks);
    return tasks;
}

const rk_task *rk_task_lookup(const char *name)
{
    for (size_t i = 0; i < RK_COUNT(tasks); i++) {
        if (tasks[i].run && strcmp(tasks[i].name, name) == 0)
            return &tasks[i];
    }
    return NULL;
}

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
