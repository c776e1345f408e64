/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/authz/tools.h"
#include "renku/admin.h"

/* What an operator does with relationships, as functions of the library. */

static int check(rk_op *op, rk_buf *out, void *question)
{
    return rk_authz_tool_check(op, out, question);
}

static int explain(rk_op *op, rk_buf *out, void *question)
{
    return rk_authz_tool_explain(op, out, question);
}

static int lookup(rk_op *op, rk_buf *out, void *question)
{
    return rk_authz_tool_lookup(op, out, question);
}

static int export_all(rk_op *op, rk_buf *out, void *user)
{
    (void)user;
    return rk_authz_tool_export(op, out);
}

static int import(rk_op *op, rk_buf *out, void *text)
{
    return rk_authz_tool_import(op, out, text);
}

typedef struct {
    const char *action;
    const char *user_id;
} admin_work;

static int admin(rk_op *op, rk_buf *out, void *user)
{
    const admin_work *work = user;

    return rk_authz_tool_admin(op, out, work->action, work->user_id);
}

renku_result *renku_authz_check(renku_ctx *ctx, const char *type, const char *id, const char *scope,
                                const char *user)
{
    rk_authz_question question = {type, id, scope, user};

    if (!type || !id || !scope)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_authz_check: an argument is NULL.");
    return rk_tool_run(ctx, check, &question, RK_TOOL_JSON);
}

renku_result *renku_authz_explain(renku_ctx *ctx, const char *type, const char *id,
                                  const char *scope, const char *user)
{
    rk_authz_question question = {type, id, scope, user};

    if (!type || !id || !scope)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_authz_explain: an argument is NULL.");
    return rk_tool_run(ctx, explain, &question, RK_TOOL_JSON);
}

renku_result *renku_authz_lookup(renku_ctx *ctx, const char *type, const char *scope,
                                 const char *user)
{
    rk_authz_question question = {type, NULL, scope, user};

    if (!type || !scope)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_authz_lookup: an argument is NULL.");
    return rk_tool_run(ctx, lookup, &question, RK_TOOL_JSON);
}

renku_result *renku_authz_export(renku_ctx *ctx)
{
    return renku_authz_export_with(ctx, NULL);
}

renku_result *renku_authz_export_with(renku_ctx *ctx, const renku_watch *watch)
{
    return rk_tool_run_watched(ctx, export_all, NULL, RK_TOOL_TEXT, watch);
}

renku_result *renku_authz_import(renku_ctx *ctx, const char *text, size_t size, int apply)
{
    return renku_authz_import_with(ctx, text, size, apply, NULL);
}

renku_result *renku_authz_import_with(renku_ctx *ctx, const char *text, size_t size, int apply,
                                      const renku_watch *watch)
{
    rk_authz_import work = {text ? text : "", size, apply != 0};

    if (!text && size)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_authz_import: the text is NULL.");
    return rk_tool_run_watched(ctx, import, &work, RK_TOOL_JSON, watch);
}

renku_result *renku_authz_admin(renku_ctx *ctx, const char *action, const char *user_id)
{
    admin_work work = {action, user_id};

    if (!action || (!user_id && strcmp(action, "list") != 0))
        return rk_result_refused(RK_ERR_INTERNAL, "renku_authz_admin: an argument is NULL.");
    return rk_tool_run(ctx, admin, &work, RK_TOOL_JSON);
}
