/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_AUTHENTICATE_H
#define RK_AUTHENTICATE_H

#include "librenku/base/op.h"
#include "librenku/base/settings.h"
#include "librenku/http/caller.h"

struct rk_internal_issuer;
struct rk_keyset_state;

/* Header values as they came, the first of each name; NULL when the header is absent. */
typedef struct {
    rk_authentication kind;
    const char *authorization;
    const char *cookie;
    const char *anonymous_id;   /* Renku-Auth-Anon-Id */
    const char *refresh_token;  /* Renku-Auth-Refresh-Token */
    const char *gitlab_token;   /* Gitlab-Access-Token */
    const char *gitlab_expires; /* Gitlab-Access-Token-Expires-At */
} rk_credentials;

/* Everything that says who is calling: keys, verified tokens, the internal issuer. Threads: may be
 * shared by any. */
typedef struct rk_authenticator rk_authenticator;

/* Opens no connection. CONFIGURATION when a setting or the internal key file is unusable. */
int rk_authenticator_new(rk_authenticator **out, rk_op *op, const rk_settings *settings);
/* No call on it may be running. NULL is accepted. */
void rk_authenticator_free(rk_authenticator *auth);
/* Finds the key endpoint of Keycloak, for the start of a server: tries that often, 2 s apart, 300 s
 * at most; then CONFIGURATION. Nothing to do in development mode. Without it the first token does
 * the same once. Spec: authentication.md 3.1 */
int rk_authenticator_discover(rk_authenticator *auth, rk_op *op, int attempts);
/* Fetches Keycloak's keys now; REMOTE or INTERNAL says why there are none. Nothing to do in
 * development mode. */
int rk_authenticator_fetch(rk_authenticator *auth, rk_op *op);
/* Mints and verifies internal tokens; NULL in a service that knows none. */
const struct rk_internal_issuer *rk_authenticator_issuer(const rk_authenticator *auth);

/* What is known of Keycloak's keys, for readiness; all zero in development mode. */
void rk_authenticator_keys(struct rk_keyset_state *out, const rk_authenticator *auth);

/* Tells who is calling; the caller lives in the arena of @p op and borrows the texts of the
 * credentials. Bad credentials make the caller anonymous, they are no failure. Fails only as
 * authentication.md 4 and 7 say. Spec: authentication.md 2 */
int rk_authenticate(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                    const rk_credentials *credentials);

#endif
