/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/request.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "renku/renku.h"

enum { PAGE_MAX = 100 };

/* What the library tells of itself, then frees it. */
static json_object *read_list(renku_result *result)
{
    json_object *list = rk_cli_or_end(json_tokener_parse(renku_result_body(result, NULL)));

    renku_result_free(result);
    return list;
}

json_object *rk_cli_operations(rk_cli *cli)
{
    if (!cli->operations)
        cli->operations = read_list(renku_operation_list());
    return cli->operations;
}

json_object *rk_cli_task_list(rk_cli *cli)
{
    if (!cli->tasks)
        cli->tasks = read_list(renku_task_list());
    return cli->tasks;
}

/* The item of a list whose member has that value. */
static json_object *item_of(json_object *list, const char *member, const char *value)
{
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        json_object *item = json_object_array_get_idx(list, i);
        const char *text = rk_cli_text_of(item, member);

        if (text && strcmp(text, value) == 0)
            return item;
    }
    return NULL;
}

json_object *rk_cli_operation(rk_cli *cli, const char *id)
{
    return item_of(rk_cli_operations(cli), "id", id);
}

json_object *rk_cli_task(rk_cli *cli, const char *name)
{
    return item_of(rk_cli_task_list(cli), "name", name);
}

const char *rk_cli_text_of(json_object *description, const char *member)
{
    return json_object_get_string(json_object_object_get(description, member));
}

bool rk_cli_truth_of(json_object *description, const char *member)
{
    return json_object_get_boolean(json_object_object_get(description, member));
}

json_object *rk_cli_parameter(json_object *operation, const char *name)
{
    return item_of(json_object_object_get(operation, "parameters"), "name", name);
}

bool rk_cli_request_add(rk_cli_request *request, const char *name, const char *value)
{
    if (request->parameter_count == RK_CLI_PARAMETERS_MAX)
        return false;
    request->parameters[request->parameter_count++] = (renku_parameter){name, value};
    return true;
}

bool rk_cli_request_has(const rk_cli_request *request, const char *name)
{
    for (size_t i = 0; i < request->parameter_count; i++) {
        if (strcmp(request->parameters[i].name, name) == 0)
            return true;
    }
    return false;
}

/* --- sending ---------------------------------------------------------------------------------- */

static rk_exit send_pages(rk_cli_session *session, const rk_cli_request *request,
                          const renku_request *wanted)
{
    renku_pages *pages = renku_pages_new(session->cli->ctx, rk_cli_session_caller(session), wanted);

    if (!pages)
        return rk_cli_fail("out of memory");
    rk_exit status = rk_cli_list_pages(session->cli, pages, request);

    renku_pages_free(pages);
    return status;
}

static rk_exit send_once(rk_cli_session *session, const rk_cli_request *request,
                         const renku_request *wanted)
{
    renku_result *result =
        renku_request_run(session->cli->ctx, rk_cli_session_caller(session), wanted);

    if (renku_result_ok(result) && *renku_result_body(result, NULL) == '[')
        return rk_cli_list_whole(session->cli, result, request);
    return rk_cli_show(session->cli, result);
}

rk_exit rk_cli_request_send(rk_cli_session *session, const rk_cli_request *request)
{
    bool in_pages =
        rk_cli_truth_of(request->operation, "paginated") && !rk_cli_request_has(request, "page");
    int64_t size = request->limit < PAGE_MAX ? request->limit : PAGE_MAX;
    rk_cli_request sent = *request;
    renku_request wanted = RENKU_REQUEST_INIT;
    renku_call call = RENKU_CALL_INIT;

    if (in_pages && !rk_cli_request_has(request, "per_page") &&
        !rk_cli_request_add(&sent, "per_page",
                            rk_cli_format(session->cli, "%lld", (long long)size)))
        return rk_cli_fail("there are too many parameters");
    call.if_match = request->if_match;
    wanted.operation = rk_cli_text_of(request->operation, "id");
    wanted.parameters = sent.parameters;
    wanted.parameter_count = sent.parameter_count;
    wanted.body = request->body;
    wanted.body_size = request->body_size;
    wanted.call = &call;
    return in_pages ? send_pages(session, request, &wanted) : send_once(session, request, &wanted);
}
