/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_JWK_H
#define RK_JWK_H

#include "librenku/base/op.h"

struct evp_pkey_st;

/* The signature algorithms of tokens. There is no "none". */
typedef enum {
    RK_JWT_RS256 = 1,
    RK_JWT_RS384,
    RK_JWT_RS512,
    RK_JWT_PS256,
    RK_JWT_PS384,
    RK_JWT_PS512,
    RK_JWT_ES256,
    RK_JWT_ES384,
    RK_JWT_ES512,
    RK_JWT_EDDSA,
    RK_JWT_HS512, /* internal tokens only: no JSON web key fits it */
} rk_jwt_alg;

/* A set of algorithms is an unsigned with these bits. */
#define RK_JWT_ALG_BIT(alg) (1U << (alg))

/* 0 when the name is unknown. */
rk_jwt_alg rk_jwt_alg_of(const char *name);
/* Reads a list such as "RS256, ES256" into bits, unknown names left out; CONFIGURATION when none is
 * left. HS512 counts as unknown. */
int rk_jwt_algs_parse(unsigned *out, rk_op *op, const char *list);

/* Public keys. Immutable; counted; any number of threads may verify with one set. */
typedef struct rk_jwk_set rk_jwk_set;
typedef struct rk_jwk rk_jwk;

/* Keys for encryption, without kid or of an unsupported kind are left out. INTERNAL when the text
 * is no key set or no usable key is left. Spec: authentication.md 3.1, 7 */
int rk_jwk_set_parse(rk_jwk_set **out, rk_op *op, const char *text, size_t length);
rk_jwk_set *rk_jwk_set_retain(rk_jwk_set *set);
void rk_jwk_set_free(rk_jwk_set *set);
size_t rk_jwk_set_count(const rk_jwk_set *set);
/* NULL when there is none; lives as long as the set. */
const rk_jwk *rk_jwk_set_lookup(const rk_jwk_set *set, const char *kid);

/* The algorithms whose signatures the key may verify, as bits. */
unsigned rk_jwk_algs(const rk_jwk *key);
/* The handle behind a key: of cjose for RSA and EC, of libcrypto for Ed25519 and Ed448; the other
 * one is NULL. */
const void *rk_jwk_cjose(const rk_jwk *key);
struct evp_pkey_st *rk_jwk_evp(const rk_jwk *key);

#endif
