/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/exchange.h"

#include <string.h>

#include "librenku/api/answer.h"
#include "librenku/api/authenticate.h"
#include "librenku/api/ctx.h"
#include "librenku/api/request.h"
#include "librenku/api/versioned.h"
#include "librenku/base/letters.h"

static const char *header(const rk_http_exchange *x, rk_field_id field)
{
    return x->fields.values[field];
}

/* Path and query of the target; false when it is not below the prefix. */
static bool split_target(rk_http_exchange *x)
{
    const char *prefix = x->ctx->service->prefix;
    size_t above = strlen(prefix);
    const char *target = x->request->target;
    const char *mark = strchr(target, '?');
    size_t length = mark ? (size_t)(mark - target) : strlen(target);

    x->query = mark ? (rk_segment){mark + 1, strlen(mark + 1)} : (rk_segment){"", 0};
    if (length < above || memcmp(target, prefix, above) != 0)
        return false;
    x->path = (rk_segment){target + above, length - above};
    return true;
}

/* Finds the route, if there is one and it was not found before. */
static bool find_route(rk_http_exchange *x)
{
    if (!x->found)
        x->found = split_target(x) &&
                   rk_router_find(&x->route, x->ctx->router, x->path.text, x->path.length);
    return x->found;
}

static int not_found(rk_op *op, const rk_http_exchange *x)
{
    const char *target = x->request->target;

    return rk_fail(op, RK_ERR_NOT_FOUND, "Requested URL %.*s not found", (int)strcspn(target, "?"),
                   target);
}

static int wrong_method(rk_op *op, const rk_http_exchange *x)
{
    const char *target = x->request->target;

    return rk_fail(op, RK_ERR_METHOD, "Method %s not allowed for URL %.*s", x->request->method,
                   (int)strcspn(target, "?"), target);
}

static bool is_options(const rk_http_exchange *x)
{
    return strcmp(x->request->method, "OPTIONS") == 0;
}

rk_http_effort rk_http_effort_of(rk_http_exchange *x)
{
    if (x->request->body_size > 0)
        return RK_HTTP_ANYTHING;
    if (!find_route(x) || is_options(x))
        return RK_HTTP_LOCAL;
    const rk_operation *operation = rk_route_method(&x->route, x->request->method);

    if (!operation || operation->local)
        return RK_HTTP_LOCAL;
    return operation->point && strcmp(x->request->method, "GET") == 0 ? RK_HTTP_POINT
                                                                      : RK_HTTP_ANYTHING;
}

/* The methods of the path, as OPTIONS and preflights list them. */
static int list_methods(const char **out, rk_op *op, const rk_route *route, bool with_options)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 64);
    for (int i = 0; i < route->count; i++) {
        rk_buf_printf(&buf, "%s%s", i ? "," : "", route->operations[i]->method);
        if (strcmp(route->operations[i]->method, "GET") == 0)
            rk_buf_text(&buf, ",HEAD");
    }
    if (with_options)
        rk_buf_text(&buf, ",OPTIONS");
    *out = buf.text;
    return rk_buf_finish(&buf);
}

static int answer_options(rk_op *op, rk_http_exchange *x)
{
    const char *methods;

    RK_TRY(list_methods(&methods, op, &x->route, true));
    x->result->status = 204;
    rk_result_header(x->result, "allow", methods);
    return 0;
}

static int authenticate(rk_op *op, const rk_http_exchange *x, const rk_operation *operation)
{
    const rk_credentials credentials = {
        .kind = operation->authentication,
        .authorization = header(x, RK_FIELD_AUTHORIZATION),
        .cookie = header(x, RK_FIELD_COOKIE),
        .anonymous_id = header(x, RK_FIELD_RENKU_AUTH_ANON_ID),
        .refresh_token = header(x, RK_FIELD_RENKU_AUTH_REFRESH_TOKEN),
        .gitlab_token = header(x, RK_FIELD_GITLAB_ACCESS_TOKEN),
        .gitlab_expires = header(x, RK_FIELD_GITLAB_ACCESS_TOKEN_EXPIRES_AT),
    };
    rk_caller *caller;

    if (!x->ctx->authenticator)
        return rk_fail(op, RK_ERR_CONFIGURATION, "With RENKU_ADMIN_ONLY no callers are served.");
    RK_TRY(rk_authenticate(&caller, op, x->ctx->authenticator, &credentials));
    op->caller = caller;
    return 0;
}

