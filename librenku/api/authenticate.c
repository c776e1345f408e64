/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/authenticate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "librenku/api/identity.h"
#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/crypto/jwk.h"
#include "librenku/http/operation.h"
#include "librenku/net/gitlab.h"

enum {
    TOKENS_MAX = 4096,
    DISCOVERY_PAUSE_MS = 2000,
    DISCOVERY_MAX_MS = 300 * 1000,
};

/* --- making ----------------------------------------------------------------------------------- */

static int new_issuer(rk_authenticator *auth, rk_op *op, const rk_settings *settings)
{
    const rk_internal_options options = {
        .key_path = auth->development
                        ? NULL
                        : rk_settings_text(settings, RK_SET_INTERNAL_AUTHN_SECRET_KEY_PATH),
        .name = rk_settings_text(settings, RK_SET_INTERNAL_AUTHN_ISSUER),
        .audience = rk_settings_text(settings, RK_SET_INTERNAL_AUTHN_AUDIENCE),
        .access_s = rk_settings_int(settings,
                                    RK_SET_INTERNAL_AUTHN_DEFAULT_ACCESS_TOKEN_EXPIRATION_SECONDS),
        .refresh_s = rk_settings_int(
            settings, RK_SET_INTERNAL_AUTHN_DEFAULT_REFRESH_TOKEN_EXPIRATION_SECONDS),
        .long_refresh_s =
            rk_settings_int(settings, RK_SET_INTERNAL_AUTHN_LONG_REFRESH_TOKEN_EXPIRATION_SECONDS),
    };

    if (!auth->development && !options.key_path)
        return rk_fail(op, RK_ERR_CONFIGURATION, "INTERNAL_AUTHN_SECRET_KEY_PATH is not set.");
    return rk_internal_issuer_new(&auth->issuer, op, &options);
}

static size_t without_slashes(const char *url)
{
    size_t length = strlen(url);

    while (length && url[length - 1] == '/')
        length--;
    return length;
}

static int new_keys(rk_authenticator *auth, rk_op *op, const rk_settings *settings)
{
    const char *url = rk_settings_text(settings, RK_SET_KEYCLOAK_URL);
    const char *algs = rk_settings_text(settings, RK_SET_KEYCLOAK_TOKEN_SIGNATURE_ALGS);

    if (!url || !algs)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "KEYCLOAK_URL and KEYCLOAK_TOKEN_SIGNATURE_ALGS must be set.");
    RK_TRY(rk_jwt_algs_parse(&auth->algs, op, algs));
    const rk_keyset_options options = {
        .issuer_url = rk_printf(op, "%.*s/realms/%s", (int)without_slashes(url), url,
                                rk_settings_text(settings, RK_SET_KEYCLOAK_REALM)),
        .ca_file = rk_settings_text(settings, RK_SET_SSL_CERT_FILE),
        .waiting_max = (int)((rk_settings_int(settings, RK_SET_RENKU_SERVER_THREADS) + 1) / 2),
    };

    RK_CHECK(options.issuer_url);
    return rk_keyset_new(&auth->keys, op, &options);
}

static int new_gitlab(rk_authenticator *auth, rk_op *op, const rk_settings *settings)
{
    const char *url;

    RK_TRY(rk_gitlab_url(&url, op, settings));
    if (!url)
        return 0;
    auth->gitlab_url = strdup(url);
    return auth->gitlab_url ? 0 : rk_fail_default(op, RK_ERR_NO_MEMORY);
}

static int fill(rk_authenticator *auth, rk_op *op, const rk_settings *settings)
{
    const rk_service *service = rk_service_named(rk_settings_text(settings, RK_SET_RENKU_SERVICE));

    auth->development = rk_settings_bool(settings, RK_SET_DUMMY_STORES);
    if (!service->internal)
        RK_TRY(new_issuer(auth, op, settings));
    if (auth->development)
        return 0;
    RK_TRY(new_keys(auth, op, settings));
    RK_TRY(rk_token_cache_new(&auth->tokens, op, TOKENS_MAX, RK_TOKEN_CACHE_MS));
    return service->internal ? 0 : new_gitlab(auth, op, settings);
}

int rk_authenticator_new(rk_authenticator **out, rk_op *op, const rk_settings *settings)
{
    rk_authenticator *auth = calloc(1, sizeof(*auth));

    if (!auth)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    int result = fill(auth, op, settings);

    if (result < 0)
        rk_authenticator_free(auth);
    else
        *out = auth;
    return result;
}

void rk_authenticator_free(rk_authenticator *auth)
{
    if (!auth)
        return;
    rk_keyset_free(auth->keys);
    rk_token_cache_free(auth->tokens);
    rk_internal_issuer_free(auth->issuer);
    free(auth->gitlab_url);
    free(auth);
}

