/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_REALM_H
#define RK_REALM_H

#include "frontends/server/reader.h"
#include "frontends/server/reply.h"

/* The local identity provider over HTTP, in the form of a Keycloak realm. */

typedef struct rk_realm rk_realm;

/* Opens the folder that RENKU_IDENTITY_DIR names. NULL with the reason in the log. */
rk_realm *rk_realm_new(void);
void rk_realm_free(rk_realm *realm);
/* Never NULL. Threads: safe. */
rk_reply *rk_realm_answer(rk_realm *realm, const rk_request *request);

#endif
