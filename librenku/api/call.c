/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/call.h"

#include <string.h>

#include "librenku/api/answer.h"
#include "librenku/api/callers.h"
#include "librenku/api/versioned.h"
#include "librenku/base/slug.h"
#include "librenku/base/time.h"

/* A call from a program: no HTTP, but the same table of operations, checks and answers. */

typedef struct {
    const renku_caller *caller;
    const rk_arguments *arguments; /* of the typed functions; NULL: by name */
    const renku_request *request;
    renku_call call; /* how, as far as the program and we know it */
} errand;

/* --- what is common to all calls -------------------------------------------------------------- */

static int not_initialised(rk_op *op, const char *what, const char *macro)
{
    return rk_fail(op, RK_ERR_INTERNAL, "%s has no size: initialise it with %s.", what, macro);
}

static int read_call(renku_call *out, rk_op *op, const renku_call *given)
{
    *out = (renku_call)RENKU_CALL_INIT;
    if (given && !rk_versioned_read(out, sizeof(*out), given))
        return not_initialised(op, "renku_call", "RENKU_CALL_INIT");
    if (out->timeout_ms < 0)
        return rk_fail(op, RK_ERR_INTERNAL, "timeout_ms is %lld: 0 is the deadline of the context.",
                       (long long)out->timeout_ms);
    return 0;
}

static void set_limits(rk_op *op, const renku_call *call)
{
    if (call->timeout_ms) {
        int64_t now = rk_time_monotonic_ms();

        if (call->timeout_ms < op->deadline_ms - now)
            op->deadline_ms = now + call->timeout_ms;
    }
    op->cancel = call->cancel;
    op->request_id = call->request_id;
}

/* --- values to text --------------------------------------------------------------------------- */

static int add_pair(rk_pairs *pairs, rk_op *op, const char *name, const char *value)
{
    RK_CHECK(value);
    if (!*value)
        return 0; /* a blank value counts as none, as in a query */
    if (!rk_text_is_utf8(value, strlen(value)))
        return rk_fail(op, RK_ERR_INVALID, "The value of '%s' is not UTF-8.", name);
    pairs->names[pairs->count] = name;
    pairs->values[pairs->count++] = value;
    return 0;
}

static int room_for(rk_pairs *pairs, rk_op *op, size_t count)
{
    pairs->count = 0;
    pairs->names = rk_new_array(op, const char *, count);
    RK_CHECK(pairs->names);
    pairs->values = rk_new_array(op, const char *, count);
    RK_CHECK(pairs->values);
    return 0;
}

/* A list in a structure of parameters: the pointer, then the number. */
typedef struct {
    const char *const *items;
    size_t count;
} texts;

static size_t size_of(const rk_query_member *member)
{
    return member->kind == RK_KIND_TEXTS    ? sizeof(texts)
           : member->kind == RK_KIND_INT    ? sizeof(int64_t)
           : member->kind == RK_KIND_NUMBER ? sizeof(double)
           : member->kind == RK_KIND_BOOL   ? sizeof(int)
                                            : sizeof(const char *);
}

/* The structure of an older program ends before the members that came later. */
static const void *value_of(const rk_arguments *arguments, const rk_query_member *member)
{
    const char *query = arguments->query;

    return member->offset + size_of(member) <= *(const size_t *)arguments->query
               ? query + member->offset
               : NULL;
}

/* NULL: not given, or no memory. */
static const char *text_of(rk_op *op, const rk_query_member *member, const void *value)
{
    switch (member->kind) {
    case RK_KIND_INT:
        if (*(const int64_t *)value == RENKU_UNSET)
            return "";
        return rk_printf(op, "%lld", (long long)*(const int64_t *)value);
    case RK_KIND_NUMBER:
        if (*(const double *)value < 0)
            return "";
        return rk_printf(op, "%.17g", *(const double *)value);
    case RK_KIND_BOOL:
        if (*(const int *)value == RENKU_UNSET)
            return "";
        return *(const int *)value ? "true" : "false";
    default:
        return *(const char *const *)value ? *(const char *const *)value : "";
    }
}

static size_t count_values(const rk_arguments *arguments)
{
    size_t count = 0;

    for (int i = 0; arguments->query && i < arguments->member_count; i++) {
        const rk_query_member *member = &arguments->members[i];
        const void *value = value_of(arguments, member);

        if (value)
            count += member->kind == RK_KIND_TEXTS ? ((const texts *)value)->count : 1;
    }
    return count;
}

