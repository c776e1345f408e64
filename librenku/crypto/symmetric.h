/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SYMMETRIC_H
#define RK_SYMMETRIC_H

#include "librenku/base/op.h"

/* Encryption of texts at rest, byte for byte that of an existing deployment. Spec:
 * secrets.md 4.1-4.3 */

enum { RK_SYMMETRIC_KEY_BYTES = 32, RK_SYMMETRIC_KEY_LENGTH = 44, RK_SYMMETRIC_IV_BYTES = 16 };

/* Zeroed with rk_symmetric_key_wipe. */
typedef struct {
    unsigned char signing[16];
    unsigned char encryption[16];
} rk_symmetric_key;

/* Any bytes: a password, a plain text. */
typedef struct {
    const void *bytes;
    size_t size_bytes;
} rk_bytes;

/* What makes two tokens of one text differ. */
typedef struct {
    uint64_t seconds;
    unsigned char iv[RK_SYMMETRIC_IV_BYTES];
} rk_symmetric_stamp;

/* PBKDF2, 480 000 rounds: about a tenth of a second. */
int rk_symmetric_derive(rk_symmetric_key *out, rk_op *op, const rk_bytes *password,
                        const char *salt);
/* The same with another number of rounds, for tests that do it thousands of times. */
int rk_symmetric_derive_rounds(rk_symmetric_key *out, rk_op *op, const rk_bytes *password,
                               const char *salt, int rounds);
/* 44 characters of base64url; INTERNAL for anything else. */
int rk_symmetric_key_parse(rk_symmetric_key *out, rk_op *op, const char *text);
void rk_symmetric_key_print(char out[RK_SYMMETRIC_KEY_LENGTH + 1], const rk_symmetric_key *key);
void rk_symmetric_key_wipe(rk_symmetric_key *key);

/* A token of the bytes; @p stamp is NULL but in tests. */
int rk_symmetric_seal(const char **out, rk_op *op, const rk_symmetric_key *key,
                      const rk_bytes *plain, const rk_symmetric_stamp *stamp);
/* The bytes of a token, with a NUL behind them, zeroed at the end of the operation. DECRYPTION when
 * the token was not made with this key or was changed since; which of the two is not told. */
int rk_symmetric_open(rk_bytes *out, rk_op *op, const rk_symmetric_key *key, const char *token);

/* Text in, token out, and back. */
int rk_symmetric_seal_text(const char **out, rk_op *op, const rk_symmetric_key *key,
                           const char *text);
/* DECRYPTION also when what comes out is no UTF-8 text or holds a NUL. */
int rk_symmetric_open_text(const char **out, rk_op *op, const rk_symmetric_key *key,
                           const char *token);
/* The same with the key derived from password and salt. */
int rk_symmetric_encrypt(const char **out, rk_op *op, const rk_bytes *password, const char *salt,
                         const char *text);
int rk_symmetric_decrypt(const char **out, rk_op *op, const rk_bytes *password, const char *salt,
                         const char *token);

#endif
