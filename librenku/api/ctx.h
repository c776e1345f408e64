/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CTX_H
#define RK_CTX_H

#include "librenku/api/request.h"
#include "librenku/api/router.h"
#include "librenku/base/counter.h"
#include "librenku/base/log.h"
#include "librenku/base/op.h"
#include "librenku/base/process.h"
#include "librenku/base/settings.h"
#include "renku/ctx.h"

struct renku_result;
struct rk_authenticator;
struct rk_callers;
struct rk_k8s;
struct rk_keys;
struct rk_pool;
struct rk_private_keys;

typedef struct {
    char *name;
    char *value;
    char *source; /* "environment", "call" or the path of a file */
} rk_config_entry;

struct renku_config {
    rk_config_entry *entries;
    size_t count;
    size_t capacity;
    renku_log_callback *log;
    void *log_user;
};

/* What is wrong with the settings, in the arena; NULL when nothing is. */
int rk_config_problem(const char **problem, rk_op *op, const renku_config *config);
/* -1 when there is no memory; a NULL value removes the setting. */
int rk_config_put(renku_config *config, const char *name, const char *value, const char *source);

/* What waited for its delivery when somebody looked last. */
typedef struct {
    _Atomic int64_t events;
    _Atomic int64_t oldest_ms;   /* since 1970; 0: none waits */
    _Atomic int64_t measured_ms; /* since 1970; 0: nobody has looked */
} rk_outbox;

/* Read-only once made; what changes inside (pool, keys, tokens) guards itself. */
struct renku_ctx {
    rk_op op; /* owns the memory of the context */
    const rk_settings *settings;
    rk_log log;
    rk_counters counters;
    rk_outbox outbox;
    struct rk_pool *pool;
    const rk_service *service;
    rk_id_source ids; /* of requests */
    rk_patterns *patterns;
    rk_router *router;
    struct rk_authenticator *authenticator;
    struct rk_keys *keys;                 /* of the data API; NULL for the tools of an operator */
    struct rk_private_keys *private_keys; /* of the secrets storage; else NULL */
    struct rk_k8s *k8s;                   /* NULL for the tools of an operator */
    struct rk_callers *callers;           /* made from this context */
    rk_process process;                   /* that made it */
    bool cors;
    int64_t timeout_ms; /* of one operation */
    size_t body_max;
};

/* What runs in a context: fills a result that is 200 and empty, or fails. */
typedef int rk_ctx_work(struct renku_result *out, rk_op *op, void *user);
/* Runs it as an operation of its own, with the deadline of the context; never NULL. A context that
 * is NULL or was made before fork() is refused. */
struct renku_result *rk_ctx_run(renku_ctx *ctx, rk_ctx_work *work, void *user);
/* The private keys that the settings of the operation name. Spec: secrets.md 6.1 */
int rk_ctx_read_private_keys(struct rk_private_keys **out, rk_op *op);
/* Lends the operation all that it needs of the context, and sets its deadline. */
void rk_ctx_begin(rk_op *op, renku_ctx *ctx);
/* Sets ctx->log up from the settings. Spec: foundations.md 14 */
int rk_ctx_open_log(renku_ctx *ctx, const renku_config *config);

#endif
