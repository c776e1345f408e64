/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/cli/print.h"
#include "frontends/cli/request.h"
#include "renku/renku.h"

/* Runs the rows of calls.def, whose language is told there. */

typedef struct {
    rk_cli_session session;
    rk_cli_request request;
    json_object *body; /* NULL is none */
} job;

/* One TARGET=SOURCE[:KIND], taken apart. */
typedef struct {
    const char *target, *source;
    rk_cli_finder *find; /* NULL: the value is taken as it stands */
} assignment;

static const struct {
    const char *kind;
    rk_cli_finder *find;
} kinds[] = {
    {"user",    rk_cli_find_user   },
    {"project", rk_cli_find_project},
    {"group",   rk_cli_find_group  },
};

static assignment read_assignment(char *word)
{
    char *source = strchr(word, '='), *kind = strrchr(word, ':');
    assignment out = {.target = word};

    *source = '\0';
    out.source = source + 1;
    if (!kind)
        return out;
    *kind = '\0';
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(kinds[i].kind, kind + 1) == 0)
            out.find = kinds[i].find;
    }
    return out;
}

/* Value @p index of a source; NULL when there are not so many. */
static const char *value_of(const rk_cli *cli, const char *source, int index)
{
    int argument = atoi(source) - 1;

    if (*source != '-')
        return index == 0 && argument < cli->argument_count ? cli->arguments[argument] : NULL;
    for (int i = 0; i < cli->given_count; i++) {
        const rk_cli_given_option *given = &cli->given[i];

        if (strcmp(rk_cli_option_name(given->option), source + 2) == 0 && index-- == 0)
            return *given->value || rk_cli_option_argument(given->option) ? given->value : "true";
    }
    return NULL;
}

/* --- bodies ----------------------------------------------------------------------------------- */

static void put_member(json_object *object, const char *name, const char *value)
{
    const char *list = strstr(name, "[]");
    json_object *text = rk_cli_or_end(json_object_new_string(value)), *items;

    if (!list) {
        json_object_object_add(object, name, text);
        return;
    }
    char *key = rk_cli_or_end(strndup(name, (size_t)(list - name)));

    if (!json_object_object_get_ex(object, key, &items)) {
        items = rk_cli_or_end(json_object_new_array());
        json_object_object_add(object, key, items);
    }
    json_object_array_add(items, text);
    free(key);
}

/* The object that the members of the body go into. */
static json_object *body_object(job *work, bool in_list)
{
    if (!work->body && in_list) {
        work->body = rk_cli_or_end(json_object_new_array());
        json_object_array_add(work->body, rk_cli_or_end(json_object_new_object()));
    }
    if (!work->body)
        work->body = rk_cli_or_end(json_object_new_object());
    return in_list ? json_object_array_get_idx(work->body, 0) : work->body;
}

/* --- assignments ------------------------------------------------------------------------------ */

static rk_exit assign_value(job *work, const assignment *what, const char *value)
{
    if (!rk_cli_is_utf8(value, strlen(value)))
        return rk_cli_usage(work->session.cli, "'%s' is not UTF-8", value);
    rk_exit status = what->find ? what->find(&value, &work->session, value) : RK_EXIT_OK;

    if (status != RK_EXIT_OK)
        return status;
    if (*what->target == '.')
        put_member(body_object(work, false), what->target + 1, value);
    else if (*what->target == '[')
        put_member(body_object(work, true), what->target + 3, value);
    else if (!rk_cli_request_add(&work->request, what->target, value))
        return rk_cli_fail("there are too many parameters");
    return RK_EXIT_OK;
}

static bool is_wanted(const job *work, const char *target)
{
    if (*target == '@')
        return false;
    return *target == '.' || *target == '[' || rk_cli_parameter(work->request.operation, target);
}

static rk_exit assign(job *work, char *word)
{
    const assignment what = read_assignment(word);
    rk_exit status = RK_EXIT_OK;
    const char *value;

    if (!is_wanted(work, what.target))
        return RK_EXIT_OK;
    for (int i = 0; status == RK_EXIT_OK; i++) {
        value = value_of(work->session.cli, what.source, i);
        if (!value)
            break;
        status = assign_value(work, &what, value);
    }
    return status;
}

static rk_exit assign_all(job *work)
{
    rk_cli *cli = work->session.cli;
    rk_exit status = RK_EXIT_OK;
    char *rest = rk_cli_format(cli, "%s", cli->command->input);

    for (char *word; status == RK_EXIT_OK && (word = strsep(&rest, " "));) {
        if (*word)
            status = assign(work, word);
    }
    return status;
}

/* "@as=N": the argument says who acts. */
static void choose_person(rk_cli *cli)
{
    const char *place = strstr(cli->command->input, "@as=");

    if (place)
        cli->options[RK_OPTION_AS] = cli->arguments[atoi(place + 4) - 1];
}