static int add_member(rk_pairs *pairs, rk_op *op, const rk_query_member *member, const void *value)
{
    const texts *list = value;

    if (member->kind != RK_KIND_TEXTS)
        return add_pair(pairs, op, member->name, text_of(op, member, value));
    if (list->count && !list->items)
        return rk_fail(op, RK_ERR_INTERNAL, "The list '%s' is NULL, but has a count.",
                       member->name);
    for (size_t i = 0; i < list->count; i++)
        RK_TRY(add_pair(pairs, op, member->name, list->items[i] ? list->items[i] : ""));
    return 0;
}

static int pairs_of_query(rk_pairs *pairs, rk_op *op, const rk_arguments *arguments)
{
    if (arguments->query && !rk_size_is_set(*(const size_t *)arguments->query))
        return not_initialised(op, "The query", "its ..._QUERY_INIT");
    RK_TRY(room_for(pairs, op, count_values(arguments)));
    for (int i = 0; arguments->query && i < arguments->member_count; i++) {
        const rk_query_member *member = &arguments->members[i];
        const void *value = value_of(arguments, member);

        if (value)
            RK_TRY(add_member(pairs, op, member, value));
    }
    return 0;
}

/* --- the path --------------------------------------------------------------------------------- */

/* What does not fit its kind would be another path over HTTP. */
static int set_param(rk_route *route, rk_op *op, const rk_path_param *param, const char *text)
{
    const rk_segment segment = {text, strlen(text)};

    if (!rk_text_is_utf8(text, segment.length))
        return rk_fail(op, RK_ERR_NOT_FOUND, "The %s is not UTF-8.", param->name);
    if (!rk_path_matches(param->kind, &segment))
        return rk_fail(op, RK_ERR_NOT_FOUND, "'%s' cannot be the %s of anything.", text,
                       param->name);
    route->params[route->param_count++] = segment;
    return 0;
}

static int missing(rk_op *op, const char *name)
{
    return rk_fail(op, RK_ERR_INVALID, "The parameter '%s' is missing.", name);
}

/* NULL: no memory. */
static const char *text_of_path(rk_op *op, const rk_path_param *param, const rk_path_value *value)
{
    if (param->kind == RK_PATH_INT)
        return rk_printf(op, "%lld", (long long)value->number);
    return value->text ? value->text : "";
}

static int route_of_values(rk_route *route, rk_op *op, const rk_arguments *arguments)
{
    const rk_operation *operation = arguments->operation;

    for (int i = 0; i < operation->path_count; i++) {
        const rk_path_param *param = &operation->path_params[i];
        const char *text = text_of_path(op, param, &arguments->path[i]);

        RK_CHECK(text);
        if (!*text)
            return missing(op, param->name);
        RK_TRY(set_param(route, op, param, text));
    }
    return 0;
}

/* --- by name ---------------------------------------------------------------------------------- */

static const char *value_named(const renku_request *request, const char *name)
{
    for (size_t i = 0; i < request->parameter_count; i++) {
        if (request->parameters[i].name && strcmp(request->parameters[i].name, name) == 0)
            return request->parameters[i].value;
    }
    return NULL;
}

static bool is_in_path(const rk_operation *operation, const char *name)
{
    for (int i = 0; i < operation->path_count; i++) {
        if (strcmp(operation->path_params[i].name, name) == 0)
            return true;
    }
    return false;
}

static int route_of_names(rk_route *route, rk_op *op, const rk_operation *operation,
                          const renku_request *request)
{
    for (int i = 0; i < operation->path_count; i++) {
        const rk_path_param *param = &operation->path_params[i];
        const char *text = value_named(request, param->name);

        if (!text || !*text)
            return missing(op, param->name);
        RK_TRY(set_param(route, op, param, text));
    }
    return 0;
}

static int pairs_of_names(rk_pairs *pairs, rk_op *op, const rk_operation *operation,
                          const renku_request *request)
{
    RK_TRY(room_for(pairs, op, request->parameter_count));
    for (size_t i = 0; i < request->parameter_count; i++) {
        const renku_parameter *parameter = &request->parameters[i];

        if (!parameter->name)
            return rk_fail(op, RK_ERR_INVALID, "A parameter has no name.");
        if (!is_in_path(operation, parameter->name) && parameter->value)
            RK_TRY(add_pair(pairs, op, parameter->name, parameter->value));
    }
    return 0;
}

/* --- running ---------------------------------------------------------------------------------- */

