/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/callers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/api/authenticate.h"
#include "librenku/api/result.h"
#include "librenku/authz/authz.h"
#include "librenku/base/time.h"
#include "librenku/user/user.h"

enum { SLAB_CALLERS = 64, REST_CALLERS = 1024 };

struct renku_caller {
    rk_callers *home;
    renku_caller *next; /* among those at rest */
    rk_op op;           /* owns the memory of the caller */
    bool resting;
    const rk_caller *who;
};

typedef struct slab {
    struct slab *next;
    renku_caller callers[SLAB_CALLERS];
} slab;

struct rk_callers {
    const rk_process *process; /* that made it: in a child the lock may be held forever */
    pthread_mutex_t lock;
    slab *slabs;
    size_t unused;                  /* places of the first slab that were never used */
    renku_caller *oldest, **newest; /* at rest */
    size_t resting;
};

/* --- places ----------------------------------------------------------------------------------- */

static void rest(rk_callers *home, renku_caller *caller)
{
    caller->next = NULL;
    caller->resting = true;
    *home->newest = caller;
    home->newest = &caller->next;
    home->resting++;
}

static int add_slab(rk_callers *home)
{
    slab *more = calloc(1, sizeof(*more));

    if (!more)
        return -1;
    more->next = home->slabs;
    home->slabs = more;
    home->unused = SLAB_CALLERS;
    for (size_t i = 0; i < SLAB_CALLERS; i++)
        more->callers[i].home = home;
    return 0;
}

static renku_caller *wake(rk_callers *home)
{
    renku_caller *caller = home->oldest;

    home->oldest = caller->next;
    home->resting--;
    caller->resting = false;
    return caller;
}

/* A place that has rested for long, else one that was never used; NULL when there is no memory. The
 * lock is held. */
static renku_caller *find_place(rk_callers *home)
{
    if (home->resting > REST_CALLERS)
        return wake(home);
    if (home->unused == 0 && add_slab(home) < 0)
        return NULL;
    return &home->slabs->callers[SLAB_CALLERS - home->unused--];
}

static renku_caller *take(rk_callers *home)
{
    (void)pthread_mutex_lock(&home->lock); /* this kind of lock cannot fail */
    renku_caller *caller = find_place(home);
    (void)pthread_mutex_unlock(&home->lock);
    return caller;
}

