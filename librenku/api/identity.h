/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_IDENTITY_H
#define RK_IDENTITY_H

#include "librenku/api/authenticate.h"
#include "librenku/api/keyset.h"
#include "librenku/crypto/internal_token.h"
#include "librenku/crypto/token_cache.h"

/* The parts of authentication. Each makes a caller, or NULL for credentials that say nothing, which
 * is no failure. */

struct rk_authenticator {
    bool development; /* DUMMY_STORES: no Keycloak, no GitLab */
    unsigned algs;    /* accepted from Keycloak */
    rk_keyset *keys;  /* NULL in development */
    rk_token_cache *tokens;
    rk_internal_issuer *issuer; /* NULL in a service that knows no internal tokens */
    char *gitlab_url;           /* without slash at the end; NULL: no GitLab */
};

/* Without the scheme; NULL when there is none. */
const char *rk_bearer_token(const char *authorization);
/* A caller of that kind with the refresh token of the credentials; NULL without memory. */
rk_caller *rk_identity_new(rk_op *op, rk_caller_kind kind, const rk_credentials *credentials);
/* Seconds as time; unset beyond the year 9999. */
rk_instant rk_identity_expiry(rk_opt_int seconds);

/* Spec: authentication.md 2.1 */
int rk_identity_anonymous(rk_caller **out, rk_op *op, const rk_credentials *credentials);
/* Spec: authentication.md 3 */
int rk_identity_keycloak(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                         const rk_credentials *credentials);
/* Spec: authentication.md 5.2 */
int rk_identity_internal(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                         const rk_credentials *credentials);
/* Never NULL: whoever is unknown to GitLab is a caller without id. Spec: authentication.md 4 */
int rk_identity_gitlab(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                       const rk_credentials *credentials);
/* Of development mode; NULL without credentials. Spec: authentication.md 8 */
int rk_identity_development(rk_caller **out, rk_op *op, const rk_credentials *credentials);

#endif
