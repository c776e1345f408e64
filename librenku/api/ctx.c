/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/ctx.h"

#include <stdlib.h>
#include <string.h>

#include "librenku/api/authenticate.h"
#include "librenku/api/callers.h"
#include "librenku/api/result.h"
#include "librenku/base/time.h"
#include "librenku/crypto/keys.h"
#include "librenku/crypto/private_keys.h"
#include "librenku/db/db.h"
#include "librenku/k8s/k8s.h"
#include "renku/http.h"

/* The setting in seconds as milliseconds. */
static int64_t seconds(const rk_settings *settings, rk_setting setting)
{
    return (int64_t)(rk_settings_number(settings, setting) * 1000);
}

static const char *from_config(void *user, const char *name)
{
    return renku_config_get(user, name);
}

static int open_pool(renku_ctx *ctx)
{
    const rk_settings *settings = ctx->settings;
    rk_pool_options options = {
        .host = rk_settings_text(settings, RK_SET_DB_HOST),
        .port = rk_settings_text(settings, RK_SET_DB_PORT),
        .user = rk_settings_text(settings, RK_SET_DB_USER),
        .password = rk_settings_text(settings, RK_SET_DB_PASSWORD),
        .name = rk_settings_text(settings, RK_SET_DB_NAME),
        .size = (int)rk_settings_int(settings, RK_SET_DB_POOL_SIZE),
        .wait_ms = (int)rk_settings_int(settings, RK_SET_RENKU_DB_POOL_WAIT_MS),
        .statement_timeout_ms =
            (int)rk_settings_int(settings, RK_SET_RENKU_DB_STATEMENT_TIMEOUT_MS),
    };

    return rk_pool_new(&ctx->pool, &ctx->op, &options);
}

static int open_keys(renku_ctx *ctx)
{
    const rk_settings *settings = ctx->settings;
    const rk_keys_options options = {
        .encryption_key_path = rk_settings_text(settings, RK_SET_ENCRYPTION_KEY_PATH),
        .public_key_path = rk_settings_text(settings, RK_SET_SECRETS_SERVICE_PUBLIC_KEY_PATH),
        .development = rk_settings_bool(settings, RK_SET_DUMMY_STORES),
    };

    return rk_keys_new(&ctx->keys, &ctx->op, &options);
}

int rk_ctx_read_private_keys(rk_private_keys **out, rk_op *op)
{
    const rk_settings *settings = op->settings;
    const rk_private_keys_options options = {
        .current_path = rk_settings_text(settings, RK_SET_SECRETS_SERVICE_PRIVATE_KEY_PATH),
        .previous_path =
            rk_settings_text(settings, RK_SET_PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH),
        .development = rk_settings_bool(settings, RK_SET_DUMMY_STORES),
    };

    return rk_private_keys_new(out, op, &options);
}

static int open_all(renku_ctx *ctx, const renku_config *config)
{
    rk_op *op = &ctx->op;
    rk_settings *settings;

    RK_TRY(rk_settings_load(&settings, op, from_config, (void *)(uintptr_t)config));
    ctx->settings = settings;
    op->settings = settings;
    RK_TRY(rk_ctx_open_log(ctx, config));
    ctx->service = rk_service_named(rk_settings_text(settings, RK_SET_RENKU_SERVICE));
    RK_ASSERT(ctx->service);
    ctx->cors =
        rk_settings_bool(settings, RK_SET_CORS_ALLOW_ALL_ORIGINS) && !ctx->service->internal;
    ctx->timeout_ms = seconds(settings, RK_SET_SANIC_RESPONSE_TIMEOUT);
    ctx->body_max = (size_t)rk_settings_int(settings, RK_SET_SANIC_REQUEST_MAX_SIZE);
    RK_TRY(open_pool(ctx));
    RK_TRY(rk_patterns_new(&ctx->patterns, op));
    RK_TRY(
        rk_router_new(&ctx->router, op, ctx->service->operations, ctx->service->operation_count));
    RK_TRY(rk_callers_new(&ctx->callers, op));
    if (rk_settings_bool(settings, RK_SET_RENKU_ADMIN_ONLY))
        return 0; /* the tools of an operator have no callers */
    RK_TRY(ctx->service->internal ? rk_ctx_read_private_keys(&ctx->private_keys, op)
                                  : open_keys(ctx));
    RK_TRY(rk_k8s_open(&ctx->k8s, op, settings, RK_SET_K8S_CONFIGS_ROOT));
    return rk_authenticator_new(&ctx->authenticator, op, settings);
}

