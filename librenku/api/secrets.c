/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/ctx.h"
#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/api/versioned.h"
#include "librenku/secret/secret.h"
#include "renku/admin.h"

typedef int rotation_work(rk_op *op, rk_buf *out, const rk_secret_rotation *with);

typedef struct {
    rotation_work *work;
    bool needs_previous;
    const renku_rotation *how;
    rk_secret_rotation with;
} rotating;

static int rotate(rotating *rotation, rk_op *op, rk_buf *out)
{
    if (rotation->with.keys->previous || !rotation->needs_previous)
        return rotation->work(op, out, &rotation->with);
    if (rotation->how->optional)
        return 0;
    return rk_fail(op, RK_ERR_CONFIGURATION,
                   "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH names no file: there is no key to "
                   "rotate from.");
}

/* The secrets storage has its keys already; whoever else does this has them for that long. */
static int run(rk_op *op, rk_buf *out, void *user)
{
    RK_AUTO(rk_private_keys) *keys = NULL;
    rotating *rotation = user;

    op->cancel = rotation->how->cancel;
    if (!op->private_keys)
        RK_TRY(rk_ctx_read_private_keys(&keys, op));
    rotation->with.keys = op->private_keys ? op->private_keys : keys;
    return rotate(rotation, op, out);
}

static renku_result *run_rotation(renku_ctx *ctx, rotating *rotation)
{
    rotation->with.progress = rotation->how->progress;
    rotation->with.rewritten = rotation->how->rewritten;
    rotation->with.user = rotation->how->user;
    return rk_tool_run(ctx, run, rotation, RK_TOOL_JSON);
}

renku_result *renku_secrets_rotate_with(renku_ctx *ctx, const renku_rotation *how)
{
    renku_rotation known = RENKU_ROTATION_INIT;
    rotating rotation = {.work = rk_secret_rotate, .needs_previous = true, .how = &known};

    if (how && !rk_versioned_read(&known, sizeof(known), how))
        return rk_result_refused(
            RK_ERR_INTERNAL, "renku_rotation has no size: initialise it with RENKU_ROTATION_INIT.");
    return run_rotation(ctx, &rotation);
}

renku_result *renku_secrets_rotate(renku_ctx *ctx, renku_progress *progress, void *user)
{
    renku_rotation how = RENKU_ROTATION_INIT;

    how.progress = progress;
    how.user = user;
    return renku_secrets_rotate_with(ctx, &how);
}

renku_result *renku_secrets_rotate_status(renku_ctx *ctx, renku_progress *progress, void *user)
{
    renku_rotation how = RENKU_ROTATION_INIT;
    rotating rotation = {.work = rk_secret_rotation_status, .how = &how};

    how.progress = progress;
    how.user = user;
    return run_rotation(ctx, &rotation);
}
