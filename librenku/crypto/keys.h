/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_KEYS_H
#define RK_KEYS_H

#include "librenku/crypto/rsa.h"

/* The keys of a context that protect what it stores. Threads: may be shared by any number. Spec:
 * secrets.md 1, 6.1 */
typedef struct rk_keys rk_keys;

typedef struct {
    const char *encryption_key_path;
    const char *public_key_path;
    bool development; /* random keys in place of files that are missing */
} rk_keys_options;

enum { RK_KEYS_DERIVED = 256, RK_KEYS_DERIVED_MS = 15 * 60 * 1000 };

/* CONFIGURATION names the setting and what is wrong with its file. */
int rk_keys_new(rk_keys **out, rk_op *op, const rk_keys_options *options);
void rk_keys_free(rk_keys *keys);

/* The functions below take the keys of the operation: CONFIGURATION when it has none, as those that
 * run for an operator. */

/* Text in, token out, and back, with the key of the service. Spec: secrets.md 4.4, 4.6 */
int rk_keys_encrypt(const char **out, rk_op *op, const char *salt, const char *text);
int rk_keys_decrypt(const char **out, rk_op *op, const char *salt, const char *token);
/* rk_symmetric_derive for passwords that are used again. What it derives is kept, since it costs a
 * tenth of a second: at most RK_KEYS_DERIVED keys, for RK_KEYS_DERIVED_MS, in locked memory. */
int rk_keys_derive(rk_symmetric_key *out, rk_op *op, const rk_bytes *password, const char *salt);
/* The public key of the secrets storage. */
int rk_keys_public(const rk_rsa **out, rk_op *op);
/* Derived keys that are kept at this moment. */
size_t rk_keys_derived_count(const rk_keys *keys);

#endif
