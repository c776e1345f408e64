/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_KEYSET_H
#define RK_KEYSET_H

#include "librenku/base/op.h"
#include "librenku/crypto/jwk.h"

/* The signing keys of the identity provider: found by OIDC discovery, fetched when first needed,
 * refreshed every 300 s while tokens come. All fetches run on one thread of the key set's own,
 * which lives as long as one fetch, so that a token whose key is known never waits. A token with an
 * unknown key waits for one fetch, up to the deadline of its operation; there is never more than
 * one fetch at a time. After a fetch that failed or did not bring the wanted key the next one is at
 * least 2 s away. While keys are known, only so many may wait for another that the threads of the
 * program do not all wait for a provider that hangs. Keys stay in use for an hour while refreshing
 * fails. Spec: authentication.md 3.1
 */
typedef struct rk_keyset rk_keyset;

typedef struct {
    const char *issuer_url; /* "/.well-known/openid-configuration" is appended; copied */
    const char *ca_file;    /* NULL is none; copied */
    /* in milliseconds; 0 is the default */
    int refresh_ms;           /* 300 000 */
    int keep_ms;              /* 3 600 000: how long keys outlive their last successful fetch */
    int pause_ms;             /* 2 000 */
    int discovery_timeout_ms; /* 5 000 */
    int keys_timeout_ms;      /* 30 000 */
    int waiting_max;          /* how many may wait for an unknown key while others are known: 16 */
} rk_keyset_options;

/* What is known at this moment: for readiness and for doctor. */
typedef struct rk_keyset_state {
    bool discovered;
    size_t keys;      /* usable ones; 0: none, or they are too old */
    int64_t age_ms;   /* since the last successful fetch; -1: there was none */
    uint64_t fetches; /* of the key set, finished ones */
    bool failing;     /* the last one failed */
} rk_keyset_state;

/* Opens no connection. Threads: may be shared by any number; made after fork(). */
int rk_keyset_new(rk_keyset **out, rk_op *op, const rk_keyset_options *options);
/* Breaks a running fetch off (within about a second). No call on it may be running. NULL is
 * accepted. */
void rk_keyset_free(rk_keyset *keyset);
/* Tries discovery once, on this thread. REMOTE when there is no usable answer, CONFIGURATION when
 * the answer lacks the key endpoint. */
int rk_keyset_discover(rk_keyset *keyset, rk_op *op);
/* The key of that name; it lives as long as the operation. INVALID_TOKEN: no such key. REMOTE: the
 * provider cannot be reached. INTERNAL: it answers nonsense. UNAVAILABLE: too many wait for it. */
int rk_keyset_find(const rk_jwk **out, rk_op *op, rk_keyset *keyset, const char *kid);
void rk_keyset_state_read(rk_keyset_state *out, rk_keyset *keyset);

#endif