static int not_offered(rk_op *op, const char *name)
{
    if (op->ctx->service == &rk_services[RK_SERVICE_DATA])
        return rk_fail(op, RK_ERR_NOT_FOUND,
                       "There is no operation '%s': renku_operation_list() names them.", name);
    return rk_fail(op, RK_ERR_NOT_FOUND, "The service '%s' has no operation '%s'.",
                   op->ctx->service->name, name);
}

static int prepare_named(rk_call *call, rk_pairs *pairs, rk_route *route, rk_op *op,
                         const renku_request *request)
{
    const rk_operation *operation = rk_operation_named(op->ctx->service, request->operation);

    if (!operation)
        return not_offered(op, request->operation ? request->operation : "(null)");
    call->operation = operation;
    call->body = request->body;
    call->body_size = request->body ? request->body_size : 0;
    RK_TRY(route_of_names(route, op, operation, request));
    return pairs_of_names(pairs, op, operation, request);
}

/* The functions are those of the data API; another service may offer the same. */
static int find_typed(const rk_operation **out, rk_op *op, const rk_operation *wanted)
{
    *out = wanted;
    if (op->ctx->service == &rk_services[RK_SERVICE_DATA])
        return 0;
    *out = rk_operation_named(op->ctx->service, wanted->id);
    return *out ? 0 : not_offered(op, wanted->id);
}

static int prepare_typed(rk_call *call, rk_pairs *pairs, rk_route *route, rk_op *op,
                         const rk_arguments *arguments)
{
    RK_TRY(find_typed(&call->operation, op, arguments->operation));
    call->body = arguments->body;
    call->body_size = arguments->body_size;
    RK_TRY(route_of_values(route, op, arguments));
    return pairs_of_query(pairs, op, arguments);
}

/* Spec: foundations.md 2.5 */
static int check_body(rk_op *op, const rk_call *call)
{
    if (call->body_size > op->ctx->body_max)
        return rk_fail_default(op, RK_ERR_TOO_LARGE);
    return op->ctx->service->internal ? 0 : rk_answer_refuse_null(op, call->body, call->body_size);
}

static int answer(renku_result *out, rk_op *op, const errand *what)
{
    const renku_call *how = &what->call;
    rk_route route = {0};
    rk_pairs pairs;
    rk_call call = {
        .route = &route,
        .pairs = &pairs,
        .content_type = "application/x-www-form-urlencoded",
        .if_match = how->if_match,
        .if_none_match = how->if_none_match,
    };

    RK_TRY(what->request ? prepare_named(&call, &pairs, &route, op, what->request)
                         : prepare_typed(&call, &pairs, &route, op, what->arguments));
    RK_TRY(check_body(op, &call));
    RK_TRY(rk_callers_find(&op->caller, op, what->caller));
    RK_TRY(rk_dispatch(&call, op));
    return rk_answer_write(out, op, &call);
}

static int run(renku_result *out, rk_op *op, void *user)
{
    errand *what = user;

    RK_TRY(
        read_call(&what->call, op, what->arguments ? what->arguments->call : what->request->call));
    set_limits(op, &what->call);
    int result = answer(out, op, what);

    out->header_count = result < 0 ? 0 : out->header_count;
    /* what the caller did wrong is told to the program alone */
    if (result < 0 && rk_error_row_of(op->error.err)->status >= 500)
        rk_answer_log(op,
                      what->request ? what->request->operation : what->arguments->operation->id);
    return result;
}

renku_result *rk_operation_call(renku_ctx *ctx, const renku_caller *caller,
                                const rk_arguments *arguments)
{
    errand what = {.caller = caller, .arguments = arguments};

    return rk_ctx_run(ctx, run, &what);
}

renku_result *renku_request_run(renku_ctx *ctx, const renku_caller *caller,
                                const renku_request *request)
{
    renku_request known = RENKU_REQUEST_INIT;
    errand what = {.caller = caller, .request = &known};

    if (request && !rk_versioned_read(&known, sizeof(known), request))
        return rk_result_refused(
            RK_ERR_INTERNAL, "renku_request has no size: initialise it with RENKU_REQUEST_INIT.");
    if (!request || (known.parameter_count && !known.parameters))
        return rk_result_refused(RK_ERR_INTERNAL,
                                 "renku_request_run: the request or its parameters are NULL.");
    return rk_ctx_run(ctx, run, &what);
}

static renku_result *static_json(const char *text)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    renku_result *result = rk_result_new(&op);

    if (result)
        rk_result_body(result, "application/json", text, strlen(text));
    return rk_result_finish(result, &op);
}

renku_result *renku_operation_list(void)
{
    return static_json(rk_operation_descriptions);
}
