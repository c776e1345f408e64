/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "renku/renku.h"

/* The user as the library wants it: "user:ID" and "ID" are the same; NULL is everybody. */
static const char *user_argument(const rk_cli *cli, int index)
{
    static const char prefix[] = "user:";
    const char *text = index < cli->argument_count ? cli->arguments[index] : NULL;

    return text && strncmp(text, prefix, sizeof(prefix) - 1) == 0 ? text + sizeof(prefix) - 1
                                                                  : text;
}

/* A question that is answered with "allowed": no is exit status 1. */
typedef renku_result *question(renku_ctx *ctx, const char *type, const char *id, const char *scope,
                               const char *user);

static bool is_allowed(const renku_result *result)
{
    json_object *body = json_tokener_parse(renku_result_body(result, NULL));
    bool allowed = json_object_get_boolean(json_object_object_get(body, "allowed"));

    json_object_put(body);
    return allowed;
}

static rk_exit ask(rk_cli *cli, question *call)
{
    char *colon = strchr(cli->arguments[0], ':');

    if (!colon)
        return rk_cli_usage(cli, "'%s' must be TYPE:ID, as in project:01JF0000000000000000000000",
                            cli->arguments[0]);
    rk_exit status = rk_cli_open(cli, true);

    if (status != RK_EXIT_OK)
        return status;
    *colon = '\0';
    renku_result *result =
        call(cli->ctx, cli->arguments[0], colon + 1, cli->arguments[1], user_argument(cli, 2));
    bool allowed = is_allowed(result);

    status = rk_cli_show(cli, result);
    return status == RK_EXIT_OK && !allowed ? RK_EXIT_REFUSED : status;
}

rk_exit rk_cli_authz_check(rk_cli *cli)
{
    return ask(cli, renku_authz_check);
}

rk_exit rk_cli_authz_explain(rk_cli *cli)
{
    return ask(cli, renku_authz_explain);
}

rk_exit rk_cli_authz_lookup(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    if (status != RK_EXIT_OK)
        return status;
    return rk_cli_show(cli, renku_authz_lookup(cli->ctx, cli->arguments[0], cli->arguments[1],
                                               user_argument(cli, 2)));
}

rk_exit rk_cli_authz_export(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    return status == RK_EXIT_OK ? rk_cli_show(cli, renku_authz_export_with(cli->ctx, &rk_cli_watch))
                                : status;
}

rk_exit rk_cli_authz_import(rk_cli *cli)
{
    const char *path = cli->arguments[0];
    int apply = rk_cli_given(cli, RK_OPTION_APPLY);
    size_t size;
    const char *text = rk_cli_read_file(cli, strcmp(path, "-") == 0 ? "/dev/stdin" : path, &size);

    if (!text)
        return rk_cli_fail_errno("cannot read", path);
    rk_exit status = rk_cli_open(cli, true);

    if (status != RK_EXIT_OK)
        return status;
    return rk_cli_show(cli, renku_authz_import_with(cli->ctx, text, size, apply, &rk_cli_watch));
}

static rk_exit admin(rk_cli *cli, const char *action)
{
    rk_exit status = rk_cli_open(cli, true);

    if (status != RK_EXIT_OK)
        return status;
    return rk_cli_show(cli, renku_authz_admin(cli->ctx, action, user_argument(cli, 0)));
}

rk_exit rk_cli_authz_admin_add(rk_cli *cli)
{
    return admin(cli, "add");
}

rk_exit rk_cli_authz_admin_remove(rk_cli *cli)
{
    return admin(cli, "remove");
}

rk_exit rk_cli_authz_admin_list(rk_cli *cli)
{
    return admin(cli, "list");
}
