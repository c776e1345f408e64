/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/task/task.h"

#include <string.h>

#include "librenku/authz/repair.h"
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
