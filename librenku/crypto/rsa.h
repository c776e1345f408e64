/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_RSA_H
#define RK_RSA_H

#include "librenku/crypto/symmetric.h"

/* One half of an RSA key pair, for RSAES-OAEP with SHA-256, MGF1 with SHA-256 and no label. Of a
 * private key only its PEM text is kept, in locked memory; it becomes numbers for the time of one
 * use, and they are zeroed afterwards. Threads: may be shared by any number. Spec: secrets.md 4.5,
 * 6.1 */
typedef struct rk_rsa rk_rsa;

enum { RK_RSA_MIN_BITS = 1024, RK_RSA_NEW_BITS = 2048 };

/* PEM: SubjectPublicKeyInfo or PKCS#1. CONFIGURATION tells what is wrong. */
int rk_rsa_parse_public(rk_rsa **out, rk_op *op, const rk_bytes *pem);
/* PEM: PKCS#8 or PKCS#1, not encrypted. */
int rk_rsa_parse_private(rk_rsa **out, rk_op *op, const rk_bytes *pem);
/* The same from a file; the message has its path. */
int rk_rsa_read_public(rk_rsa **out, rk_op *op, const char *path);
int rk_rsa_read_private(rk_rsa **out, rk_op *op, const char *path);
/* A fresh public key, whose private half nobody has: for development. */
int rk_rsa_random_public(rk_rsa **out, rk_op *op);
/* A fresh key pair, for development. */
int rk_rsa_random_private(rk_rsa **out, rk_op *op);
/* The public half of a private key. */
int rk_rsa_public_of(rk_rsa **out, rk_op *op, const rk_rsa *private_key);
/* NULL is accepted. */
void rk_rsa_free(rk_rsa *key);
RK_AUTO_DEFINE(rk_rsa, rk_rsa_free)

/* With a public key; as many bytes as the modulus. */
int rk_rsa_wrap(rk_bytes *out, rk_op *op, const rk_rsa *key, const rk_bytes *plain);
/* With a private key; zeroed at the end of the operation, with a NUL behind. DECRYPTION when it was
 * not made for this key. */
int rk_rsa_unwrap(rk_bytes *out, rk_op *op, const rk_rsa *key, const rk_bytes *wrapped);

#endif
