/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <stdio.h>

#include "frontends/server/launch.h"
#include "renku/renku.h"

enum { SEED_MAX = 100 * 1000 * 1000 };

rk_exit rk_cli_dev_seed(rk_cli *cli)
{
    renku_seed seed = RENKU_SEED_INIT;

    seed.users = rk_cli_number(cli, RK_OPTION_USERS, 100, SEED_MAX);
    seed.groups = rk_cli_number(cli, RK_OPTION_GROUPS, 10, SEED_MAX);
    seed.projects = rk_cli_number(cli, RK_OPTION_PROJECTS, 1000, SEED_MAX);
    seed.progress = rk_cli_progress;
    if (seed.users < 0 || seed.groups < 0 || seed.projects < 0)
        return RK_EXIT_USAGE;
    rk_exit status = rk_cli_open(cli, true);

    return status == RK_EXIT_OK ? rk_cli_show(cli, renku_dev_seed(cli->ctx, &seed)) : status;
}

rk_exit rk_cli_server(rk_cli *cli)
{
    /* The word before the arguments is "server": the name under which the server sees itself. */
    rk_exit status = (rk_exit)renku_server_main(cli->argument_count + 1, cli->arguments - 1);

    if (status == RK_EXIT_OK) /* it has only shown its help */
        printf("\nexample: %s\n", cli->command->example);
    return status;
}

rk_exit rk_cli_version(rk_cli *cli)
{
    printf(rk_cli_given(cli, RK_OPTION_JSON) ? "{\"version\":\"%s\"}\n" : "renku %s\n",
           renku_version());
    return RK_EXIT_OK;
}
