/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include "renku/renku.h"

typedef renku_result *sync_call(renku_ctx *ctx, const renku_sync *how);

static rk_exit run(rk_cli *cli, sync_call *call)
{
    renku_sync how = RENKU_SYNC_INIT;
    rk_exit status = rk_cli_open(cli, true);

    how.progress = rk_cli_progress;
    how.dry_run = rk_cli_given(cli, RK_OPTION_DRY_RUN);
    if (rk_cli_given(cli, RK_OPTION_IF_EMPTY))
        how.users = RENKU_SYNC_IF_EMPTY;
    if (rk_cli_given(cli, RK_OPTION_EVENTS))
        how.users = RENKU_SYNC_EVENTS;
    return status == RK_EXIT_OK ? rk_cli_show(cli, call(cli->ctx, &how)) : status;
}

rk_exit rk_cli_user_sync(rk_cli *cli)
{
    if (rk_cli_given(cli, RK_OPTION_EVENTS) && rk_cli_given(cli, RK_OPTION_IF_EMPTY))
        return rk_cli_usage(cli, "--events and --if-empty exclude each other");
    return run(cli, renku_users_sync);
}

rk_exit rk_cli_authz_admin_sync(rk_cli *cli)
{
    return run(cli, renku_admins_sync);
}
