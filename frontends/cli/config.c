/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "frontends/cli/print.h"
#include "frontends/cli/table.h"
#include "renku/renku.h"

static void print_settings(rk_cli *cli, const renku_result *result)
{
    json_object *body = rk_cli_or_end(json_tokener_parse(renku_result_body(result, NULL)));
    json_object *settings = json_object_object_get(body, "settings");
    rk_table table;

    rk_table_begin(&table, cli, "name value source", NULL);
    rk_table_rows(&table, settings, json_object_array_length(settings));
    json_object_put(body);
}

/* Where the next problem of "A; B" begins; values stand in quotes. */
static char *next_problem(char *text)
{
    for (bool quoted = false; *text; text++) {
        if (*text == '"')
            quoted = !quoted;
        else if (!quoted && strncmp(text, "; ", 2) == 0)
            return text;
    }
    return NULL;
}

/* The message, then one problem a line. */
static void print_problems(rk_cli *cli, const char *problem)
{
    char *text = rk_cli_format(cli, "%s", problem), *colon = strstr(text, ": ");

    if (colon) {
        printf("%.*s:\n", (int)(colon - text), text);
        text = colon + 2;
    }
    for (char *end; text; text = end ? end + 2 : NULL) {
        end = next_problem(text);
        if (end)
            *end = '\0';
        fputs("  ", stdout);
        rk_cli_put(stdout, text);
        putchar('\n');
    }
}

/* What the library says about the settings; NULL after telling why there is nothing. */
static renku_result *describe(rk_exit *status, rk_cli *cli)
{
    renku_config *config;
    renku_result *result = NULL;

    *status = rk_cli_settings(&config, cli);
    if (*status == RK_EXIT_OK)
        result = renku_config_describe(config);
    renku_config_free(config);
    if (!result || renku_result_ok(result))
        return result;
    *status = rk_cli_status(cli, result);
    return NULL;
}

rk_exit rk_cli_config_show(rk_cli *cli)
{
    rk_exit status;
    renku_result *result = describe(&status, cli);

    if (result && rk_cli_given(cli, RK_OPTION_JSON))
        return rk_cli_show(cli, result);
    if (result)
        print_settings(cli, result);
    renku_result_free(result);
    return status;
}

rk_exit rk_cli_config_check(rk_cli *cli)
{
    rk_exit status;
    renku_result *result = describe(&status, cli);

    if (!result)
        return status;
    const char *problem = renku_result_text(result, "/problem");

    problem = problem ? rk_cli_format(cli, "%s", problem) : NULL;
    if (rk_cli_given(cli, RK_OPTION_JSON)) {
        status = rk_cli_show(cli, result);
    } else {
        renku_result_free(result);
        if (problem)
            print_problems(cli, problem);
        else
            puts("the settings are in order");
    }
    return status == RK_EXIT_OK && problem ? RK_EXIT_REFUSED : status;
}
