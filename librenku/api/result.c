/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/result.h"

#include "librenku/base/letters.h"
#include "librenku/db/db.h"

static const renku_result no_memory = {
    .status = 500,
    .code = 1500,
    .error = RK_ERR_NO_MEMORY,
    .message = "Out of memory",
    .body = "{\"error\":{\"code\":1500,\"message\":\"Out of memory\"}}",
    .body_size = 49,
    .header_count = 1,
    .headers = {{"content-type", "application/json"}},
};

static const renku_result *or_no_memory(const renku_result *result)
{
    return result ? result : &no_memory;
}

renku_result *rk_result_no_memory(void)
{
    return (renku_result *)(uintptr_t)&no_memory;
}

renku_result *rk_result_new(rk_op *op)
{
    renku_result *result = rk_new(op, renku_result);

    if (result) {
        result->status = 200;
        result->message = "";
        result->body = "";
    }
    return result;
}

void rk_result_header(renku_result *result, const char *name, const char *value)
{
    if (!value || result->header_count == RK_RESULT_HEADERS_MAX)
        return;
    result->headers[result->header_count].name = name;
    result->headers[result->header_count].value = value;
    result->header_count++;
}

void rk_result_body(renku_result *result, const char *type, const char *body, size_t size)
{
    result->body = body;
    result->body_size = size;
    rk_result_header(result, "content-type", type);
}

static int error_body(rk_buf *buf, const renku_result *result)
{
    rk_buf_text(buf, "{\"error\":{\"code\":");
    rk_buf_json_int(buf, result->code);
    if (result->detail) {
        rk_buf_text(buf, ",\"detail\":");
        rk_buf_json_text(buf, result->detail);
    }
    rk_buf_text(buf, ",\"message\":");
    rk_buf_json_text(buf, result->message);
    rk_buf_text(buf, "}}");
    return rk_buf_finish(buf);
}

int rk_result_fail(renku_result *result, rk_op *op)
{
    const rk_error_row *row = rk_error_row_of(op->error.err);

    return rk_result_fail_with(result, op, row->status, row->code);
}

int rk_result_fail_with(renku_result *result, rk_op *op, int status, int code)
{
    const rk_error_row *row = rk_error_row_of(op->error.err);
    rk_buf buf;

    result->status = status;
    result->code = code;
    result->error = op->error.err ? op->error.err : RK_ERR_INTERNAL;
    result->message = op->error.message ? op->error.message : row->message;
    result->detail = op->error.detail;
    rk_buf_begin(&buf, op, 256);
    RK_TRY(error_body(&buf, result));
    rk_result_body(result, "application/json", buf.text, buf.length);
    return 0;
}

renku_result *rk_result_finish(renku_result *result, rk_op *op)
{
    rk_db_end(op);
    if (!result) {
        rk_op_end(op);
        return rk_result_no_memory();
    }
    result->arena = op->arena;
    op->arena = NULL;
    rk_op_end(op);
    return result;
}

renku_result *rk_result_settle(rk_op *op, renku_result *result, int outcome)
{
    if (result && outcome < 0 && rk_result_fail(result, op) < 0)
        result = NULL;
    return rk_result_finish(result, op);
}

renku_result *rk_result_refused(rk_err err, const char *message)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    int failure = rk_fail(&op, err, "%s", message);

    return rk_result_settle(&op, rk_result_new(&op), failure);
}

void renku_result_free(renku_result *result)
{
    if (result && result->arena)
        rk_arena_free(result->arena);
}

int renku_result_ok(const renku_result *result)
{
    return or_no_memory(result)->status < 400;
}

int renku_result_status(const renku_result *result)
{
    return or_no_memory(result)->status;
}

int renku_result_code(const renku_result *result)
{
    return or_no_memory(result)->code;
}

int renku_result_error(const renku_result *result)
{
    result = or_no_memory(result);
    return result->error ? result->error - RK_ERR_FIRST_ : RENKU_OK;
}

const char *renku_result_message(const renku_result *result)
{
    return or_no_memory(result)->message;
}

const char *renku_result_detail(const renku_result *result)
{
    return or_no_memory(result)->detail;
}

const char *renku_result_body(const renku_result *result, size_t *size)
{
    result = or_no_memory(result);
    if (size)
        *size = result->body_size;
    return result->body;
}

size_t renku_result_header_count(const renku_result *result)
{
    return or_no_memory(result)->header_count;
}

int renku_result_header(const renku_result *result, size_t index, const char **name,
                        const char **value)
{
    result = or_no_memory(result);
    if (index >= result->header_count)
        return 0;
    if (name)
        *name = result->headers[index].name;
    if (value)
        *value = result->headers[index].value;
    return 1;
}

const char *renku_result_header_find(const renku_result *result, const char *name)
{
    result = or_no_memory(result);
    for (size_t i = 0; name && i < result->header_count; i++) {
        if (rk_letters_equal(result->headers[i].name, name))
            return result->headers[i].value;
    }
    return NULL;
}

const char *renku_result_etag(const renku_result *result)
{
    return renku_result_header_find(result, "etag");
}
