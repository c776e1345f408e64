/* SPDX-License-Identifier: Apache-2.0 */
/* driver users|empty|events|admins: synchronises with the Keycloak of the environment as a task
 * does, within DRIVER_DEADLINE_MS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/log.h"
#include "librenku/base/settings.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"
#include "librenku/user/sync.h"

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

static const char *from_environment(void *user, const char *name)
{
    (void)user;
    return getenv(name);
}

static void log_line(void *user, int level, const char *line)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static int set_up(rk_op *op)
{
    const rk_pool_options options = {
        .host = getenv("DB_HOST"),
        .port = getenv("DB_PORT"),
        .user = getenv("DB_USER"),
        .password = getenv("DB_PASSWORD"),
        .name = getenv("DB_NAME"),
        .size = 1, /* of which it never needs more */
    };
    const char *deadline = getenv("DRIVER_DEADLINE_MS");
    rk_settings *settings;

    RK_TRY(rk_settings_load(&settings, op, from_environment, NULL));
    op->settings = settings;
    op->caller = &service;
    if (deadline)
        op->deadline_ms = rk_time_monotonic_ms() + atoi(deadline);
    return rk_pool_new(&op->pool, op, &options);
}

static int run(rk_op *op, const char *name)
{
    for (size_t i = 0; i < RK_COUNT(works); i++)
        if (strcmp(works[i].name, name) == 0)
            return works[i].run(op);
    return rk_fail(op, RK_ERR_INTERNAL, "There is no '%s'.", name);
}

int main(int count, char **arguments)
{
    const rk_log logger = {.sink = log_line};
    rk_op op;

    if (count != 2 || rk_op_begin(&op) < 0)
        return 2;
    op.log = &logger;
    int result = set_up(&op);

    if (result == 0)
        result = run(&op, arguments[1]);
    if (result < 0)
        fprintf(stderr, "%s\n", op.error.message);
    rk_pool *pool = op.pool;

    rk_db_end(&op);
    rk_op_end(&op);
    rk_pool_free(pool);
    return result < 0;
}