static int finish_operation(rk_op *op, rk_http_exchange *x)
{
    RK_TRY(rk_dispatch_finish(&x->call, op));
    return rk_answer_write(x->result, op, &x->call);
}

/* A body is read as it comes: nothing is unpacked. */
static int check_body(rk_op *op, const rk_http_exchange *x)
{
    const char *coding = header(x, RK_FIELD_CONTENT_ENCODING);

    if (x->request->body_size > x->ctx->body_max)
        return rk_fail_default(op, RK_ERR_TOO_LARGE);
    if (x->request->body_size && coding && *coding && !rk_letters_equal(coding, "identity"))
        return rk_fail(op, RK_ERR_BAD_REQUEST, "The content coding '%s' is not supported.", coding);
    return 0;
}

static int run_operation(rk_op *op, rk_http_exchange *x, const rk_operation *operation)
{
    x->call = (rk_call){
        .operation = operation,
        .route = &x->route,
        .query = x->query,
        .body = x->request->body,
        .body_size = x->request->body_size,
        .content_type = header(x, RK_FIELD_CONTENT_TYPE),
        .if_match = header(x, RK_FIELD_IF_MATCH),
        .if_none_match = header(x, RK_FIELD_IF_NONE_MATCH),
    };

    if (!x->ctx->service->internal)
        RK_TRY(rk_answer_refuse_null(op, x->request->body, x->request->body_size));
    RK_TRY(rk_route_decode(&x->route, op, operation));
    RK_TRY(authenticate(op, x, operation));
    RK_TRY(rk_dispatch_plan(&x->call, op));
    return finish_operation(op, x);
}

static int answer(rk_op *op, rk_http_exchange *x)
{
    if (!find_route(x))
        return not_found(op, x);
    if (is_options(x))
        return answer_options(op, x);
    const rk_operation *operation = rk_route_method(&x->route, x->request->method);

    if (!operation)
        return wrong_method(op, x);
    RK_TRY(check_body(op, x));
    return run_operation(op, x, operation);
}

/* Spec: foundations.md 2.3 */
static int add_cors(rk_op *op, rk_http_exchange *x)
{
    const char *origin = header(x, RK_FIELD_ORIGIN);
    bool preflight = is_options(x) && header(x, RK_FIELD_ACCESS_CONTROL_REQUEST_METHOD);
    const char *methods;

    if (!x->ctx->cors || (is_options(x) && !preflight))
        return 0;
    rk_result_header(x->result, "access-control-allow-origin", origin ? origin : "*");
    rk_result_header(x->result, "vary", origin ? "origin" : NULL);
    if (!preflight || !x->found)
        return 0;
    RK_TRY(list_methods(&methods, op, &x->route, true));
    rk_result_header(x->result, "access-control-max-age", "5");
    rk_result_header(x->result, "access-control-allow-methods", methods);
    if (!header(x, RK_FIELD_AUTHORIZATION) && !header(x, RK_FIELD_COOKIE))
        rk_result_header(x->result, "access-control-allow-headers", "*");
    return 0;
}

/* Drops what a failed operation left in the result, keeping its request id. */
static int write_failure(rk_op *op, rk_http_exchange *x)
{
    if (*x->request->target)
        rk_answer_log(op, x->request->target);
    x->result->header_count = 1;
    if (op->reply && op->reply->no_body) {
        x->result->status = rk_error_row_of(op->error.err)->status;
        return 0;
    }
    return rk_result_fail(x->result, op);
}

static int begin(rk_http_exchange *x, rk_op *op, renku_result *out)
{
    x->ctx = op->ctx;
    x->result = out;
    rk_request_fields_read(&x->fields, x->request);
    RK_TRY(rk_request_id(&op->request_id, op, header(x, RK_FIELD_X_REQUEST_ID)));
    rk_result_header(out, "x-request-id", op->request_id);
    return rk_request_trace(&op->trace, op, &x->fields);
}

