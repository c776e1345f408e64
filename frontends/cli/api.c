/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "frontends/cli/print.h"
#include "frontends/cli/request.h"
#include "renku/renku.h"

/* --- help ------------------------------------------------------------------------------------- */

static void print_text(const char *before, const char *text, const char *after)
{
    fputs(before, stdout);
    rk_cli_put(stdout, text);
    fputs(after, stdout);
}

static void print_choices(json_object *choices)
{
    for (size_t i = 0; choices && i < json_object_array_length(choices); i++)
        print_text(i ? "|" : " ", json_object_get_string(json_object_array_get_idx(choices, i)),
                   "");
}

/* Parameters, or the members of a body. */
static void print_fields(const char *title, json_object *fields)
{
    size_t count = json_object_array_length(fields);

    if (count)
        printf("\n%s:\n", title);
    for (size_t i = 0; i < count; i++) {
        json_object *field = json_object_array_get_idx(fields, i);

        printf("  %-24s %s%s", rk_cli_text_of(field, "name"), rk_cli_text_of(field, "type"),
               rk_cli_truth_of(field, "required") ? ", required" : "");
        print_choices(json_object_object_get(field, "enum"));
        print_text(": ", rk_cli_text_of(field, "description"), "\n");
    }
}

static void print_errors(json_object *errors)
{
    size_t count = json_object_array_length(errors);

    if (count)
        puts("\nErrors of its own:");
    for (size_t i = 0; i < count; i++) {
        json_object *error = json_object_array_get_idx(errors, i);

        printf("  %-4s", rk_cli_text_of(error, "status"));
        print_text("", rk_cli_text_of(error, "description"), "\n");
    }
}

static void print_usage(json_object *operation)
{
    json_object *parameters = json_object_object_get(operation, "parameters");

    printf("usage: renku api %s", rk_cli_text_of(operation, "id"));
    for (size_t i = 0; i < json_object_array_length(parameters); i++) {
        json_object *parameter = json_object_array_get_idx(parameters, i);
        bool required = rk_cli_truth_of(parameter, "required");

        printf(required ? " --param %s=VALUE" : " [--param %s=VALUE]",
               rk_cli_text_of(parameter, "name"));
    }
    if (rk_cli_text_of(operation, "body"))
        fputs(" --body @FILE|-|JSON", stdout);
    if (rk_cli_truth_of(operation, "if_match"))
        fputs(" --if-match ETAG", stdout);
    puts(rk_cli_truth_of(operation, "person") ? " --as USER" : " [--as USER]");
}

static void describe(json_object *operation)
{
    const char *description = rk_cli_text_of(operation, "description");
    const char *body = rk_cli_text_of(operation, "body");
    bool is_list = rk_cli_truth_of(operation, "list");

    print_usage(operation);
    printf("\n%s (%s %s)\n", rk_cli_text_of(operation, "summary"),
           rk_cli_text_of(operation, "method"), rk_cli_text_of(operation, "path"));
    if (*description)
        puts(description);
    print_fields("Parameters", json_object_object_get(operation, "parameters"));
    if (body)
        print_fields(is_list                     ? "Body, a JSON list of objects with"
                     : strcmp(body, "form") == 0 ? "Body, a form (NAME=VALUE&..) with"
                                                 : "Body, a JSON object with",
                     json_object_object_get(operation, "members"));
    print_errors(json_object_object_get(operation, "errors"));
}

/* --- what it is given ------------------------------------------------------------------------- */

/* "project_id, with_documentation" */
static const char *parameter_names(rk_cli *cli, json_object *operation)
{
    json_object *parameters = json_object_object_get(operation, "parameters");
    const char *names = "";

    for (size_t i = 0; i < json_object_array_length(parameters); i++)
        names = rk_cli_format(cli, "%s%s%s", names, i ? ", " : "",
                              rk_cli_text_of(json_object_array_get_idx(parameters, i), "name"));
    return *names ? names : "none";
}

static rk_exit take_parameter(rk_cli *cli, rk_cli_request *request, const char *word)
{
    const char *equals = strchr(word, '=');

    if (!equals)
        return rk_cli_usage(cli, "'%s' must be NAME=VALUE", word);
    const char *name = rk_cli_format(cli, "%.*s", (int)(equals - word), word);

    if (!rk_cli_parameter(request->operation, name))
        return rk_cli_usage(cli, "'%s' is no parameter of '%s', which has: %s", name,
                            rk_cli_text_of(request->operation, "id"),
                            parameter_names(cli, request->operation));
    if (!rk_cli_request_add(request, name, equals + 1))
        return rk_cli_usage(cli, "there are too many parameters");
    return RK_EXIT_OK;
}

