/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 3 };

/* The first @p count words, joined by blanks; cut when they do not fit. */
static void join(char *out, size_t size, char **words, int count)
{
    size_t used = 0;

    *out = '\0';
    for (int i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "", words[i]);
}

static const rk_cli_command *command_of(const char *name)
{
    for (int i = 0; i < rk_cli_command_count; i++) {
        if (strcmp(rk_cli_commands[i].name, name) == 0)
            return &rk_cli_commands[i];
    }
    return NULL;
}

const rk_cli_command *rk_cli_find(char **words, int count, int *used)
{
    const rk_cli_command *command = NULL;
    char name[64];
    int length = count < WORDS_MAX ? count : WORDS_MAX;

    for (; length > 0 && !command; length--) {
        join(name, sizeof(name), words, length);
        command = command_of(name);
        *used = length;
    }
    return command;
}

static bool is_group(const char *name)
{
    size_t length = strlen(name);

    for (int i = 0; length && i < rk_cli_command_count; i++) {
        const char *full = rk_cli_commands[i].name;

        if (strncmp(full, name, length) == 0 && full[length] == ' ')
            return true;
    }
    return false;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* Index of the option that @p word names, with its value after "=" if there is one; -1 when there
 * is none such. */
static int option_of(const char *word, const char **value)
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);

    *value = equals ? equals + 1 : NULL;
    for (int i = 0; i < RK_OPTION_COUNT_; i++) {
        const char *name = rk_cli_option_name(i);

        if (strncmp(name, word, length) == 0 && !name[length])
            return i;
    }
    return -1;
}

/* Whether a word is an option of the command, and so hardly the value of the one before it. */
static bool names_option(const rk_cli *cli, const char *word)
{
    const char *value;
    int option = strncmp(word, "--", 2) == 0 ? option_of(word + 2, &value) : -1;

    return option >= 0 && rk_cli_takes(cli->command, option);
}

/* Whether a value is one of those that a table names, "private|public"; anything is, where it
 * names none. */
static bool is_choice(const char *place, const char *value)
{
    size_t length = strlen(value);

    if (!strchr(place, '|') || place[strspn(place, "abcdefghijklmnopqrstuvwxyz_|")])
        return true;
    for (const char *word = place; word; word = strchr(word, '|')) {
        word += *word == '|';
        if (strncmp(word, value, length) == 0 && (!word[length] || word[length] == '|'))
            return true;
    }
    return false;
}

/* Takes the option at @p words[*at]. */
static rk_exit take_option(rk_cli *cli, char **words, int count, int *at)
{
    const char *word = words[*at], *value = NULL;
    int option = strcmp(word, "-h") == 0 ? RK_OPTION_HELP : option_of(word + 2, &value);

    if (option < 0 || !rk_cli_takes(cli->command, option))
        return rk_cli_usage(cli, "'%s' does not know the option '%s'", cli->command->name, word);
    bool has_argument = rk_cli_option_argument(option) != NULL;

    if (value && !has_argument)
        return rk_cli_usage(cli, "the option '--%s' takes no value", rk_cli_option_name(option));
    if (!value && has_argument) {
        if (*at + 1 == count || names_option(cli, words[*at + 1]))
            return rk_cli_usage(cli, "the option '%s' needs a value", word);
        value = words[++*at];
    }
    if (has_argument && !is_choice(rk_cli_option_argument(option), value))
        return rk_cli_usage(cli, "'%s' of '--%s' is none of %s", value, rk_cli_option_name(option),
                            rk_cli_option_argument(option));
    cli->options[option] = value ? value : "";
    cli->given[cli->given_count++] =
        (rk_cli_given_option){(rk_cli_option)option, cli->options[option]};
    return RK_EXIT_OK;
}

/* Sorts words into options and arguments; the arguments move to the front. */
static rk_exit take_words(rk_cli *cli, char **words, int count)
{
    bool only_arguments = false;

    cli->arguments = words;
    cli->given = rk_cli_or_end(calloc((size_t)count + 1, sizeof(*cli->given)));
    (void)rk_cli_own(cli, (char *)cli->given);
    for (int i = 0; i < count; i++) {
        bool option = !only_arguments && words[i][0] == '-' && words[i][1];

        if (option && strcmp(words[i], "--") == 0) {
            only_arguments = true;
            continue;
        }
        if (!option) {
            cli->arguments[cli->argument_count++] = words[i];
            continue;
        }
        rk_exit status = take_option(cli, words, count, &i);

        if (status != RK_EXIT_OK)
            return status;
    }
    return RK_EXIT_OK;
}