int rk_callers_new(rk_callers **out, rk_op *op)
{
    rk_callers *home = calloc(1, sizeof(*home));

    if (!home || pthread_mutex_init(&home->lock, NULL) != 0) {
        free(home);
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    home->process = &op->ctx->process;
    home->newest = &home->oldest;
    *out = home;
    return 0;
}

void rk_callers_free(rk_callers *home)
{
    if (!home)
        return;
    while (home->slabs) {
        slab *next = home->slabs->next;

        for (size_t i = 0; i < SLAB_CALLERS; i++)
            rk_op_end(&home->slabs->callers[i].op);
        free(home->slabs);
        home->slabs = next;
    }
    (void)pthread_mutex_destroy(&home->lock); /* nobody holds it */
    free(home);
}

int rk_callers_find(const rk_caller **out, rk_op *op, const renku_caller *handle)
{
    static const rk_caller anonymous = {.kind = RK_CALLER_ANONYMOUS};

    *out = handle ? handle->who : &anonymous;
    if (!*out)
        return rk_fail(op, RK_ERR_INTERNAL, "The caller was freed before this call.");
    if (handle && handle->home != op->ctx->callers)
        return rk_fail(op, RK_ERR_INTERNAL, "The caller belongs to another context.");
    if ((*out)->expires.set && (*out)->expires.micros <= rk_time_now())
        return rk_fail(op, RK_ERR_INVALID_TOKEN, "The token of the caller has expired.");
    return 0;
}

/* --- making ----------------------------------------------------------------------------------- */

typedef struct {
    renku_caller **out;
    const char *text;
    int (*identify)(const rk_caller **out, rk_op *op, const char *text);
} birth;

static int identify_token(const rk_caller **out, rk_op *op, const char *token)
{
    const rk_credentials credentials = {.authorization = rk_strdup(op, token)};
    rk_caller *caller;

    RK_CHECK(credentials.authorization);
    if (!op->ctx->authenticator)
        return rk_fail(op, RK_ERR_CONFIGURATION, "With RENKU_ADMIN_ONLY no tokens are taken.");
    RK_TRY(rk_authenticate(&caller, op, op->ctx->authenticator, &credentials));
    *out = caller;
    return rk_caller_is_logged_in(caller) ? 0 : rk_fail_default(op, RK_ERR_INVALID_TOKEN);
}

static int identify_user(const rk_caller **out, rk_op *op, const char *user_id)
{
    rk_caller *caller = rk_new(op, rk_caller);
    rk_user user;
    int64_t bits;
    bool found;

    RK_CHECK(caller);
    RK_TRY(rk_user_lookup(&user, &found, op, user_id));
    if (!found)
        return rk_fail(op, RK_ERR_NOT_FOUND, "The user '%s' does not exist.", user_id);
    *caller = (rk_caller){
        .kind = RK_CALLER_USER,
        .id = user.id,
        .email = user.email,
        .first_name = user.first_name,
        .last_name = user.last_name,
        .access_token = "", /* the host vouches for the user, there is no token */
        .roles.set = true,
    };
    op->caller = caller;
    RK_TRY(rk_authz_bits(&bits, op, RK_OBJECT_PLATFORM, RK_PLATFORM_ID));
    caller->is_admin = rk_authz_allows(op, RK_OBJECT_PLATFORM, bits, RK_SCOPE_IS_ADMIN);
    *out = caller;
    return 0;
}

static int identify_service(const rk_caller **out, rk_op *op, const char *name)
{
    static const char *const names[] = {"migrations", "secrets_rotation", "k8s_watcher",
                                        "search_reprovision", "capacity_reservation"};
    rk_caller *caller = rk_new(op, rk_caller);

    RK_CHECK(caller);
    *out = caller;
    for (size_t i = 0; i < RK_COUNT(names); i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        *caller = (rk_caller){
            .kind = RK_CALLER_SERVICE,
            .id = names[i],
            .access_token = "internal-service-admin",
            .is_admin = true,
            .roles.set = true,
        };
        return 0;
    }
    return rk_fail(op, RK_ERR_INVALID,
                   "There is no service identity '%s': use migrations, secrets_rotation, "
                   "k8s_watcher, search_reprovision or capacity_reservation.",
                   name);
}

/* Fills the caller in an operation of its own, whose memory the caller keeps. */
static int fill(renku_caller *caller, const rk_op *op, const birth *wanted)
{
    const rk_caller *who = NULL;

    if (rk_op_begin(&caller->op) < 0)
        return RK_ERR_NO_MEMORY;
    caller->op.ctx = op->ctx;
    caller->op.log = op->log;
    caller->op.settings = op->settings;
    caller->op.pool = op->pool;
    caller->op.deadline_ms = op->deadline_ms;
    int result = wanted->identify(&who, &caller->op, wanted->text);

    rk_db_end(&caller->op);
    caller->who = result < 0 ? NULL : who;
    return result;
}

static int make(renku_result *out, rk_op *op, void *user)
{
    const birth *wanted = user;
    renku_caller *caller = take(op->ctx->callers);

    (void)out; /* 200 and empty */
    if (!caller)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    int result = fill(caller, op, wanted);

    if (result == 0) {
        *wanted->out = caller;
        return 0;
    }
    (void)rk_fail(op, caller->op.error.err, "%s", caller->op.error.message); /* passed on below */
    renku_caller_free(caller);
    return result;
}

static renku_result *make_caller(renku_ctx *ctx, birth wanted)
{
    if (wanted.out)
        *wanted.out = NULL;
    if (!wanted.out || !wanted.text)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_caller_from_*: an argument is NULL.");
    return rk_ctx_run(ctx, make, &wanted);
}

renku_result *renku_caller_from_token(renku_caller **out, renku_ctx *ctx, const char *token)
{
    return make_caller(ctx, (birth){out, token, identify_token});
}

renku_result *renku_caller_from_user(renku_caller **out, renku_ctx *ctx, const char *user_id)
{
    return make_caller(ctx, (birth){out, user_id, identify_user});
}

renku_result *renku_caller_from_service(renku_caller **out, renku_ctx *ctx, const char *name)
{
    return make_caller(ctx, (birth){out, name, identify_service});
}

void renku_caller_free(renku_caller *caller)
{
    if (!caller || !rk_process_is_same(caller->home->process))
        return;
    (void)pthread_mutex_lock(&caller->home->lock); /* this kind of lock cannot fail */
    if (!caller->resting) {
        rk_op_end(&caller->op);
        caller->who = NULL;
        rest(caller->home, caller);
    }
    (void)pthread_mutex_unlock(&caller->home->lock);
}

const char *renku_caller_id(const renku_caller *caller)
{
    return caller && caller->who ? caller->who->id : NULL;
}

int renku_caller_is_admin(const renku_caller *caller)
{
    return caller && rk_caller_is_admin(caller->who);
}
