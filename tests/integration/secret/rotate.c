/* SPDX-License-Identifier: Apache-2.0 */
/* rotate ROUNDS CURRENT PREVIOUS [status]: rotates the secrets of the database of DB_*, tells
 * progress on the standard error output and the numbers on the standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/log.h"
#include "librenku/db/db.h"
#include "librenku/secret/secret.h"

static void tell(void *user, double share, const char *what)
{
    (void)user;
    fprintf(stderr, "%.3f %s\n", share, what);
}

static void log_line(void *user, int level, const char *line)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static int run(rk_op *op, rk_secret_rotation *with, char **arguments, bool status)
{
    const rk_private_keys_options options = {arguments[2], arguments[3], false};
    RK_AUTO(rk_private_keys) *keys = NULL;
    rk_buf out;

    RK_TRY(rk_private_keys_new(&keys, op, &options));
    with->keys = keys;
    rk_buf_begin(&out, op, 256);
    RK_TRY(status ? rk_secret_rotation_status(op, &out, with) : rk_secret_rotate(op, &out, with));
    puts(out.text);
    return 0;
}

int main(int count, char **arguments)
{
    const rk_pool_options options = {
        .host = getenv("DB_HOST"),
        .port = getenv("DB_PORT"),
        .user = getenv("DB_USER"),
        .password = getenv("DB_PASSWORD"),
        .name = getenv("DB_NAME"),
        .size = 1, /* of which it never needs more */
    };
    const rk_log logger = {.sink = log_line};
    rk_op op;
    rk_pool *pool = NULL;

    if (count < 4 || rk_op_begin(&op) < 0)
        return 2;
    op.log = &logger;
    rk_secret_rotation with = {.rounds = atoi(arguments[1]), .progress = tell};
    int result = rk_pool_new(&pool, &op, &options);

    op.pool = pool;
    if (result == 0)
        result = run(&op, &with, arguments, count > 4);
    if (result < 0)
        fprintf(stderr, "%s\n", op.error.message);
    rk_db_end(&op);
    rk_op_end(&op);
    rk_pool_free(pool);
    return result < 0;
}