/* What a HEAD does without; an internal service tells how long it would have been. */
static int remove_body(renku_result *out, rk_op *op)
{
    if (op->ctx->service->internal && out->body_size) {
        const char *length = rk_printf(op, "%zu", out->body_size);

        RK_CHECK(length);
        rk_result_header(out, "content-length", length);
    }
    out->body = "";
    out->body_size = 0;
    return 0;
}

/* What every answer needs, whatever came of the operation. */
static int complete(rk_op *op, rk_http_exchange *x, int outcome)
{
    if (outcome == RK_SUSPENDED)
        return outcome;
    if (outcome < 0)
        RK_TRY(write_failure(op, x));
    RK_TRY(add_cors(op, x));
    if (strcmp(x->request->method, "HEAD") == 0)
        return remove_body(x->result, op);
    return 0;
}

int rk_http_answer(renku_result *out, rk_op *op, rk_http_exchange *x)
{
    RK_TRY(begin(x, op, out));
    return complete(op, x, answer(op, x));
}

int rk_http_resume(rk_op *op, rk_http_exchange *x)
{
    return complete(op, x, finish_operation(op, x));
}

static int handle(renku_result *out, rk_op *op, void *user)
{
    return rk_http_answer(out, op, user);
}

/* Whether something of a request is NULL that must not be. */
static bool has_holes(const renku_http_request *request)
{
    if (!request->method || !request->target || (request->header_count && !request->headers) ||
        (request->body_size && !request->body))
        return true;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!request->headers[i].name || !request->headers[i].value)
            return true;
    }
    return false;
}

const char *rk_http_read(renku_http_request *out, const renku_http_request *request)
{
    *out = (renku_http_request)RENKU_HTTP_REQUEST_INIT;
    if (request && !rk_versioned_read(out, sizeof(*out), request))
        return "renku_http_request has no size: initialise it with RENKU_HTTP_REQUEST_INIT.";
    if (!request || has_holes(out))
        return "renku_http_handle: the request or a part of it is NULL.";
    return NULL;
}

renku_result *renku_http_handle(renku_ctx *ctx, const renku_http_request *request)
{
    renku_http_request known;
    rk_http_exchange x = {.request = &known};
    const char *problem = rk_http_read(&known, request);

    return problem ? rk_result_refused(RK_ERR_INTERNAL, problem) : rk_ctx_run(ctx, handle, &x);
}

static rk_err transport_error(int status)
{
    static const struct {
        int status;
        rk_err err;
    } errors[] = {
        {400, RK_ERR_BAD_REQUEST    },
        {404, RK_ERR_NOT_FOUND      },
        {405, RK_ERR_METHOD         },
        {408, RK_ERR_REQUEST_TIMEOUT},
        {413, RK_ERR_TOO_LARGE      },
        {417, RK_ERR_EXPECTATION    },
        {431, RK_ERR_TOO_MANY_FIELDS},
        {503, RK_ERR_TIMEOUT        },
        {505, RK_ERR_HTTP_VERSION   },
    };

    for (size_t i = 0; i < RK_COUNT(errors); i++) {
        if (errors[i].status == status)
            return errors[i].err;
    }
    return RK_ERR_INTERNAL;
}

typedef struct {
    rk_http_exchange x;
    int status;
    const char *message;
} refusal;

static int refuse(renku_result *out, rk_op *op, void *user)
{
    refusal *why = user;

    if (why->status < 400 || why->status > 599)
        return rk_fail(op, RK_ERR_INTERNAL, "A refusal has a status from 400 to 599, not %d.",
                       why->status);
    RK_TRY(begin(&why->x, op, out));
    (void)rk_fail(op, transport_error(why->status), "%s", why->message); /* it is the answer */
    if (*why->x.request->target)
        rk_answer_log(op, why->x.request->target);
    RK_TRY(rk_result_fail_with(out, op, why->status, 1000 + why->status));
    return add_cors(op, &why->x);
}

renku_result *renku_http_refuse(renku_ctx *ctx, const renku_http_request *request, int status,
                                const char *message)
{
    static const renku_http_request unknown = {.size = sizeof(unknown), .method = "", .target = ""};
    renku_http_request known = unknown;

    if (request && (!rk_versioned_read(&known, sizeof(known), request) || has_holes(&known)))
        known = unknown;
    refusal why = {{.request = &known}, status, message ? message : ""};

    return rk_ctx_run(ctx, refuse, &why);
}
