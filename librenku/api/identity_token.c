/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/identity.h"

#include <string.h>

#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/crypto/claims.h"
#include "librenku/crypto/json.h"
#include "librenku/crypto/jwt.h"

static const char *const audiences[] = {"renku", "renku-ui", "renku-cli", "swagger"};
static const char admin_role[] = "renku-admin";

/* The order of texts in the cache of verified tokens; roles follow. */
enum { ID, EMAIL, FULL_NAME, FIRST_NAME, LAST_NAME, ROLES };

/* --- Keycloak's claims ------------------------------------------------------------------------ */

static int refuse(rk_op *op, const char *problem)
{
    return rk_fail(op, RK_ERR_INVALID_TOKEN, "The token %s.", problem);
}

/* Service accounts have no e-mail address: one is made from their client. */
static int read_email(const char **out, rk_op *op, struct json_object *claims)
{
    const char *client;

    RK_TRY(rk_crypto_json_text(out, op, claims, "email"));
    if (*out)
        return 0;
    RK_TRY(rk_crypto_json_text(&client, op, claims, "azp"));
    if (!client || !*client)
        return refuse(op, "has neither 'email' nor 'azp'");
    *out = rk_printf(op, "service-account-%s@renku.local", client);
    RK_CHECK(*out);
    return 0;
}

static int read_texts(rk_token_entry *out, rk_op *op, struct json_object *claims)
{
    rk_strings roles;

    RK_TRY(rk_claims_roles(&roles, op, claims));
    out->count = ROLES + roles.count;
    out->texts = rk_new_array(op, const char *, out->count);
    RK_CHECK(out->texts);
    for (size_t i = 0; i < roles.count; i++)
        out->texts[ROLES + i] = roles.items[i];
    RK_TRY(rk_crypto_json_text(&out->texts[ID], op, claims, "sub"));
    if (!out->texts[ID] || !*out->texts[ID])
        return refuse(op, "has no 'sub'");
    RK_TRY(read_email(&out->texts[EMAIL], op, claims));
    RK_TRY(rk_claims_name(&out->texts[FULL_NAME], op, claims, "name"));
    RK_TRY(rk_claims_name(&out->texts[FIRST_NAME], op, claims, "given_name"));
    return rk_claims_name(&out->texts[LAST_NAME], op, claims, "family_name");
}

static int read_claims(rk_token_entry *out, rk_op *op, struct json_object *claims)
{
    RK_TRY(rk_claims_times(&out->expires, op, claims, rk_time_now()));
    RK_TRY(rk_claims_audience(op, claims, audiences, RK_COUNT(audiences)));
    RK_TRY(rk_claims_ids(op, claims));
    return read_texts(out, op, claims);
}

/* The algorithm is looked at before the key is asked for: what cannot be accepted never makes us
 * fetch keys. */
static int verify(rk_token_entry *out, rk_op *op, const rk_authenticator *auth, const char *token)
{
    struct json_object *claims;
    const rk_jwk *key;
    rk_jwt jwt;

    RK_TRY(rk_jwt_read(&jwt, op, token));
    if (!jwt.kid)
        return refuse(op, "names no key");
    if (!(auth->algs & RK_JWT_ALG_BIT(jwt.alg)))
        return refuse(op, "is signed with an algorithm that is not accepted");
    RK_TRY(rk_keyset_find(&key, op, auth->keys, jwt.kid));
    RK_TRY(rk_jwt_verify(op, &jwt, auth->algs, key));
    RK_TRY(rk_jwt_payload(&claims, op, &jwt));
    return read_claims(out, op, claims);
}

/* --- callers ---------------------------------------------------------------------------------- */

static int make_user(rk_caller **out, rk_op *op, const rk_token_entry *entry,
                     const rk_credentials *credentials)
{
    rk_caller *caller = rk_identity_new(op, RK_CALLER_USER, credentials);

    RK_CHECK(caller);
    caller->id = entry->texts[ID];
    caller->email = entry->texts[EMAIL];
    caller->full_name = entry->texts[FULL_NAME];
    caller->first_name = entry->texts[FIRST_NAME];
    caller->last_name = entry->texts[LAST_NAME];
    caller->access_token = rk_bearer_token(credentials->authorization);
    caller->expires = rk_identity_expiry(entry->expires);
    caller->roles = (rk_strings){true, entry->count - ROLES, entry->texts + ROLES};
    caller->is_admin = rk_strings_has(&caller->roles, admin_role);
    *out = caller;
    return 0;
}

/* A bad token, or keys that cannot be had, is no failure: the caller is anonymous. */
static bool is_harmless(int result)
{
    return result == RK_ERR_INVALID_TOKEN || result == RK_ERR_REMOTE;
}

static int forgive(rk_op *op, int result)
{
    if (!is_harmless(result))
        return result;
    rk_log_debug(op, "authn", "Anonymous caller: %s", op->error.message);
    rk_error_clear(op);
    return 0;
}

int rk_identity_keycloak(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                         const rk_credentials *credentials)
{
    const char *token = rk_bearer_token(credentials->authorization);
    rk_token_entry entry = {0};
    bool known;

    *out = NULL;
    if (!token || strnlen(token, RK_JWT_MAX_BYTES + 1) > RK_JWT_MAX_BYTES)
        return 0;
    RK_TRY(rk_token_cache_find(&entry, &known, op, auth->tokens, token));
    if (known)
        return make_user(out, op, &entry, credentials);
    RK_TRY(rk_op_may_wait(op));
    int result = verify(&entry, op, auth, token);

    if (result < 0)
        return forgive(op, result);
    rk_token_cache_store(auth->tokens, token, &entry);
    return make_user(out, op, &entry, credentials);
}

int rk_identity_internal(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                         const rk_credentials *credentials)
{
    const char *token = rk_bearer_token(credentials->authorization);
    rk_internal_subject subject = {0};

    *out = NULL;
    if (!token)
        return 0;
    int result = rk_internal_token_verify(&subject, op, auth->issuer, token, RK_TOKEN_ACCESS);

    if (result < 0)
        return forgive(op, result);
    rk_caller *caller = rk_identity_new(op, RK_CALLER_USER, credentials);

    RK_CHECK(caller);
    caller->id = subject.sub;
    caller->email = subject.email;
    caller->full_name = subject.name;
    caller->first_name = subject.given_name;
    caller->last_name = subject.family_name;
    caller->access_token = token;
    caller->expires = rk_identity_expiry(subject.expires);
    *out = caller;
    return 0;
}
