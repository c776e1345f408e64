/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/api/ctx.h"
#include "librenku/api/result.h"
#include "librenku/api/versioned.h"
#include "librenku/base/op.h"
#include "renku/call.h"
#include "renku/result.h"

struct renku_pages {
    rk_op op; /* owns the memory */
    renku_ctx *ctx;
    const renku_caller *caller;
    renku_request request;       /* with the size of ours */
    renku_parameter *parameters; /* the last one is the page */
    char number[24];
    int64_t page;
    int64_t total;
    bool over;
};

/* 0, which no list takes, when the text is no number. */
static int64_t page_of(const char *text)
{
    char *end;
    int64_t page = strtoll(text, &end, 10);

    return *end || page == INT64_MAX ? 0 : page;
}

static int copy_parameters(renku_pages *pages, const renku_request *request)
{
    rk_op *op = &pages->op;
    size_t count = 0;

    pages->parameters = rk_new_array(op, renku_parameter, request->parameter_count + 1);
    RK_CHECK(pages->parameters);
    for (size_t i = 0; i < request->parameter_count; i++) {
        const renku_parameter *from = &request->parameters[i];

        if (!from->name || !from->value)
            continue;
        if (strcmp(from->name, "page") == 0) {
            pages->page = page_of(from->value);
            continue;
        }
        renku_parameter *to = &pages->parameters[count++];

        to->name = rk_strdup(op, from->name);
        RK_CHECK(to->name);
        to->value = rk_strdup(op, from->value);
        RK_CHECK(to->value);
    }
    pages->parameters[count] = (renku_parameter){"page", pages->number};
    pages->request.parameter_count = count + 1;
    return 0;
}

static int copy(renku_pages *pages, const renku_request *request)
{
    rk_op *op = &pages->op;

    pages->request = (renku_request)RENKU_REQUEST_INIT;
    pages->request.call = request->call;
    pages->request.operation = rk_strdup(op, request->operation ? request->operation : "");
    RK_CHECK(pages->request.operation);
    RK_TRY(copy_parameters(pages, request));
    pages->request.parameters = pages->parameters;
    return 0;
}

renku_pages *renku_pages_new(renku_ctx *ctx, const renku_caller *caller,
                             const renku_request *request)
{
    renku_request known = RENKU_REQUEST_INIT;

    if (!request || !rk_versioned_read(&known, sizeof(known), request) ||
        (known.parameter_count && !known.parameters))
        return NULL;
    renku_pages *pages = calloc(1, sizeof(*pages));

    if (!pages || rk_op_begin(&pages->op) < 0) {
        free(pages);
        return NULL;
    }
    pages->ctx = ctx;
    pages->caller = caller;
    pages->page = 1;
    pages->total = -1;
    if (copy(pages, &known) == 0)
        return pages;
    renku_pages_free(pages);
    return NULL;
}

/* The number that a header says; -1 when there is none. */
static int64_t number_in(const renku_result *result, const char *name)
{
    const char *text = renku_result_header_find(result, name);

    return text ? strtoll(text, NULL, 10) : -1;
}

/* NULL when there is none, which the call itself tells. */
static const rk_operation *operation_of(const renku_pages *pages)
{
    return pages->ctx ? rk_operation_named(pages->ctx->service, pages->request.operation) : NULL;
}

renku_result *renku_pages_next(renku_pages *pages)
{
    if (!pages || pages->over)
        return NULL;
    const rk_operation *operation = operation_of(pages);

    if (operation && !operation->paginated) {
        pages->over = true;
        return rk_result_refused(RK_ERR_INVALID, "renku_pages_next: the operation is no list.");
    }
    (void)snprintf(pages->number, sizeof(pages->number), "%lld", (long long)pages->page);
    renku_result *result = renku_request_run(pages->ctx, pages->caller, &pages->request);

    pages->over = !renku_result_ok(result) || !operation || operation->whole ||
                  pages->page >= number_in(result, "total-pages");
    if (renku_result_ok(result))
        pages->total = number_in(result, "total");
    pages->page++;
    return result;
}

int64_t renku_pages_total(const renku_pages *pages)
{
    return pages ? pages->total : -1;
}

void renku_pages_free(renku_pages *pages)
{
    if (!pages)
        return;
    rk_op_end(&pages->op);
    free(pages);
}