static rk_exit help(rk_cli *cli)
{
    if (cli->command->options & RK_OPTIONS_HELP_OF && cli->argument_count)
        return cli->command->run(cli);
    rk_cli_help(cli->command);
    return RK_EXIT_OK;
}

static rk_exit check_arguments(rk_cli *cli)
{
    char *rest = rk_cli_format(cli, "%s", cli->command->arguments);

    if (cli->argument_count < cli->command->least)
        return rk_cli_usage(cli, "'%s' needs more arguments", cli->command->name);
    if (cli->argument_count > cli->command->most)
        return rk_cli_usage(cli, "'%s' is one argument too many",
                            cli->arguments[cli->command->most]);
    for (int i = 0; i < cli->argument_count; i++) {
        const char *place = strsep(&rest, " ");

        if (place && !is_choice(place, cli->arguments[i]))
            return rk_cli_usage(cli, "'%s' is none of %s", cli->arguments[i], place);
    }
    return RK_EXIT_OK;
}

static rk_exit run(rk_cli *cli, char **words, int count)
{
    if (cli->command->options & RK_OPTIONS_RAW) {
        cli->arguments = words;
        cli->argument_count = count;
        return cli->command->run(cli);
    }
    rk_exit status = take_words(cli, words, count);

    if (status != RK_EXIT_OK)
        return status;
    if (rk_cli_given(cli, RK_OPTION_HELP))
        return help(cli);
    status = check_arguments(cli);
    return status == RK_EXIT_OK ? cli->command->run(cli) : status;
}

/* The words name no command: help, a group, or a mistake. */
static rk_exit run_group(char **words, int count)
{
    char name[64];
    int length = 0;

    while (length < count && length < WORDS_MAX && words[length][0] != '-' &&
           !is_help(words[length]))
        length++;
    join(name, sizeof(name), words, length);
    bool help = length < count && is_help(words[length]);

    if (is_group(name)) {
        rk_cli_help_group(name);
        return help ? RK_EXIT_OK : RK_EXIT_USAGE;
    }
    (void)rk_cli_fail("there is no command '%s'", *name ? name : words[0]);
    if (is_group(words[0]))
        fprintf(stderr, "`renku %s --help` lists its commands\n", words[0]);
    else
        fputs("`renku --help` lists the commands\n", stderr);
    return RK_EXIT_USAGE;
}

/* The same as with the option --help. */
static rk_exit show_help(const rk_cli_command *command)
{
    char *words[] = {(char[]){"renku"}, (char[]){"--help"}, NULL};
    rk_cli cli = {.command = command, .arguments = words + 1, .argument_count = 1};

    if (command->options & RK_OPTIONS_RAW)
        return command->run(&cli);
    rk_cli_help(command);
    return RK_EXIT_OK;
}

/* What `renku --help`, `renku help COMMAND` and `renku --version` say; false when the words are
 * none of these. */
static bool run_special(rk_exit *status, char **words, int count)
{
    int used;

    *status = RK_EXIT_OK;
    if (count == 0 || (count == 1 && is_help(words[0]))) {
        rk_cli_help_all();
        *status = count ? RK_EXIT_OK : RK_EXIT_USAGE;
        return true;
    }
    if (strcmp(words[0], "--version") == 0) {
        rk_cli none = {0};

        *status = rk_cli_version(&none);
        return true;
    }
    if (strcmp(words[0], "help") != 0)
        return false;
    const rk_cli_command *command = rk_cli_find(words + 1, count - 1, &used);

    *status = command ? show_help(command) : run_group(words + 1, count - 1);
    return true;
}

/* A connection must not become what an answer is written to, where somebody has closed it. Nobody
 * can write to what takes its place, so that the answer that is lost is told. */
static void hold_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", O_RDONLY | O_CLOEXEC); /* the lowest that is free */
    }
}

static rk_exit run_words(char **words, int count)
{
    rk_cli cli = {0};
    int used = 0;

    cli.command = rk_cli_find(words, count, &used);
    rk_exit status = cli.command ? run(&cli, words + used, count - used) : run_group(words, count);

    rk_cli_close(&cli);
    rk_cli_free(&cli);
    return status;
}

int main(int argc, char **argv)
{
    rk_exit status;

    hold_descriptors();
    if (!run_special(&status, argv + 1, argc - 1))
        status = run_words(argv + 1, argc - 1);
    if ((ferror(stdout) || fflush(stdout) != 0) && status == RK_EXIT_OK)
        status = rk_cli_fail_errno("cannot write", "the answer");
    return status;
}
