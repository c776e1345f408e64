/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the command line, one a line: whatever they are, the program ends with one of its five
 * statuses. The commands themselves only look at what they were given. */
int renku_main(int argc, char **argv);

#define main renku_main
#include "frontends/cli/main.c"
#undef main

#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { WORDS = 32 };

static rk_exit look(rk_cli *cli)
{
    for (int i = 0; i < cli->argument_count; i++)
        (void)rk_cli_quote(cli, cli->arguments[i]);
    for (int i = 0; i < RK_OPTION_COUNT_; i++) {
        if (rk_cli_given(cli, (rk_cli_option)i) && rk_cli_option_argument(i))
            (void)rk_cli_number(cli, (rk_cli_option)i, 1, 65535);
    }
    if (rk_cli_limit(cli) < 0)
        return RK_EXIT_USAGE;
    const rk_cli_command *command = cli->command; /* NULL: --version */

    if (command && !(command->options & RK_OPTIONS_RAW) && cli->argument_count < command->least)
        abort();
    return RK_EXIT_OK;
}

#define RK_COMMAND(function, ...)                                                                  \
    rk_exit rk_cli_##function(rk_cli *cli)                                                         \
    {                                                                                              \
        return look(cli);                                                                          \
    }
#include "frontends/cli/commands.def"
#undef RK_COMMAND

rk_exit rk_cli_call(rk_cli *cli)
{
    return look(cli);
}

/* No command opens the library. */
void rk_cli_close(rk_cli *cli)
{
    if (cli->ctx)
        abort();
}

const char *rk_cli_folder(rk_cli *cli)
{
    return cli->options[RK_OPTION_DATA];
}

bool rk_cli_is_running(rk_cli *cli)
{
    return !cli->options[RK_OPTION_DATA];
}

/* What the program says is not looked at, but for how it says it. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return freopen("/dev/null", "w", stdout) ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char name[] = "renku";
    char *words[WORDS + 2] = {name}, *text = calloc(size + 1, 1);
    int count = 1;

    if (!text)
        return 0;
    memcpy(text, bytes, size);
    for (char *rest = text, *word; count <= WORDS && (word = strsep(&rest, "\n"));)
        words[count++] = word;
    int status = renku_main(count, words);

    if (status < RK_EXIT_OK || status > RK_EXIT_UNAVAILABLE)
        abort();
    free(text);
    return 0;
}
