/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "librenku/api/ctx.h"
#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/secret/secret.h"
#include "renku/admin.h"

typedef int rotation_work(rk_op *op, rk_buf *out, const rk_secret_rotation *with);

typedef struct {
    rotation_work *work;
    bool needs_previous;
    rk_rsa *current, *public_key, *previous;
    rk_secret_rotation with;
} rotating;

static int read_current(rotating *rotation, rk_op *op)
{
    const char *path = rk_settings_text(op->settings, RK_SET_SECRETS_SERVICE_PRIVATE_KEY_PATH);

    if (rk_rsa_read_private(&rotation->current, op, path) < 0)
        return rk_fail_in(op, "SECRETS_SERVICE_PRIVATE_KEY_PATH");
    return rk_rsa_public_of(&rotation->public_key, op, rotation->current);
}

/* Unset, or a file that is missing: there is none. Spec: secrets.md 6.1 */
static int read_previous(rotating *rotation, rk_op *op)
{
    const char *path =
        rk_settings_text(op->settings, RK_SET_PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH);

    if (path && *path && (access(path, F_OK) == 0 || errno != ENOENT)) {
        return rk_rsa_read_private(&rotation->previous, op, path) < 0
                   ? rk_fail_in(op, "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH")
                   : 0;
    }
    if (!rotation->needs_previous)
        return 0;
    return rk_fail(op, RK_ERR_CONFIGURATION,
                   "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH names no file: there is no key to "
                   "rotate from.");
}

static int run(rk_op *op, rk_buf *out, void *user)
{
    rotating *rotation = user;

    RK_TRY(read_current(rotation, op));
    RK_TRY(read_previous(rotation, op));
    rotation->with.current = rotation->current;
    rotation->with.public_key = rotation->public_key;
    rotation->with.previous = rotation->previous;
    return rotation->work(op, out, &rotation->with);
}

static renku_result *run_rotation(renku_ctx *ctx, rotating *rotation)
{
    renku_result *result = rk_tool_run(ctx, run, rotation, RK_TOOL_JSON);

    rk_rsa_free(rotation->current);
    rk_rsa_free(rotation->public_key);
    rk_rsa_free(rotation->previous);
    return result;
}

renku_result *renku_secrets_rotate(renku_ctx *ctx, renku_progress *progress, void *user)
{
    rotating rotation = {
        .work = rk_secret_rotate,
        .needs_previous = true,
        .with = {.progress = progress, .user = user}
    };

    return run_rotation(ctx, &rotation);
}

renku_result *renku_secrets_rotate_status(renku_ctx *ctx, renku_progress *progress, void *user)
{
    rotating rotation = {
        .work = rk_secret_rotation_status, .with = {.progress = progress, .user = user}
    };

    return run_rotation(ctx, &rotation);
}
