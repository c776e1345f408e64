/* SPDX-License-Identifier: Apache-2.0 */
/* driver users|empty|events|admins: synchronises with the Keycloak of the environment as a task
 * does, within DRIVER_DEADLINE_MS. */
#include <stdlib.h>
#include <string.h>

#include "librenku/base/settings.h"
#include "librenku/base/time.h"
#include "librenku/http/caller.h"
#include "librenku/user/sync.h"
#include "tests/support/program.h"

static const struct {
    const char *name;
    int (*run)(rk_op *op);
} works[] = {
    {"users",  rk_users_sync         },
    {"empty",  rk_users_sync_if_empty},
    {"events", rk_users_sync_events  },
    {"admins", rk_admins_sync        },
};

static const rk_caller service = {
    .kind = RK_CALLER_SERVICE,
    .id = "migrations",
    .access_token = "internal-service-admin",
    .is_admin = true,
};

static int work(rk_op *op, void *name)
{
    const char *deadline = getenv("DRIVER_DEADLINE_MS");
    rk_settings *settings;

    RK_TRY(rk_settings_load(&settings, op, from_environment, NULL));
    op->settings = settings;
    op->caller = &service;
    if (deadline)
        op->deadline_ms = rk_time_monotonic_ms() + atoi(deadline);
    for (size_t i = 0; i < RK_COUNT(works); i++)
        if (strcmp(works[i].name, (const char *)name) == 0)
            return works[i].run(op);
    return rk_fail(op, RK_ERR_INTERNAL, "There is no '%s'.", (const char *)name);
}

int main(int count, char **arguments)
{
    return count == 2 ? database_run(work, arguments[1]) : 2;
}
