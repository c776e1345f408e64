/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SECRET_SECRET_H
#define RK_SECRET_SECRET_H

#include "librenku/base/buf.h"
#include "librenku/crypto/envelope.h"
#include "librenku/crypto/private_keys.h"
#include "secret_api.h" /* generated: rk_user_secret */

/* Queues: each secret slot of the source again in the copy, made by the caller, without what users
 * put into it. Spec: session-secrets.md 3.6 */
int rk_secret_slots_copy(rk_op *op, const char *source_id, const char *copy_id);

/* A secret as it is stored: both layers. */
typedef struct {
    const char *id;
    const char *name;
    const char *filename;
    const char *user_id;
    const char *key_hex; /* of the envelope */
    rk_envelope envelope;
} rk_wrapped_secret;

/* Those among the ids that are secrets of the caller and can be used, in any order. Spec:
 * secrets.md 5.3, 6.2 */
int rk_secret_wrapped(rk_array *out /* of rk_wrapped_secret */, rk_op *op, const rk_strings *ids);
/* Takes the outer layer of a secret of the caller off, with the private keys of the operation; the
 * previous one serves when the current one does not. Takes some tenths of a second; no connection
 * should be held. DECRYPTION is logged with the id. Spec: secrets.md 6.3 */
int rk_secret_unwrap(const char **inner, rk_op *op, const rk_wrapped_secret *secret);

/* Another key pair of the secrets storage. */
typedef struct {
    const rk_private_keys *keys; /* without a previous one for the status alone */
    int rounds;                  /* 0 but in tests: see rk_envelope_owner */
    void (*progress)(void *user, double share, const char *what); /* NULL is none */
    void (*rewritten)(void *user, int64_t count); /* after each batch that was; NULL is none */
    void *user;
} rk_secret_rotation;

/* Rewrites every secret that the previous key opens, in batches of one transaction each. It may be
 * ended or cancelled at any point and begun again.
 * {"secrets":..,"current":..,"rewritten":..,"pending":0, "failed":..}: how many have the new key
 * now, how many of them by this run, and how many neither key opens, which are logged and left
 * alone. Spec: secrets.md 6.4 */
int rk_secret_rotate(rk_op *op, rk_buf *out, const rk_secret_rotation *with);
/* The same numbers without writing anything; pending are those that wait for a rotation. */
int rk_secret_rotation_status(rk_op *op, rk_buf *out, const rk_secret_rotation *with);

#endif
