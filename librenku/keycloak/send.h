/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_KEYCLOAK_SEND_H
#define RK_KEYCLOAK_SEND_H

#include "librenku/net/http_client.h"

/* Sends a request, again after a pause when the connection fails, or when the answer asks for it.
 * @p pause_ms: the first one. Any status is an answer. Spec: users.md 5.2 */
int rk_keycloak_send(rk_net_answer *out, rk_op *op, const rk_net_request *request, int pause_ms);

#endif
