/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_KEYCLOAK_ACCESS_H
#define RK_KEYCLOAK_ACCESS_H

#include "librenku/crypto/secret.h"
#include "librenku/keycloak/keycloak.h"
#include "librenku/net/http_client.h"

/* A token, and until when it is good on the monotonic clock. */
typedef struct {
    rk_secret *text; /* NUL-terminated; NULL is none */
    int64_t until_ms;
} rk_keycloak_token;

struct rk_keycloak {
    const char *token_url; /* NULL: the directory of development */
    const char *admin_url; /* of the realm */
    const char *client_id;
    const char *client_secret;
    rk_keycloak_token access;
    rk_keycloak_token refresh;
    int timeout_ms;
    int pause_ms;
};

/* GET with a token that is good, renewed when Keycloak refuses it. Spec: users.md 5.1 */
int rk_keycloak_get(rk_net_answer *out, rk_op *op, rk_keycloak *keycloak, const char *url);

#endif
