/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ROTATION_H
#define RK_ROTATION_H

#include "renku/types.h"

/* The rotation of secrets to another key pair, once after the start of the secrets storage, in one
 * of its workers and beside its requests. Spec: secrets.md 6.4 */

/* Makes the lock that the workers share; once, before they are forked. 0, or -1. */
int rk_rotation_open(void);
/* Begins it in a thread, unless there is nothing to rotate from, another worker does it, or it is
 * done. A worker that takes the place of one that has died goes on with it. */
void rk_rotation_start(renku_ctx *ctx);
/* Ends it after the secret that it works on; the next start begins it again. */
void rk_rotation_stop(void);

#endif
