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
/*   name                                       seconds, or ms     flags          one pass                          when it is over
 *   what a pass does */
    {"send_product_metrics",                   FIXED, METRICS_MS, 0,             rk_metric_send,                   NULL,
     "delivers product metrics to PostHog"},
    {"generate_user_namespace",                SHORT, 0,          ALONE,         rk_user_generate_namespaces,      NULL,
     "gives every user a namespace, while there is none of anybody"},
    {"bootstrap_user_namespaces",              SHORT, 0,          ALONE | DUMMY, rk_repair_user_namespaces,        rk_repair_owners_are_there,
     "gives namespaces of users their relationships"},
    {"fix_mismatched_project_namespace_ids",   SHORT, 0,          ALONE | DUMMY, rk_repair_project_groups,         NULL,
     "makes projects belong to the group that they stand in"},
    {"migrate_groups_make_all_public",         SHORT, 0,          ALONE | DUMMY, rk_repair_public_groups,          NULL,
     "makes groups visible that strangers cannot see"},
    {"migrate_user_namespaces_make_all_public",SHORT, 0,          ALONE | DUMMY, rk_repair_public_user_namespaces, NULL,
     "makes namespaces of users visible that strangers cannot see"},
    {"users_sync",                             LONG, 0,           0,             rk_users_sync,                    rk_keycloak_is_missing,
     "makes users that Keycloak has, and brings names and e-mails up to date"},
    {"sync_admins_from_keycloak",              LONG, 0,           0,             rk_admins_sync,                   rk_keycloak_is_missing,
     "makes who has the role renku-admin in Keycloak an administrator, and nobody else"},
    {"_log_tasks",                             LOG, 0,            0,             NULL,                             NULL,
     "writes the tasks that run to the log"},
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
