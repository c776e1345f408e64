/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/dispatch.h"

#include <string.h>

#include "librenku/api/paging.h"
#include "librenku/authz/authz.h"
#include "librenku/base/settings.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"
#include "librenku/http/form.h"

static void *member(const rk_call *call, size_t offset)
{
    return (char *)call->input + offset;
}

static int check_login(rk_call *call, rk_op *op)
{
    (void)call;
    return rk_caller_is_logged_in(op->caller) ? 0 : rk_fail_default(op, RK_ERR_UNAUTHORIZED);
}

static int check_admin(rk_call *call, rk_op *op)
{
    (void)call;
    if (!rk_caller_is_logged_in(op->caller))
        return rk_fail_default(op, RK_ERR_NO_CREDENTIALS);
    return rk_caller_is_admin(op->caller) ? 0 : rk_fail_default(op, RK_ERR_NOT_PERMITTED);
}

static int check_role(rk_call *call, rk_op *op)
{
    const char *role = rk_settings_text(op->settings, call->operation->role);

    if (!rk_caller_is_logged_in(op->caller))
        return rk_fail_default(op, RK_ERR_NO_CREDENTIALS);
    if (rk_caller_is_admin(op->caller) || rk_caller_has_role(op->caller, role))
        return 0;
    return rk_fail(op, RK_ERR_FORBIDDEN,
                   "You do not have the required role '%s' for this operation.", role);
}

static int check_if_match(rk_call *call, rk_op *op)
{
    return call->if_match ? 0 : rk_fail_default(op, RK_ERR_PRECONDITION);
}

/* One path parameter, checked as a query with one member would be. */
static int check_param(rk_call *call, rk_op *op, const rk_path_param *param)
{
    const rk_field field = {.name = param->name, .schema = param->schema, .required = true};
    const rk_schema object = {.kind = RK_KIND_OBJECT,
                              .pattern_index = -1,
                              .fields = &field,
                              .field_count = 1,
                              .size_bytes = sizeof(const char *)};
    const char *name = param->name;
    const char **value = member(call, param->offset);
    const rk_pairs pairs = {1, &name, value};
    const char *copy;

    return rk_schema_read_pairs(&copy, op, op->ctx->patterns, &object, &pairs);
}

static int check_path(rk_call *call, rk_op *op)
{
    const rk_operation *operation = call->operation;

    for (int i = 0; i < operation->path_count; i++) {
        if (operation->path_params[i].schema)
            RK_TRY(check_param(call, op, &operation->path_params[i]));
    }
    return 0;
}

static int check_query(rk_call *call, rk_op *op)
{
    const rk_operation *operation = call->operation;
    rk_pairs pairs;

    if (call->pairs)
        pairs = *call->pairs;
    else
        RK_TRY(rk_query_parse(&pairs, op, call->query.text, call->query.length));
    if (operation->query)
        RK_TRY(rk_schema_read_pairs(member(call, operation->query_offset), op, op->ctx->patterns,
                                    operation->query, &pairs));
    if (operation->paginated)
        RK_TRY(rk_page_read(member(call, operation->page_offset), op, &pairs));
    return 0;
}

static int check_form(rk_call *call, rk_op *op)
{
    rk_pairs pairs;

    RK_TRY(rk_form_parse(&pairs, op, call->content_type, call->body, call->body_size));
    return rk_schema_read_pairs(member(call, call->operation->body_offset), op, op->ctx->patterns,
                                call->operation->body, &pairs);
}

static int check_body(rk_call *call, rk_op *op)
{
    const rk_operation *operation = call->operation;
    struct json_object *value;

    if (operation->form)
        return check_form(call, op);
    RK_TRY(rk_json_parse(&value, op, call->body, call->body_size));
    return rk_schema_read(member(call, operation->body_offset), op, op->ctx->patterns,
                          operation->body, value);
}

static int (*const checks[])(rk_call *call, rk_op *op) = {
    [RK_CHECK_LOGIN] = check_login, [RK_CHECK_ADMIN] = check_admin,
    [RK_CHECK_ROLE] = check_role,   [RK_CHECK_IF_MATCH] = check_if_match,
    [RK_CHECK_PATH] = check_path,   [RK_CHECK_QUERY] = check_query,
    [RK_CHECK_BODY] = check_body,
};

/* A service identity has no record, no preferences, and cannot own anything. */
static int check_person(const rk_call *call, rk_op *op)
{
    if (!call->operation->person || !op->caller || op->caller->kind != RK_CALLER_SERVICE)
        return 0;
    return rk_fail(op, RK_ERR_FORBIDDEN, "The service identity '%s' cannot do that: a user must.",
                   op->caller->id);
}

static int run_checks(rk_call *call, rk_op *op)
{
    RK_TRY(check_person(call, op));
    for (const rk_check *check = call->operation->checks; *check != RK_CHECK_END; check++)
        RK_TRY(checks[*check](call, op));
    return 0;
}

/* No success without the permission that the operation declares: a handler that forgot its guard is
 * an internal error. */
static int verify_guard(const rk_call *call, rk_op *op)
{
    const rk_operation *operation = call->operation;

    if (!operation->guarded ||
        op->checked[operation->permission_type] & (UINT32_C(1) << operation->permission_scope))
        return 0;
    rk_log_error(op, "api", "operation %s ended without its permission check", operation->id);
    return rk_fail_default(op, RK_ERR_INTERNAL);
}

static int run_once(rk_op *op, void *user)
{
    rk_call *call = user;

    call->reply = (rk_reply){0};
    memset(op->checked, 0, sizeof(op->checked));
    memset(call->output, 0, call->operation->output_size);
    RK_TRY(call->operation->run(call->output, op, call->input));
    return verify_guard(call, op);
}

static int prepare(rk_call *call, rk_op *op)
{
    const rk_operation *operation = call->operation;

    call->input = rk_alloc(op, 1, operation->input_size);
    RK_CHECK(call->input);
    call->output = rk_alloc(op, 1, operation->output_size);
    RK_CHECK(call->output);
    if (operation->if_match_offset != SIZE_MAX)
        *(const char **)member(call, operation->if_match_offset) = call->if_match;
    op->reply = &call->reply;
    return rk_route_fill(call->input, op, operation, call->route);
}

/* Only what is read can be known already: whoever has changed something gets to see it. */
static bool is_known(const rk_call *call)
{
    return call->etag && call->if_none_match && strcmp(call->operation->method, "GET") == 0 &&
           strcmp(call->if_none_match, call->etag) == 0;
}

int rk_dispatch_plan(rk_call *call, rk_op *op)
{
    RK_TRY(prepare(call, op));
    return run_checks(call, op);
}

int rk_dispatch_finish(rk_call *call, rk_op *op)
{
    if (call->operation->transaction)
        RK_TRY(rk_db_transaction(op, run_once, call));
    else
        RK_TRY(run_once(op, call));
    if (call->operation->etag_offset != SIZE_MAX)
        call->etag = *(const char *const *)((char *)call->output + call->operation->etag_offset);
    call->not_modified = is_known(call);
    return 0;
}

int rk_dispatch(rk_call *call, rk_op *op)
{
    RK_TRY(rk_dispatch_plan(call, op));
    return rk_dispatch_finish(call, op);
}
