/* SPDX-License-Identifier: Apache-2.0 */
/* One digest of libcrypto's with a context costs two blocks of memory. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "librenku/crypto/token_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "librenku/base/counter.h"
#include "librenku/base/time.h"

enum {
    DIGEST_BYTES = SHA256_DIGEST_LENGTH,
    WAYS = 8,   /* entries of a row */
    LOCKS = 16, /* row n is guarded by lock n % LOCKS */
};

/* One block of memory: the texts follow, each with its NUL; an offset of 0 is a NULL. */
typedef struct {
    unsigned char digest[DIGEST_BYTES];
    int64_t end_ms;
    int64_t used_ms;
    rk_opt_int expires;
    size_t size_bytes; /* of all texts */
    size_t count;
    size_t offsets[]; /* from the start of the texts, plus 1 */
} block;

struct rk_token_cache {
    pthread_mutex_t locks[LOCKS];
    int keep_ms;
    size_t rows;
    block *(*table)[WAYS];
};

static void digest_of(unsigned char out[DIGEST_BYTES], const char *token)
{
    SHA256_CTX state;

    (void)SHA256_Init(&state); /* these three cannot fail */
    (void)SHA256_Update(&state, token, strlen(token));
    (void)SHA256_Final(out, &state);
}

/* The digest is as good as random. */
static size_t row_of(const rk_token_cache *cache, const unsigned char digest[DIGEST_BYTES])
{
    size_t number;

    memcpy(&number, digest, sizeof(number));
    return number % cache->rows;
}

static bool is_alive(const block *entry)
{
    if (rk_time_monotonic_ms() >= entry->end_ms)
        return false;
    return !entry->expires.set || entry->expires.value > rk_time_now() / 1000000;
}

static char *texts_of(block *entry)
{
    return (char *)&entry->offsets[entry->count];
}

/* --- blocks ----------------------------------------------------------------------------------- */

static size_t size_of(const rk_token_entry *entry)
{
    size_t size = 0;

    for (size_t i = 0; i < entry->count; i++)
        size += entry->texts[i] ? strlen(entry->texts[i]) + 1 : 0;
    return size;
}

static block *block_new(const rk_token_entry *entry, const unsigned char digest[DIGEST_BYTES])
{
    size_t size = size_of(entry);
    block *made = calloc(1, sizeof(*made) + entry->count * sizeof(made->offsets[0]) + size);

    if (!made)
        return NULL;
    memcpy(made->digest, digest, DIGEST_BYTES);
    made->used_ms = rk_time_monotonic_ms();
    made->expires = entry->expires;
    made->count = entry->count;
    for (size_t i = 0; i < entry->count; i++) {
        if (!entry->texts[i])
            continue;
        made->offsets[i] = made->size_bytes + 1;
        made->size_bytes += (size_t)(stpcpy(texts_of(made) + made->size_bytes, entry->texts[i]) -
                                     (texts_of(made) + made->size_bytes)) +
                            1;
    }
    return made;
}

static int copy_out(rk_token_entry *out, rk_op *op, block *entry)
{
    char *texts = rk_alloc(op, entry->size_bytes, 1);
    const char **pointers = rk_new_array(op, const char *, entry->count);

    RK_CHECK(texts);
    RK_CHECK(pointers);
    memcpy(texts, texts_of(entry), entry->size_bytes);
    for (size_t i = 0; i < entry->count; i++)
        pointers[i] = entry->offsets[i] ? texts + entry->offsets[i] - 1 : NULL;
    *out = (rk_token_entry){.expires = entry->expires, .count = entry->count, .texts = pointers};
    return 0;
}

/* --- rows, with their lock -------------------------------------------------------------------- */

static block **slot_of(block *row[WAYS], const unsigned char digest[DIGEST_BYTES])
{
    for (int i = 0; i < WAYS; i++) {
        if (row[i] && memcmp(row[i]->digest, digest, DIGEST_BYTES) == 0)
            return &row[i];
    }
    return NULL;
}

/* An empty slot, or the one that was not used for longest. */
static block **slot_to_fill(block *row[WAYS])
{
    block **best = &row[0];

    for (int i = 0; i < WAYS && *best; i++) {
        if (!row[i] || row[i]->used_ms < (*best)->used_ms)
            best = &row[i];
    }
    return best;
}

static int find_in_row(rk_token_entry *out, bool *found, rk_op *op, block *row[WAYS],
                       const unsigned char digest[DIGEST_BYTES])
{
    block **slot = slot_of(row, digest);

    *found = false;
    if (!slot)
        return 0;
    if (!is_alive(*slot)) {
        free(*slot);
        *slot = NULL;
        return 0;
    }
    (*slot)->used_ms = rk_time_monotonic_ms();
    *found = true;
    return copy_out(out, op, *slot);
}

/* --- the cache -------------------------------------------------------------------------------- */

int rk_token_cache_new(rk_token_cache **out, rk_op *op, size_t capacity, int keep_ms)
{
    rk_token_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&cache->locks[i], NULL);
    cache->keep_ms = keep_ms;
    cache->rows = capacity / WAYS + 1;
    cache->table = calloc(cache->rows, sizeof(*cache->table));
    if (!cache->table) {
        rk_token_cache_free(cache);
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    *out = cache;
    return 0;
}

void rk_token_cache_free(rk_token_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; cache->table && i < cache->rows * WAYS; i++)
        free(cache->table[i / WAYS][i % WAYS]);
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&cache->locks[i]);
    free(cache->table);
    free(cache);
}

int rk_token_cache_find(rk_token_entry *out, bool *found, rk_op *op, rk_token_cache *cache,
                        const char *token)
{
    unsigned char digest[DIGEST_BYTES];

    *found = false;
    digest_of(digest, token);
    size_t row = row_of(cache, digest);

    pthread_mutex_lock(&cache->locks[row % LOCKS]);
    int result = find_in_row(out, found, op, cache->table[row], digest);

    pthread_mutex_unlock(&cache->locks[row % LOCKS]);
    rk_count(op->counters, *found ? RK_COUNT_TOKEN_HITS : RK_COUNT_TOKEN_MISSES, 1);
    return result;
}

void rk_token_cache_store(rk_token_cache *cache, const char *token, const rk_token_entry *entry)
{
    unsigned char digest[DIGEST_BYTES];

    digest_of(digest, token);
    block *made = block_new(entry, digest);

    if (!made)
        return;
    size_t row = row_of(cache, digest);

    made->end_ms = made->used_ms + cache->keep_ms;
    pthread_mutex_lock(&cache->locks[row % LOCKS]);
    block **slot = slot_of(cache->table[row], digest);

    if (!slot)
        slot = slot_to_fill(cache->table[row]);
    free(*slot);
    *slot = made;
    pthread_mutex_unlock(&cache->locks[row % LOCKS]);
}

size_t rk_token_cache_count(rk_token_cache *cache)
{
    size_t count = 0;

    for (size_t row = 0; row < cache->rows; row++) {
        pthread_mutex_lock(&cache->locks[row % LOCKS]);
        for (int i = 0; i < WAYS; i++)
            count += cache->table[row][i] != NULL;
        pthread_mutex_unlock(&cache->locks[row % LOCKS]);
    }
    return count;
}
