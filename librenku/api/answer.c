/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/answer.h"

#include <string.h>

#include "librenku/api/paging.h"
#include "librenku/base/log.h"

static int write_paging(renku_result *result, rk_op *op, const rk_call *call)
{
    const rk_page *page = (const rk_page *)((char *)call->input + call->operation->page_offset);
    const int64_t numbers[] = {page->number, page->per_page, call->reply.total,
                               rk_page_total(page, call->reply.total)};
    static const char *const names[] = {"page", "per-page", "total", "total-pages"};

    for (size_t i = 0; i < RK_COUNT(names); i++) {
        const char *text = rk_printf(op, "%lld", (long long)numbers[i]);

        RK_CHECK(text);
        rk_result_header(result, names[i], text);
    }
    return 0;
}

static int write_body(renku_result *result, rk_op *op, const rk_call *call)
{
    rk_buf buf;

    if (!call->operation->output || call->reply.no_body)
        return 0;
    rk_buf_begin(&buf, op, 1024);
    RK_TRY(rk_schema_write(&buf, op, op->ctx->patterns, call->operation->output, call->output));
    RK_TRY(rk_buf_finish(&buf));
    rk_result_body(result, "application/json", buf.text, buf.length);
    return 0;
}

int rk_answer_write(renku_result *result, rk_op *op, const rk_call *call)
{
    result->status = call->reply.status ? call->reply.status : call->operation->status;
    if (call->not_modified) {
        result->status = 304;
        return 0;
    }
    if (!call->reply.hides_etag)
        rk_result_header(result, "etag", call->etag);
    if (call->operation->paginated)
        RK_TRY(write_paging(result, op, call));
    return write_body(result, op, call);
}

void rk_answer_log(const rk_op *op, const char *what)
{
    const rk_error_row *row = rk_error_row_of(op->error.err);

    if (!row->quiet)
        rk_log_error(op, "api", "Exception occurred while handling uri: %s (%d: %s%s%s)", what,
                     row->code, op->error.message, op->error.detail ? " - " : "",
                     op->error.detail ? op->error.detail : "");
}

int rk_answer_refuse_null(rk_op *op, const void *body, size_t size)
{
    static const char escape[] = "\\u0000";

    if (size && memmem(body, size, escape, sizeof(escape) - 1))
        return rk_fail(op, RK_ERR_INVALID, "Null byte found in request");
    return 0;
}
