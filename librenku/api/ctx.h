/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CTX_H
#define RK_CTX_H

#include "librenku/api/router.h"
#include "librenku/base/log.h"
#include "librenku/base/op.h"
#include "librenku/base/settings.h"
#include "renku/ctx.h"

struct rk_authenticator;
struct rk_pool;

typedef struct {
    char *name;
    char *value;
} rk_config_entry;

struct renku_config {
    rk_config_entry *entries;
    size_t count;
    size_t capacity;
    renku_log_callback *log;
    void *log_user;
};

/* NULL when the setting is not there. */
const char *rk_config_get(const renku_config *config, const char *name);

/* Read-only once made; what changes inside (pool, keys, tokens) guards itself. */
struct renku_ctx {
    rk_op op; /* owns the memory of the context */
    const rk_settings *settings;
    rk_log log;
    struct rk_pool *pool;
    rk_patterns *patterns;
    rk_router *router;
    struct rk_authenticator *authenticator;
    bool cors;
    int64_t timeout_ms; /* of one operation */
    size_t body_max;
};

/* An operation that runs in this context, with its deadline. -1 when there is no memory. */
int rk_ctx_begin(rk_op *op, renku_ctx *ctx);
/* Sets ctx->log up from the settings. Spec: foundations.md 14 */
int rk_ctx_open_log(renku_ctx *ctx, const renku_config *config);

#endif
