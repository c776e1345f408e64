/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CALLER_H
#define RK_CALLER_H

#include "librenku/base/value.h"

typedef enum {
    RK_CALLER_ANONYMOUS = 0,
    RK_CALLER_USER,
    RK_CALLER_SERVICE, /* a service identity: every permission holds. Spec: authorization.md 13 */
} rk_caller_kind;

/* Which credentials an operation takes. Spec: authentication.md 1 */
typedef enum {
    RK_AUTHENTICATE_KEYCLOAK = 0,
    RK_AUTHENTICATE_INTERNAL, /* internal access tokens, then Keycloak's */
    RK_AUTHENTICATE_GITLAB,
    RK_AUTHENTICATE_NONE,
} rk_authentication;

/* On whose behalf an operation runs. Read-only after authentication. Spec: authentication.md 1 */
typedef struct rk_caller {
    rk_caller_kind kind;
    const char *id; /* of anonymous callers: the anonymous id; NULL in development mode only */
    const char *email;
    const char *full_name;
    const char *first_name;
    const char *last_name;
    const char *access_token;
    const char *refresh_token;
    rk_instant expires;
    bool is_admin;
    rk_strings roles;
} rk_caller;

/* Has an id and an access token and is not the anonymous kind. */
bool rk_caller_is_logged_in(const rk_caller *caller);
bool rk_caller_is_admin(const rk_caller *caller);
bool rk_caller_has_role(const rk_caller *caller, const char *role);

#endif
