/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *argument, *help;
} options[] = {
#define RK_OPTION(constant, name, argument, help) {name, argument, help},
#include "frontends/cli/options.def"
#undef RK_OPTION
};

const char *rk_cli_option_name(int option)
{
    return options[option].name;
}

const char *rk_cli_option_argument(int option)
{
    return options[option].argument;
}

const char *rk_cli_option_help(int option)
{
    return options[option].help;
}

bool rk_cli_takes(const rk_cli_command *command, int option)
{
    return !(command->options & RK_OPTIONS_RAW) && (command->options & (UINT64_C(1) << option));
}

static void print_usage(FILE *stream, const rk_cli_command *command)
{
    fprintf(stream, "usage: renku %s", command->name);
    if (*command->arguments)
        fprintf(stream, " %s", command->arguments);
    for (int i = 0; i < RK_OPTION_COUNT_; i++) {
        if (!rk_cli_takes(command, i) || i == RK_OPTION_HELP)
            continue;
        const char *argument = options[i].argument;

        fprintf(stream, " [--%s%s%s]", options[i].name, argument ? " " : "",
                argument ? argument : "");
    }
    fputc('\n', stream);
}

/* The length of it: more is told by the help of the command. */
static int first_sentence(const char *text)
{
    const char *end = strstr(text, ". ");

    return end ? (int)(end + 1 - text) : (int)strlen(text);
}

static void print_rows(const char *group)
{
    size_t length = strlen(group);

    for (int i = 0; i < rk_cli_command_count; i++) {
        const rk_cli_command *command = &rk_cli_commands[i];

        if (strncmp(command->name, group, length) == 0)
            printf("  %-24s %.*s\n", command->name, first_sentence(command->summary),
                   command->summary);
    }
}

void rk_cli_help_all(void)
{
    puts("usage: renku COMMAND [ARGUMENT...] [--OPTION...]\n");
    print_rows("");
    puts("\n`renku COMMAND --help` tells more about one command.\n"
         "Exit status: 0 done, 1 refused or failed, 2 usage, 3 not found, 4 unavailable.\n"
         "\nexample: renku up");
}

void rk_cli_help_group(const char *group)
{
    printf("usage: renku %s COMMAND [ARGUMENT...] [--OPTION...]\n\n", group);
    print_rows(group);
    printf("\nexample: renku %s --help\n", group);
}

void rk_cli_help(const rk_cli_command *command)
{
    print_usage(stdout, command);
    printf("\n%s\n\n", command->summary);
    for (int i = 0; i < RK_OPTION_COUNT_; i++) {
        if (!rk_cli_takes(command, i))
            continue;
        const char *argument = options[i].argument;
        int width =
            printf("  --%s%s%s", options[i].name, argument ? " " : "", argument ? argument : "");

        printf("%*s%s\n", width < 22 ? 22 - width : 1, "", options[i].help);
    }
    if (command->options & RK_OPTION_BIT(DATA) && strchr(command->name, ' '))
        puts("\nWithout --data the database is that of DB_HOST, DB_PORT, DB_USER, DB_PASSWORD\n"
             "and DB_NAME in the environment.");
    if (rk_cli_takes(command, RK_OPTION_AS))
        puts("\nWithout --as the operator acts, who may do everything that is no person's own; or "
             "the\n"
             "holder of the bearer token in RENKU_TOKEN.");
    printf("\nexample: %s\n", command->example);
}

rk_exit rk_cli_usage(const rk_cli *cli, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    rk_cli_complain(format, list);
    va_end(list);
    if (cli && cli->command) {
        print_usage(stderr, cli->command);
        fprintf(stderr, "example: %s\n", cli->command->example);
    } else {
        fputs("`renku --help` lists the commands\n", stderr);
    }
    return RK_EXIT_USAGE;
}
