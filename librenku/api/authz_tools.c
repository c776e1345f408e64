/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/api/tools.h"
#include "librenku/authz/authz.h"
#include "librenku/db/db.h"
#include "renku/admin.h"

/* What an operator does with relationships. */

typedef struct {
    const char *action;
    const char *user_id;
} admin_work;

static int set_admin(rk_op *op, void *user)
{
    const admin_work *work = user;

    return rk_authz_admin_set(op, work->user_id, strcmp(work->action, "add") == 0);
}

static int list_admins(rk_op *op, rk_buf *out)
{
    rk_strings ids;

    RK_TRY(rk_authz_admins(&ids, op));
    rk_buf_text(out, "{\"ids\":[");
    for (size_t i = 0; i < ids.count; i++) {
        rk_buf_text(out, i ? "," : "");
        rk_buf_json_text(out, ids.items[i]);
    }
    rk_buf_text(out, "]}");
    return rk_buf_finish(out);
}

static int admin(rk_op *op, rk_buf *out, void *user)
{
    admin_work *work = user;

    if (work->action && strcmp(work->action, "list") == 0)
        return list_admins(op, out);
    if (!work->action || (strcmp(work->action, "add") != 0 && strcmp(work->action, "remove") != 0))
        return rk_fail(op, RK_ERR_INVALID, "The action must be add, remove or list.");
    if (!work->user_id || !*work->user_id || strcmp(work->user_id, "*") == 0)
        return rk_fail(op, RK_ERR_INVALID, "Please name a user by id.");
    RK_TRY(rk_db_transaction(op, set_admin, work));
    return list_admins(op, out);
}

renku_result *renku_authz_admin(renku_ctx *ctx, const char *action, const char *user_id)
{
    admin_work work = {action, user_id};

    return rk_tool_run(ctx, admin, &work, RK_TOOL_JSON);
}
