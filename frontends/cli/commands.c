/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

/* Makes the names in the tables' column of options to bits. */
enum {
#define RK_OPTION(constant, name, argument, help) constant = RK_OPTION_BIT(constant),
#include "frontends/cli/options.def"
#undef RK_OPTION
    RAW = RK_OPTIONS_RAW,
    HELP_OF = RK_OPTIONS_HELP_OF,
};

const rk_cli_command rk_cli_commands[] = {
#define RK_COMMAND(function, name, arguments, least, most, options, summary, example)              \
    {name,    rk_cli_##function, arguments, least, most, (options) | HELP,                         \
     summary, example,           NULL,      NULL,  NULL},
#include "frontends/cli/commands.def"
#undef RK_COMMAND
#define RK_CALL(name, arguments, least, most, options, operation, input, columns, summary,         \
                example)                                                                           \
    {name,    rk_cli_call, arguments, least, most,   (options) | HELP,                             \
     summary, example,     operation, input, columns},
#include "frontends/cli/calls.def"
#undef RK_CALL
};

const int rk_cli_command_count = sizeof(rk_cli_commands) / sizeof(*rk_cli_commands);