static rk_exit check_required(const rk_cli *cli, const rk_cli_request *request)
{
    json_object *parameters = json_object_object_get(request->operation, "parameters");

    for (size_t i = 0; i < json_object_array_length(parameters); i++) {
        json_object *parameter = json_object_array_get_idx(parameters, i);
        const char *name = rk_cli_text_of(parameter, "name");

        if (rk_cli_truth_of(parameter, "required") && !rk_cli_request_has(request, name))
            return rk_cli_usage(cli, "'%s' needs --param %s=VALUE",
                                rk_cli_text_of(request->operation, "id"), name);
    }
    return RK_EXIT_OK;
}

static rk_exit take_parameters(rk_cli *cli, rk_cli_request *request)
{
    rk_exit status = RK_EXIT_OK;

    for (int i = 0; status == RK_EXIT_OK && i < cli->given_count; i++) {
        if (cli->given[i].option == RK_OPTION_PARAM)
            status = take_parameter(cli, request, cli->given[i].value);
    }
    return status == RK_EXIT_OK ? check_required(cli, request) : status;
}

static rk_exit take_body(rk_cli *cli, rk_cli_request *request)
{
    const char *body = cli->options[RK_OPTION_BODY];
    const char *id = rk_cli_text_of(request->operation, "id");
    bool wanted = rk_cli_text_of(request->operation, "body") != NULL;

    if (!body && wanted)
        return rk_cli_usage(cli, "'%s' needs --body; `renku api %s --help` tells its members", id,
                            id);
    if (body && !wanted)
        return rk_cli_usage(cli, "'%s' takes no body", id);
    if (!body)
        return RK_EXIT_OK;
    const char *path = strcmp(body, "-") == 0 ? "/dev/stdin" : *body == '@' ? body + 1 : NULL;

    request->body = path ? rk_cli_read_file(cli, path, &request->body_size) : body;
    if (!request->body)
        return rk_cli_fail_errno("cannot read", path);
    if (!path)
        request->body_size = strlen(body);
    return RK_EXIT_OK;
}

static rk_exit check_tag(const rk_cli *cli, const rk_cli_request *request)
{
    const char *id = rk_cli_text_of(request->operation, "id");
    bool wanted = rk_cli_truth_of(request->operation, "if_match");

    if (wanted && !request->if_match)
        return rk_cli_usage(cli, "'%s' needs --if-match ETAG, with the etag that was read", id);
    if (request->if_match && !wanted)
        return rk_cli_usage(cli, "'%s' takes no --if-match", id);
    return RK_EXIT_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Whether an operation seals, opens or signs something. */
static bool needs_keys(const rk_cli_request *request)
{
    static const char *const names[] = {"session_secret_patch", "token_refresh",
                                        "user_secret_create", "user_secret_key",
                                        "user_secret_patch"};
    const char *id = rk_cli_text_of(request->operation, "id");
    bool found = false;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        found = found || strcmp(id, names[i]) == 0;
    return found;
}

static rk_exit run(rk_cli *cli, const rk_cli_request *request)
{
    rk_cli_session session;
    rk_exit status = rk_cli_session_begin(&session, cli, needs_keys(request));

    if (status == RK_EXIT_OK)
        status = rk_cli_request_send(&session, request);
    rk_cli_session_end(&session);
    return status;
}

static rk_exit run_operation(rk_cli *cli, rk_cli_request *request)
{
    const char *id = rk_cli_text_of(request->operation, "id");
    rk_exit status = take_parameters(cli, request);

    if (status == RK_EXIT_OK)
        status = check_tag(cli, request);
    if (status == RK_EXIT_OK)
        status = take_body(cli, request);
    if (status != RK_EXIT_OK)
        return status;
    if (rk_cli_truth_of(request->operation, "person") && !rk_cli_session_names_person(cli))
        return rk_cli_usage(cli,
                            "'%s' needs --as USER, or a token in RENKU_TOKEN: it is about the "
                            "calling user, or makes what belongs to it",
                            id);
    return run(cli, request);
}

rk_exit rk_cli_api(rk_cli *cli)
{
    rk_cli_request request = {.columns = "id method path summary", .limit = rk_cli_limit(cli)};

    if (request.limit < 0)
        return RK_EXIT_USAGE;
    if (rk_cli_given(cli, RK_OPTION_LIST))
        return rk_cli_list_whole(cli, renku_operation_list(), &request);
    if (cli->argument_count == 0)
        return rk_cli_usage(cli, "name an operation; `renku api --list` shows all");
    request.columns = NULL;
    request.operation = rk_cli_operation(cli, cli->arguments[0]);
    request.if_match = cli->options[RK_OPTION_IF_MATCH];
    if (!request.operation)
        return rk_cli_usage(cli, "there is no operation '%s'; `renku api --list` shows all",
                            cli->arguments[0]);
    if (!rk_cli_given(cli, RK_OPTION_HELP))
        return run_operation(cli, &request);
    describe(request.operation);
    return RK_EXIT_OK;
}
