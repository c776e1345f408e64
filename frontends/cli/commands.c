/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

/* Makes the names in the table's column of options to bits. */
enum {
    HELP = RK_OPTION_BIT(HELP),
    JSON = RK_OPTION_BIT(JSON),
    DATA = RK_OPTION_BIT(DATA),
    PORT = RK_OPTION_BIT(PORT),
    ADMIN = RK_OPTION_BIT(ADMIN),
    EXPIRES = RK_OPTION_BIT(EXPIRES),
    CHECK = RK_OPTION_BIT(CHECK),
    FORCE = RK_OPTION_BIT(FORCE),
    REPAIR = RK_OPTION_BIT(REPAIR),
    APPLY = RK_OPTION_BIT(APPLY),
    USERS = RK_OPTION_BIT(USERS),
    GROUPS = RK_OPTION_BIT(GROUPS),
    PROJECTS = RK_OPTION_BIT(PROJECTS),
};
#define RAW RK_OPTIONS_RAW

const rk_cli_command rk_cli_commands[] = {
#define RK_COMMAND(function, name, arguments, least, most, options, summary, example)              \
    {name, rk_cli_##function, arguments, least, most, (options) | HELP, summary, example},
#include "frontends/cli/commands.def"
#undef RK_COMMAND
};

const int rk_cli_command_count = sizeof(rk_cli_commands) / sizeof(*rk_cli_commands);
