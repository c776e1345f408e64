/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include "renku/renku.h"

rk_exit rk_cli_secrets_rotate(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    if (status != RK_EXIT_OK)
        return status;
    return rk_cli_show(cli, rk_cli_given(cli, RK_OPTION_STATUS)
                                ? renku_secrets_rotate_status(cli->ctx, rk_cli_progress, NULL)
                                : renku_secrets_rotate(cli->ctx, rk_cli_progress, NULL));
}