/* --- discovery at start ----------------------------------------------------------------------- */

static void pause_ms(int64_t milliseconds)
{
    const struct timespec time = {
        .tv_sec = milliseconds / 1000,
        .tv_nsec = milliseconds % 1000 * 1000000,
    };

    (void)nanosleep(&time, NULL); /* a signal that cuts it short does no harm */
}

static bool may_try_again(const rk_op *op, int64_t begun_ms)
{
    int64_t next = rk_time_monotonic_ms() + DISCOVERY_PAUSE_MS;

    return next - begun_ms < DISCOVERY_MAX_MS && (!op->deadline_ms || next < op->deadline_ms);
}

int rk_authenticator_discover(rk_authenticator *auth, rk_op *op, int attempts)
{
    int64_t begun = rk_time_monotonic_ms();
    int result = 0;

    if (!auth->keys)
        return 0;
    for (int i = 1; (result = rk_keyset_discover(auth->keys, op)) < 0; i++) {
        if (result != RK_ERR_REMOTE)
            return result;
        rk_log_warning(op, "authn", "Attempt %d of %d to reach Keycloak failed: %s", i, attempts,
                       op->error.message);
        if (i >= attempts || !may_try_again(op, begun))
            break;
        rk_error_clear(op);
        pause_ms(DISCOVERY_PAUSE_MS);
    }
    if (result == 0)
        return 0;
    const char *reason = op->error.message;

    rk_error_clear(op);
    return rk_fail(op, RK_ERR_CONFIGURATION, "Keycloak cannot be reached: %s", reason);
}

int rk_authenticator_fetch(rk_authenticator *auth, rk_op *op)
{
    const rk_jwk *key;
    int result = auth->keys ? rk_keyset_find(&key, op, auth->keys, "none of this name") : 0;

    if (result != RK_ERR_INVALID_TOKEN)
        return result;
    rk_error_clear(op); /* the keys are there, this one is not */
    return 0;
}

const rk_internal_issuer *rk_authenticator_issuer(const rk_authenticator *auth)
{
    return auth->issuer;
}

void rk_authenticator_keys(rk_keyset_state *out, const rk_authenticator *auth)
{
    *out = (rk_keyset_state){0};
    if (auth->keys)
        rk_keyset_state_read(out, auth->keys);
}

/* --- who is calling --------------------------------------------------------------------------- */

const char *rk_bearer_token(const char *authorization)
{
    static const char *const schemes[] = {"Bearer ", "bearer "};

    for (size_t i = 0; authorization && i < RK_COUNT(schemes); i++) {
        if (strncmp(authorization, schemes[i], strlen(schemes[i])) == 0)
            authorization += strlen(schemes[i]);
    }
    return authorization && *authorization ? authorization : NULL;
}

rk_caller *rk_identity_new(rk_op *op, rk_caller_kind kind, const rk_credentials *credentials)
{
    rk_caller *caller = rk_new(op, rk_caller);
    const char *refresh = credentials->refresh_token;

    if (!caller)
        return NULL;
    caller->kind = kind;
    caller->roles.set = true;
    if (kind == RK_CALLER_USER && refresh && *refresh)
        caller->refresh_token = refresh;
    return caller;
}

rk_instant rk_identity_expiry(rk_opt_int seconds)
{
    static const int64_t end_of_9999 = INT64_C(253402300799);

    if (!seconds.set || seconds.value < 0 || seconds.value > end_of_9999)
        return (rk_instant){0};
    return rk_instant_of(seconds.value * 1000000);
}

/* Keycloak's tokens, or what stands for them in development mode. */
static int identify_user(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                         const rk_credentials *credentials)
{
    if (auth->development)
        return rk_identity_development(out, op, credentials);
    return rk_identity_keycloak(out, op, auth, credentials);
}

static int identify(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                    const rk_credentials *credentials)
{
    *out = NULL;
    if (credentials->kind == RK_AUTHENTICATE_GITLAB && !auth->development)
        return rk_identity_gitlab(out, op, auth, credentials);
    if (credentials->kind == RK_AUTHENTICATE_INTERNAL)
        RK_TRY(rk_identity_internal(out, op, auth, credentials));
    return *out ? 0 : identify_user(out, op, auth, credentials);
}

int rk_authenticate(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                    const rk_credentials *credentials)
{
    if (credentials->kind == RK_AUTHENTICATE_NONE) {
        *out = rk_identity_new(op, RK_CALLER_ANONYMOUS, credentials);
        RK_CHECK(*out);
        (*out)->id = "";
        return 0;
    }
    RK_TRY(identify(out, op, auth, credentials));
    return *out ? 0 : rk_identity_anonymous(out, op, credentials);
}
