/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_TOKEN_CACHE_H
#define RK_TOKEN_CACHE_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

/* What verified tokens said, by the SHA-256 of the token: the token itself is not kept. An entry
 * lives until the token expires, 60 s at most: then the token is verified anew, which costs little
 * and sees whether its key is still there. Bounded: a new entry pushes the longest unused one of
 * its row out. Threads: may be shared by any number. */
typedef struct rk_token_cache rk_token_cache;

enum { RK_TOKEN_CACHE_MS = 60 * 1000 };

/* Texts in an order that the owner of the cache knows; each may be NULL. */
typedef struct {
    rk_opt_int expires; /* in seconds */
    size_t count;
    const char **texts;
} rk_token_entry;

/* @p capacity: entries at most, rounded up. @p keep_ms: RK_TOKEN_CACHE_MS but in tests. */
int rk_token_cache_new(rk_token_cache **out, rk_op *op, size_t capacity, int keep_ms);
void rk_token_cache_free(rk_token_cache *cache);
/* The entry is copied into the arena. @p found is false when there is none. */
int rk_token_cache_find(rk_token_entry *out, bool *found, rk_op *op, rk_token_cache *cache,
                        const char *token);
/* Never fails: without memory nothing is kept. */
void rk_token_cache_store(rk_token_cache *cache, const char *token, const rk_token_entry *entry);
/* Entries at this moment, expired ones included. */
size_t rk_token_cache_count(rk_token_cache *cache);

#endif
