/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/user/sync.h"

#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/api/versioned.h"
#include "renku/admin.h"

/* Synchronisation with Keycloak, as functions of the library. */

static rk_sync_work *const works[] = {
    [RENKU_SYNC_ALL] = rk_users_sync_with,
    [RENKU_SYNC_IF_EMPTY] = rk_users_sync_if_empty_with,
    [RENKU_SYNC_EVENTS] = rk_users_sync_events_with,
};

typedef struct {
    rk_sync_work *work;
    const renku_sync *how;
} syncing;

static int run(rk_op *op, rk_buf *out, void *user)
{
    const syncing *sync = user;
    const rk_sync_manner manner = {sync->how->dry_run != 0, sync->how->progress, sync->how->user};

    op->cancel = sync->how->cancel;
    return sync->work(op, out, &manner);
}

static renku_result *refuse(void)
{
    return rk_result_refused(RK_ERR_INTERNAL,
                             "renku_sync has no size: initialise it with RENKU_SYNC_INIT.");
}

renku_result *renku_users_sync(renku_ctx *ctx, const renku_sync *how)
{
    renku_sync known = RENKU_SYNC_INIT;

    if (how && !rk_versioned_read(&known, sizeof(known), how))
        return refuse();
    if (known.users < 0 || (size_t)known.users >= RK_COUNT(works))
        return rk_result_refused(RK_ERR_INTERNAL, "renku_sync: no RENKU_SYNC_ is such a number.");
    return rk_tool_run(ctx, run, &(syncing){works[known.users], &known}, RK_TOOL_JSON);
}

renku_result *renku_admins_sync(renku_ctx *ctx, const renku_sync *how)
{
    renku_sync known = RENKU_SYNC_INIT;

    if (how && !rk_versioned_read(&known, sizeof(known), how))
        return refuse();
    return rk_tool_run(ctx, run, &(syncing){rk_admins_sync_with, &known}, RK_TOOL_JSON);
}
