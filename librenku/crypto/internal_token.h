/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_INTERNAL_TOKEN_H
#define RK_INTERNAL_TOKEN_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

/* Tokens that this service mints for its own sessions, sidecars and jobs. Spec: authentication.md 5
 */

typedef enum {
    RK_TOKEN_ACCESS = 1,
    RK_TOKEN_REFRESH,
} rk_token_type;

/* Who mints: the key and the names of issuer and audience. Immutable; shared by any number of
 * threads. */
typedef struct rk_internal_issuer rk_internal_issuer;

typedef struct {
    const char *key_path; /* NULL: 64 random bytes, for development */
    const char *name;     /* of the issuer; copied */
    const char *audience; /* copied */
    int64_t access_s, refresh_s, long_refresh_s;
} rk_internal_options;

/* For whom a token is. Texts that are NULL or empty are left out. */
typedef struct {
    const char *sub;
    const char *email;
    const char *name;
    const char *given_name;
    const char *family_name;
    const char *scope;
    rk_opt_int expires; /* in seconds; read from a token, not used for a new one */
} rk_internal_subject;

typedef struct {
    rk_token_type type;
    int64_t lifetime_s;
    int64_t issued_s; /* 0 is now */
    const char *jti;  /* NULL is a new one */
} rk_internal_grant;

/* CONFIGURATION when the key file cannot be used or holds less than 64 bytes. */
int rk_internal_issuer_new(rk_internal_issuer **out, rk_op *op, const rk_internal_options *options);
void rk_internal_issuer_free(rk_internal_issuer *issuer);
/* Seconds that tokens live: access, refresh, and refresh tokens of data connectors. */
int64_t rk_internal_access_s(const rk_internal_issuer *issuer);
int64_t rk_internal_refresh_s(const rk_internal_issuer *issuer);
int64_t rk_internal_long_refresh_s(const rk_internal_issuer *issuer);

/* INTERNAL for a subject without sub or e-mail. */
int rk_internal_token_mint(const char **out, rk_op *op, const rk_internal_issuer *issuer,
                           const rk_internal_subject *subject, const rk_internal_grant *grant);
/* The subject of a valid token of that type; INVALID_TOKEN for anything else. */
int rk_internal_token_verify(rk_internal_subject *out, rk_op *op, const rk_internal_issuer *issuer,
                             const char *token, rk_token_type type);

#endif
