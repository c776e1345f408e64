/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CRYPTO_PBKDF2_H
#define RK_CRYPTO_PBKDF2_H

#include "librenku/crypto/symmetric.h"

enum { RK_PBKDF2_BYTES = 32 };

/* PBKDF2 with HMAC-SHA-256, its first block. @p rounds is at least 1. Spec: secrets.md 4.1 */
void rk_pbkdf2(unsigned char out[RK_PBKDF2_BYTES], const rk_bytes *password, const char *salt,
               int rounds);

#endif