/* What went wrong, in an operation of its own since the context goes. */
static renku_result *failure(const rk_error *error)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    int failure = rk_fail(&op, error->err, "%s", error->message);

    return rk_result_settle(&op, rk_result_new(&op), failure);
}

/* Made before the context is handed over: NULL when there is no memory for it. */
static renku_result *success(void)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return NULL;
    renku_result *result = rk_result_new(&op);

    if (result)
        return rk_result_finish(result, &op);
    rk_op_end(&op);
    return NULL;
}

renku_result *renku_ctx_new(renku_ctx **out, const renku_config *config)
{
    if (out)
        *out = NULL;
    if (!out || !config)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_ctx_new: an argument is NULL.");
    renku_ctx *ctx = calloc(1, sizeof(*ctx));

    if (!ctx || rk_op_begin(&ctx->op) < 0) {
        free(ctx);
        return rk_result_no_memory();
    }
    pthread_mutex_init(&ctx->ids.lock, NULL);
    ctx->op.ctx = ctx;
    rk_process_note(&ctx->process);
    renku_result *result = open_all(ctx, config) < 0 ? failure(&ctx->op.error) : success();

    if (renku_result_ok(result))
        *out = ctx;
    else
        renku_ctx_free(ctx);
    return result ? result : rk_result_no_memory();
}

void renku_ctx_free(renku_ctx *ctx)
{
    if (!ctx || !rk_process_is_same(&ctx->process))
        return; /* in a child its connections and threads are still its parent's */
    rk_callers_free(ctx->callers);
    rk_authenticator_free(ctx->authenticator);
    rk_k8s_close(ctx->k8s);
    rk_keys_free(ctx->keys);
    rk_private_keys_free(ctx->private_keys);
    rk_pool_free(ctx->pool);
    rk_patterns_free(ctx->patterns);
    rk_op_end(&ctx->op);
    pthread_mutex_destroy(&ctx->ids.lock);
    rk_process_forget(&ctx->process);
    free(ctx);
}

void rk_ctx_begin(rk_op *op, renku_ctx *ctx)
{
    op->ctx = ctx;
    op->counters = &ctx->counters;
    op->log = &ctx->log;
    op->settings = ctx->settings;
    op->pool = ctx->pool;
    op->keys = ctx->keys;
    op->private_keys = ctx->private_keys;
    op->k8s = ctx->k8s;
    op->deadline_ms = rk_time_monotonic_ms() + ctx->timeout_ms;
}

renku_result *rk_ctx_run(renku_ctx *ctx, rk_ctx_work *work, void *user)
{
    rk_op op;

    if (!ctx)
        return rk_result_refused(RK_ERR_INTERNAL, "The context is NULL.");
    if (!rk_process_is_same(&ctx->process))
        return rk_result_refused(RK_ERR_INTERNAL,
                                 "The context was made before fork(): make one in each process.");
    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    rk_ctx_begin(&op, ctx);
    renku_result *result = rk_result_new(&op);

    return rk_result_settle(&op, result, result ? work(result, &op, user) : -1);
}

const char *renku_ctx_setting(renku_ctx *ctx, const char *name)
{
    for (int i = 0; ctx && name && i < RK_SETTING_COUNT_; i++) {
        if (strcmp(rk_setting_name((rk_setting)i), name) != 0)
            continue;
        return rk_setting_is_secret((rk_setting)i) ? NULL
                                                   : rk_settings_text(ctx->settings, (rk_setting)i);
    }
    return NULL;
}
