/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_DISCOVERY_H
#define RK_DISCOVERY_H

#include "renku/types.h"

/* Waits until the identity provider of the settings answers. 0, or -1 with the reason written to
 * the log. Spec: authentication.md 3.1 */
int rk_discovery_wait(renku_ctx *ctx);

#endif
