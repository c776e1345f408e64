/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SECRET_SECRET_H
#define RK_SECRET_SECRET_H

#include "librenku/base/buf.h"
#include "librenku/crypto/rsa.h"
#include "secret_api.h" /* generated: rk_user_secret */

/* Queues: each secret slot of the source again in the copy, made by the caller, without what users
 * put into it. Spec: session-secrets.md 3.6 */
int rk_secret_slots_copy(rk_op *op, const char *source_id, const char *copy_id);

/* Another key pair of the secrets storage. */
typedef struct {
    const rk_rsa *current;    /* private */
    const rk_rsa *public_key; /* of the same pair */
    const rk_rsa *previous;   /* private; NULL is unknown, for the status alone */
    int rounds;               /* 0 but in tests: see rk_envelope_owner */
    void (*progress)(void *user, double share, const char *what); /* NULL is none */
    void *user;
} rk_secret_rotation;

/* Rewrites every secret that the previous key opens, in batches of one transaction each. It may be
 * ended at any point and begun again. {"secrets":..,"current":..,"rewritten":..,"pending":0,
 * "failed":..}: how many have the new key now, how many of them by this run, and how many neither
 * key opens, which are logged and left alone. Spec: secrets.md 6.4 */
int rk_secret_rotate(rk_op *op, rk_buf *out, const rk_secret_rotation *with);
/* The same numbers without writing anything; pending are those that wait for a rotation. */
int rk_secret_rotation_status(rk_op *op, rk_buf *out, const rk_secret_rotation *with);

#endif
