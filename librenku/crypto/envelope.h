/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ENVELOPE_H
#define RK_ENVELOPE_H

#include "librenku/crypto/rsa.h"

/* The outer layer of a secret: encrypted with a random key, which only the secrets storage can
 * read. Spec: secrets.md 4.5 */
typedef struct {
    const char *value; /* a token */
    rk_bytes key;      /* its key, wrapped */
} rk_envelope;

typedef struct {
    const char *user_id;
    int rounds; /* of the derivation of keys; 0, but in tests, is that of the specification */
} rk_envelope_owner;

/* @p inner: the token of the inner layer. A fresh key each time. */
int rk_envelope_seal(rk_envelope *out, rk_op *op, const rk_rsa *public_key,
                     const rk_envelope_owner *owner, const char *inner);
/* DECRYPTION when it was not made for this key and this owner, or changed since. */
int rk_envelope_open(const char **inner, rk_op *op, const rk_rsa *private_key,
                     const rk_envelope_owner *owner, const rk_envelope *envelope);

#endif
