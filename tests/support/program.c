/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/program.h"

#include <stdio.h>
#include <stdlib.h>

#include "librenku/base/log.h"

const char *from_environment(void *user, const char *name)
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

const rk_log to_stderr = {.sink = log_line, .root_level = RK_LOG_DEBUG, .app_level = RK_LOG_DEBUG};

rk_pool_options database_options(int size)
{
    return (rk_pool_options){
        .host = getenv("DB_HOST"),
        .port = getenv("DB_PORT"),
        .user = getenv("DB_USER"),
        .password = getenv("DB_PASSWORD"),
        .name = getenv("DB_NAME"),
        .size = size,
    };
}

int database_run(int (*run)(rk_op *op, void *user), void *user)
{
    const rk_pool_options options = database_options(1);
    struct rk_pool *pool = NULL;
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return EXIT_FAILURE;
    op.log = &to_stderr;
    int result = rk_pool_new(&pool, &op, &options);

    op.pool = pool;
    if (result == 0)
        result = run(&op, user);
    if (result < 0)
        fprintf(stderr, "%s\n", op.error.message);
    rk_db_end(&op);
    rk_op_end(&op);
    rk_pool_free(pool);
    return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
