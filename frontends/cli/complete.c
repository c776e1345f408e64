/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "frontends/cli/request.h"

/* What may follow the words of a command line, from the tables of commands, options, operations and
 * tasks. One offer a line: the word, a tab, what it means. ":files" and ":folders" ask the shell.
 */

typedef struct {
    rk_cli *cli;
    char **words;
    int count; /* of the words before the one that is being written */
    const char *current;
    const rk_cli_command *command; /* NULL: it is not complete yet */
    int used;                      /* how many words name it */
} line;

static void offer(const line *at, const char *word, const char *meaning)
{
    if (strncmp(word, at->current, strlen(at->current)) == 0)
        printf("%s\t%s\n", word, meaning);
}

/* --- commands --------------------------------------------------------------------------------- */

/* Whether the words before are the first ones of a name; @p rest: what follows them. */
static bool continues(const char **rest, const line *at, const char *name)
{
    for (int i = 0; i < at->count; i++) {
        size_t length = strlen(at->words[i]);

        if (strncmp(name, at->words[i], length) != 0 || name[length] != ' ')
            return false;
        name += length + 1;
    }
    *rest = name;
    return true;
}

/* Whether a command before this one has offered the same word. */
static bool was_offered(const line *at, int index, const char *word)
{
    const char *rest;
    size_t length = strlen(word);

    for (int i = 0; i < index; i++) {
        if (continues(&rest, at, rk_cli_commands[i].name) && strncmp(rest, word, length) == 0 &&
            (!rest[length] || rest[length] == ' '))
            return true;
    }
    return false;
}

static void offer_commands(const line *at)
{
    const char *rest;

    for (int i = 0; i < rk_cli_command_count; i++) {
        const rk_cli_command *command = &rk_cli_commands[i];

        if (!continues(&rest, at, command->name))
            continue;
        size_t length = strcspn(rest, " ");
        const char *word = rk_cli_format(at->cli, "%.*s", (int)length, rest);

        if (!was_offered(at, i, word))
            offer(at, word, rest[length] ? "" : command->summary);
    }
}

/* --- operations and tasks --------------------------------------------------------------------- */

static void offer_operations(const line *at)
{
    json_object *operations = rk_cli_operations(at->cli);

    for (size_t i = 0; i < json_object_array_length(operations); i++) {
        json_object *operation = json_object_array_get_idx(operations, i);

        offer(at, rk_cli_text_of(operation, "id"), rk_cli_text_of(operation, "summary"));
    }
}

static void offer_tasks(const line *at)
{
    json_object *tasks = rk_cli_task_list(at->cli);

    for (size_t i = 0; i < json_object_array_length(tasks); i++) {
        json_object *task = json_object_array_get_idx(tasks, i);

        offer(at, rk_cli_text_of(task, "name"), rk_cli_text_of(task, "summary"));
    }
}

/* NAME=VALUE, where the values are few. */
static void offer_values(const line *at, json_object *parameter)
{
    static const char *const truths[] = {"false", "true"};
    const char *name = rk_cli_text_of(parameter, "name");
    json_object *choices = json_object_object_get(parameter, "enum");
    bool is_truth = strcmp(rk_cli_text_of(parameter, "type"), "boolean") == 0;

    for (size_t i = 0; is_truth && i < 2; i++)
        offer(at, rk_cli_format(at->cli, "%s=%s", name, truths[i]), "");
    for (size_t i = 0; choices && i < json_object_array_length(choices); i++)
        offer(at,
              rk_cli_format(at->cli, "%s=%s", name,
                            json_object_get_string(json_object_array_get_idx(choices, i))),
              "");
}