/* "@body=N": the argument names the file of the body; - is the standard input. */
static rk_exit read_body(rk_cli *cli, rk_cli_request *request)
{
    const char *place = strstr(cli->command->input, "@body=");

    if (!place)
        return RK_EXIT_OK;
    const char *path = cli->arguments[atoi(place + 6) - 1];

    if (strcmp(path, "-") == 0)
        path = "/dev/stdin";
    request->body = rk_cli_read_file(cli, path, &request->body_size);
    return request->body ? RK_EXIT_OK : rk_cli_fail_errno("cannot read", path);
}

/* Whether the arguments and options give the body any member. */
static bool gives_body(rk_cli *cli)
{
    char *rest = rk_cli_format(cli, "%s", cli->command->input);

    for (char *word; (word = strsep(&rest, " "));) {
        if ((*word == '.' || *word == '[') && value_of(cli, read_assignment(word).source, 0))
            return true;
    }
    return false;
}

/* --- the whole -------------------------------------------------------------------------------- */

static json_object *operation_of(rk_cli *cli)
{
    const char *name = cli->command->operation;
    const char *colon = *name == '*' ? strchr(cli->arguments[0], ':') : NULL;

    if (*name != '*')
        return rk_cli_operation(cli, name);
    if (!colon)
        return NULL;
    return rk_cli_operation(cli, rk_cli_format(cli, "%.*s%s", (int)(colon - cli->arguments[0]),
                                               cli->arguments[0], name + 1));
}

/* The operation that reads what this one changes. */
static json_object *reader_of(rk_cli *cli, json_object *operation)
{
    json_object *operations = rk_cli_operations(cli);

    for (size_t i = 0; i < json_object_array_length(operations); i++) {
        json_object *other = json_object_array_get_idx(operations, i);

        if (strcmp(rk_cli_text_of(other, "method"), "GET") == 0 &&
            strcmp(rk_cli_text_of(other, "path"), rk_cli_text_of(operation, "path")) == 0)
            return other;
    }
    return NULL;
}

/* The ETag that the object has now, so that a change of somebody else in between is noticed. It is
 * a header or a member. */
static rk_exit read_tag(job *work)
{
    rk_cli *cli = work->session.cli;
    renku_request wanted = RENKU_REQUEST_INIT;

    wanted.operation = rk_cli_text_of(reader_of(cli, work->request.operation), "id");
    wanted.parameters = work->request.parameters;
    wanted.parameter_count = work->request.parameter_count;
    renku_result *result =
        renku_request_run(work->session.cli->ctx, rk_cli_session_caller(&work->session), &wanted);

    if (!renku_result_ok(result))
        return rk_cli_show(cli, result);
    const char *tag = renku_result_etag(result);

    work->request.if_match =
        rk_cli_format(cli, "%s", tag ? tag : renku_result_text(result, "/etag"));
    renku_result_free(result);
    return RK_EXIT_OK;
}

static rk_exit send(job *work)
{
    rk_cli *cli = work->session.cli;

    work->request.if_match = cli->options[RK_OPTION_IF_MATCH];
    if (work->body) {
        work->request.body = json_object_to_json_string_ext(work->body, JSON_C_TO_STRING_PLAIN);
        work->request.body_size = strlen(work->request.body);
    }
    if (rk_cli_truth_of(work->request.operation, "if_match") && !work->request.if_match) {
        rk_exit status = read_tag(work);

        if (status != RK_EXIT_OK)
            return status;
    }
    return rk_cli_request_send(&work->session, &work->request);
}

static rk_exit run(rk_cli *cli, job *work)
{
    rk_exit status = rk_cli_session_begin(&work->session, cli, false);

    if (status == RK_EXIT_OK)
        status = assign_all(work);
    if (status == RK_EXIT_OK)
        status = send(work);
    rk_cli_session_end(&work->session);
    json_object_put(work->body);
    return status;
}

rk_exit rk_cli_call(rk_cli *cli)
{
    job work = {
        .request = {.columns = cli->command->columns, .limit = rk_cli_limit(cli)}
    };

    choose_person(cli);
    work.request.operation = operation_of(cli);
    if (work.request.limit < 0)
        return RK_EXIT_USAGE;
    if (!work.request.operation)
        return rk_cli_usage(cli, "'%s' must be project:ID, project:NAMESPACE/SLUG or group:SLUG",
                            cli->arguments[0]);
    if (rk_cli_truth_of(work.request.operation, "person") && !rk_cli_session_names_person(cli))
        return rk_cli_usage(cli, "'%s' needs --as USER: the new thing must belong to somebody",
                            cli->command->name);
    if (read_body(cli, &work.request) != RK_EXIT_OK)
        return RK_EXIT_REFUSED;
    if (rk_cli_text_of(work.request.operation, "body") && !work.request.body && !gives_body(cli))
        return rk_cli_usage(cli, "there is nothing to change: give what shall become different");
    return run(cli, &work);
}
