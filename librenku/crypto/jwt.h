/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_JWT_H
#define RK_JWT_H

#include "librenku/base/op.h"
#include "librenku/crypto/jwk.h"
#include "librenku/crypto/secret.h"

struct json_object;

enum { RK_JWT_MAX_BYTES = 16 * 1024 };

/* A signed token in its compact form, taken apart but not trusted yet. Points into the token. */
typedef struct {
    const char *token;
    size_t signed_length; /* header, dot, payload */
    const char *payload;  /* base64url */
    size_t payload_length;
    const char *signature; /* base64url, up to the end of the token */
    size_t signature_length;
    rk_jwt_alg alg;
    const char *kid; /* NULL when the header has none */
} rk_jwt;

/* INVALID_TOKEN unless the text is exactly three parts of base64url with a header that names a
 * known algorithm and asks for nothing critical. Keys that the header brings along (jku, x5u, jwk,
 * x5c) are never looked at. */
int rk_jwt_read(rk_jwt *out, rk_op *op, const char *token);
/* INVALID_TOKEN unless the algorithm is among @p allowed, fits the key, and the signature is right.
 */
int rk_jwt_verify(rk_op *op, const rk_jwt *jwt, unsigned allowed, const rk_jwk *key);
/* The same for HS512 with a secret. */
int rk_jwt_verify_secret(rk_op *op, const rk_jwt *jwt, const rk_secret *secret);
/* The claims; only after the signature was verified. */
int rk_jwt_payload(struct json_object **out, rk_op *op, const rk_jwt *jwt);

/* Makes a signed token, in its compact form, of claims as JSON text. */
typedef enum { RK_JWT_SIGN_HS256 = 0, RK_JWT_SIGN_HS512 } rk_jwt_signature;
int rk_jwt_sign(const char **out, rk_op *op, rk_jwt_signature kind, const rk_secret *secret,
                const char *claims);

/* The HMAC-SHA-512 of a text; NO_MEMORY or INTERNAL when libcrypto refuses. */
enum { RK_HS512_BYTES = 64 };
int rk_jwt_hs512(unsigned char out[RK_HS512_BYTES], rk_op *op, const rk_secret *secret,
                 const char *text, size_t length);

#endif
