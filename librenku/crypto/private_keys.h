/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PRIVATE_KEYS_H
#define RK_PRIVATE_KEYS_H

#include "librenku/crypto/rsa.h"

/* What the secrets storage alone has: its key pair, and the one before it while secrets are
 * rotated. Threads: may be shared by any number. Spec: secrets.md 6.1 */
typedef struct rk_private_keys {
    rk_rsa *current;
    rk_rsa *public_key; /* of the same pair */
    rk_rsa *previous;   /* NULL is none */
} rk_private_keys;

typedef struct {
    const char *current_path;
    const char *previous_path; /* NULL, or a file that is missing, is none */
    bool development;          /* a random key in place of a file that is missing */
} rk_private_keys_options;

/* CONFIGURATION names the setting and what is wrong with its file. */
int rk_private_keys_new(rk_private_keys **out, rk_op *op, const rk_private_keys_options *options);
/* NULL is accepted. */
void rk_private_keys_free(rk_private_keys *keys);
RK_AUTO_DEFINE(rk_private_keys, rk_private_keys_free)

/* Those of the operation; CONFIGURATION when it has none. */
int rk_private_keys_of(const rk_private_keys **out, rk_op *op);

#endif
