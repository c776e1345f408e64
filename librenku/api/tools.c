/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/tools.h"

#include <string.h>

#include "librenku/api/ctx.h"
#include "librenku/api/result.h"
#include "librenku/api/versioned.h"
#include "librenku/db/db.h"
#include "librenku/db/migrate.h"
#include "librenku/project/project.h"
#include "renku/admin.h"

const rk_caller rk_operator_caller = {
    .kind = RK_CALLER_SERVICE,
    .id = "migrations",
    .access_token = "internal-service-admin",
    .is_admin = true,
};

typedef struct {
    rk_tool_work *work;
    void *user;
    rk_tool_kind kind;
    rk_watcher watcher;
} tool;

static int run(renku_result *out, rk_op *op, void *user)
{
    const tool *what = user;
    rk_buf buf;

    op->caller = &rk_operator_caller;
    op->deadline_ms = 0;
    op->watcher = what->watcher;
    rk_buf_begin(&buf, op, 1024);
    RK_TRY(what->work(op, &buf, what->user));
    rk_op_tell(op, 1, 1, "done");
    RK_TRY(rk_buf_finish(&buf));
    rk_result_body(out,
                   what->kind == RK_TOOL_JSON ? "application/json" : "text/plain; charset=utf-8",
                   buf.text, buf.length);
    return 0;
}

renku_result *rk_tool_run(renku_ctx *ctx, rk_tool_work *work, void *user, rk_tool_kind kind)
{
    return rk_tool_run_watched(ctx, work, user, kind, NULL);
}

renku_result *rk_tool_run_watched(renku_ctx *ctx, rk_tool_work *work, void *user, rk_tool_kind kind,
                                  const renku_watch *watch)
{
    renku_watch known = RENKU_WATCH_INIT;

    if (watch && !rk_versioned_read(&known, sizeof(known), watch))
        return rk_result_refused(RK_ERR_INTERNAL,
                                 "renku_watch has no size: initialise it with RENKU_WATCH_INIT.");
    tool what = {
        work, user, kind, {known.progress, known.user}
    };

    return rk_ctx_run(ctx, run, &what);
}

/* --- database --- */

static int migrate(rk_op *op, rk_buf *out, void *user)
{
    (void)user;
    return rk_migrate_up(op, out);
}

static int status(rk_op *op, rk_buf *out, void *user)
{
    (void)user;
    return rk_migrate_status(op, out);
}

static int check(rk_op *op, rk_buf *out, void *user)
{
    (void)user;
    return rk_migrate_check(op, out);
}

static int adopt(rk_op *op, rk_buf *out, void *user)
{
    (void)user;
    return rk_migrate_adopt(op, out);
}

static int hand_back(rk_op *op, rk_buf *out, void *user)
{
    return rk_migrate_hand_back(op, out, *(const int *)user != 0);
}

static int verify(rk_op *op, rk_buf *out, void *user)
{
    return rk_listing_verify(op, out, *(const int *)user != 0);
}

renku_result *renku_db_migrate(renku_ctx *ctx)
{
    return renku_db_migrate_with(ctx, NULL);
}

renku_result *renku_db_migrate_with(renku_ctx *ctx, const renku_watch *watch)
{
    return rk_tool_run_watched(ctx, migrate, NULL, RK_TOOL_JSON, watch);
}

renku_result *renku_db_status(renku_ctx *ctx)
{
    return rk_tool_run(ctx, status, NULL, RK_TOOL_JSON);
}

renku_result *renku_db_check(renku_ctx *ctx)
{
    return rk_tool_run(ctx, check, NULL, RK_TOOL_JSON);
}

renku_result *renku_db_adopt(renku_ctx *ctx)
{
    return renku_db_adopt_with(ctx, NULL);
}

renku_result *renku_db_adopt_with(renku_ctx *ctx, const renku_watch *watch)
{
    return rk_tool_run_watched(ctx, adopt, NULL, RK_TOOL_JSON, watch);
}

renku_result *renku_db_hand_back(renku_ctx *ctx, int force)
{
    return rk_tool_run(ctx, hand_back, &force, RK_TOOL_JSON);
}

renku_result *renku_db_verify(renku_ctx *ctx, int repair)
{
    return renku_db_verify_with(ctx, repair, NULL);
}

renku_result *renku_db_verify_with(renku_ctx *ctx, int repair, const renku_watch *watch)
{
    return rk_tool_run_watched(ctx, verify, &repair, RK_TOOL_JSON, watch);
}

const char *renku_version(void)
{
    return PACKAGE_VERSION;
}
