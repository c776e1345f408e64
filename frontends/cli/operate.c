/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "renku/renku.h"

/* --- backup and restore --- */

/* The archive is the answer, so that nothing else goes to the standard output. */
static rk_exit backup_to_output(rk_cli *cli, renku_ctx *ctx)
{
    if (isatty(STDOUT_FILENO))
        return rk_cli_usage(cli, "a backup does not go to a terminal: name a file");
    return rk_cli_status(cli, renku_backup_fd(ctx, STDOUT_FILENO, rk_cli_progress, NULL));
}

rk_exit rk_cli_backup(rk_cli *cli)
{
    const char *path = cli->arguments[0];
    renku_ctx *ctx;

    if (rk_cli_given(cli, RK_OPTION_VERIFY))
        return rk_cli_show(cli, renku_backup_verify(path, rk_cli_progress, NULL));
    rk_exit status = rk_cli_open(&ctx, cli, true);

    if (status == RK_EXIT_OK)
        status = strcmp(path, "-") == 0
                     ? backup_to_output(cli, ctx)
                     : rk_cli_show(cli, renku_backup(ctx, path, rk_cli_progress, NULL));
    renku_ctx_free(ctx);
    return status;
}

rk_exit rk_cli_restore(rk_cli *cli)
{
    renku_ctx *ctx;
    rk_exit status = rk_cli_open(&ctx, cli, true);

    if (status == RK_EXIT_OK)
        status = rk_cli_show(cli, renku_restore(ctx, cli->arguments[0], rk_cli_progress, NULL));
    renku_ctx_free(ctx);
    return status;
}
