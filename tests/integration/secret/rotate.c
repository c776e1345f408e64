/* SPDX-License-Identifier: Apache-2.0 */
/* rotate ROUNDS CURRENT PREVIOUS [status]: rotates the secrets of the database of DB_*, tells
 * progress on the standard error output and the numbers on the standard output. */
#include <stdio.h>
#include <stdlib.h>

#include "librenku/secret/secret.h"
#include "tests/support/program.h"

typedef int step(rk_op *op, rk_buf *out, const rk_secret_rotation *with);

static void tell(void *user, double share, const char *what)
{
    (void)user;
    fprintf(stderr, "%.3f %s\n", share, what);
}

/* A rotation never needs more than one connection. */
static int run(rk_op *op, void *user)
{
    char **arguments = user;
    const rk_private_keys_options options = {arguments[2], arguments[3], false};
    rk_secret_rotation with = {.rounds = atoi(arguments[1]), .progress = tell};
    step *take = arguments[4] ? rk_secret_rotation_status : rk_secret_rotate;
    RK_AUTO(rk_private_keys) *keys = NULL;
    rk_buf out;

    RK_TRY(rk_private_keys_new(&keys, op, &options));
    with.keys = keys;
    rk_buf_begin(&out, op, 256);
    RK_TRY(take(op, &out, &with));
    puts(out.text);
    return 0;
}

int main(int count, char **arguments)
{
    return count < 4 ? 2 : database_run(run, arguments);
}