static void offer_parameters(const line *at)
{
    json_object *operation =
        at->used < at->count ? rk_cli_operation(at->cli, at->words[at->used]) : NULL;
    json_object *parameters = json_object_object_get(operation, "parameters");

    for (size_t i = 0; parameters && i < json_object_array_length(parameters); i++) {
        json_object *parameter = json_object_array_get_idx(parameters, i);
        const char *name = rk_cli_text_of(parameter, "name");

        if (strchr(at->current, '='))
            offer_values(at, parameter);
        else
            offer(at, rk_cli_format(at->cli, "%s=", name),
                  rk_cli_text_of(parameter, "description"));
    }
}

/* --- arguments and options -------------------------------------------------------------------- */

/* What a table says stands in a place: words in small letters are offered as they are, up to what
 * the user must know ("project:ID"). */
static void offer_place(const line *at, const char *place)
{
    static const struct {
        const char *place;
        const char *ask; /* the shell */
    } asked[] = {
        {"FILE",         ":files"  },
        {"@FILE|-|JSON", ":files"  },
        {"DIR",          ":folders"},
    };

    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        if (strcmp(place, asked[i].place) == 0)
            puts(asked[i].ask);
    }
    if (strcmp(place, "[OPERATION]") == 0)
        offer_operations(at);
    if (strcmp(place, "[TASK]") == 0 || strcmp(place, "TASK...") == 0)
        offer_tasks(at);
    if (strcmp(place, "NAME=VALUE...") == 0)
        offer_parameters(at);
    for (const char *word = place; *word; word += strcspn(word, "|"), word += *word == '|') {
        size_t length = 0;

        while (islower((unsigned char)word[length]) || word[length] == ':')
            length++;
        if (length)
            offer(at, rk_cli_format(at->cli, "%.*s", (int)length, word), "");
    }
}

/* The option that a word names and that takes an argument in the next word; -1 when it is none. */
static int open_option(const line *at, const char *word)
{
    for (int i = 0; strncmp(word, "--", 2) == 0 && i < RK_OPTION_COUNT_; i++) {
        if (rk_cli_takes(at->command, i) && rk_cli_option_argument(i) &&
            strcmp(rk_cli_option_name(i), word + 2) == 0)
            return i;
    }
    return -1;
}

static void offer_options(const line *at)
{
    for (int i = 0; i < RK_OPTION_COUNT_; i++) {
        if (rk_cli_takes(at->command, i))
            offer(at, rk_cli_format(at->cli, "--%s", rk_cli_option_name(i)), rk_cli_option_help(i));
    }
}

/* The argument that comes next. */
static void offer_argument(const line *at)
{
    char *rest = rk_cli_format(at->cli, "%s", at->command->arguments), *place;
    int number = 0;

    for (int i = at->used; i < at->count; i++) {
        bool is_option = at->words[i][0] == '-' && at->words[i][1];

        i += open_option(at, at->words[i]) >= 0;
        number += !is_option;
    }
    while ((place = strsep(&rest, " ")) && number > 0)
        number--;
    if (place)
        offer_place(at, place);
}

static void complete(const line *at)
{
    int open = at->count > at->used && at->command ? open_option(at, at->words[at->count - 1]) : -1;

    if (open >= 0)
        offer_place(at, rk_cli_option_argument(open));
    else if (!at->command)
        offer_commands(at);
    else if (*at->current == '-')
        offer_options(at);
    else
        offer_argument(at);
}

rk_exit rk_cli_complete(rk_cli *cli)
{
    static char nothing[] = "";
    const char *first = cli->argument_count ? cli->arguments[0] : "";

    if (strcmp(first, "--help") == 0) {
        rk_cli_help(cli->command);
        return RK_EXIT_OK;
    }
    if (strcmp(first, "--") != 0)
        return rk_cli_usage(cli, "'complete' needs -- before the words");
    line at = {.cli = cli, .words = cli->arguments + 1, .count = cli->argument_count - 2};

    at.current = at.count < 0 ? nothing : at.words[at.count];
    if (at.count < 0)
        at.count = 0;
    at.command = rk_cli_find(at.words, at.count, &at.used);
    complete(&at);
    return RK_EXIT_OK;
}
