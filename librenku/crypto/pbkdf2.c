/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto's own PBKDF2 copies a context for each hash, which costs more than the hash. Its plain
 * functions of SHA-256 need none of that, and use the processor in the same way. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "librenku/crypto/pbkdf2.h"

#include <endian.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

enum { BLOCK_BYTES = SHA256_CBLOCK, WORDS = RK_PBKDF2_BYTES / 4 };

/* HMAC (RFC 2104) with the key taken in. */
typedef struct {
    SHA256_CTX inner, outer;
} keyed;

/* The last block of both hashes of a round: a hash, and how SHA-256 ends what is a block longer. */
typedef union {
    unsigned char bytes[BLOCK_BYTES];
    uint32_t words[BLOCK_BYTES / 4];
} last_block;

static void take_in(SHA256_CTX *out, const unsigned char key[BLOCK_BYTES], unsigned char pad)
{
    unsigned char block[BLOCK_BYTES];

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = key[i] ^ pad;
    (void)SHA256_Init(out); /* these three cannot fail */
    (void)SHA256_Update(out, block, sizeof(block));
    OPENSSL_cleanse(block, sizeof(block));
}

static void key_in(keyed *out, const rk_bytes *password)
{
    unsigned char key[BLOCK_BYTES] = {0};

    if (password->size_bytes > sizeof(key))
        (void)SHA256((const unsigned char *)password->bytes, password->size_bytes, key);
    else if (password->size_bytes)
        memcpy(key, password->bytes, password->size_bytes);
    take_in(&out->inner, key, 0x36);
    take_in(&out->outer, key, 0x5c);
    OPENSSL_cleanse(key, sizeof(key));
}

static void first_round(unsigned char out[RK_PBKDF2_BYTES], const keyed *start, const char *salt)
{
    static const unsigned char number[4] = {0, 0, 0, 1}; /* of the block of the result */
    keyed state = *start;

    (void)SHA256_Update(&state.inner, salt, strlen(salt));
    (void)SHA256_Update(&state.inner, number, sizeof(number));
    (void)SHA256_Final(out, &state.inner);
    (void)SHA256_Update(&state.outer, out, RK_PBKDF2_BYTES);
    (void)SHA256_Final(out, &state.outer);
    OPENSSL_cleanse(&state, sizeof(state));
}

/* Replaces the hash by its own, which begins as @p start has. */
static void hash_again(last_block *block, SHA256_CTX *state, const SHA256_CTX *start)
{
    memcpy(state->h, start->h, sizeof(state->h));
    SHA256_Transform(state, block->bytes);
    for (size_t i = 0; i < WORDS; i++)
        block->words[i] = htobe32(state->h[i]);
}

void rk_pbkdf2(unsigned char out[RK_PBKDF2_BYTES], const rk_bytes *password, const char *salt,
               int rounds)
{
    last_block sum = {0}, block = {.bytes[RK_PBKDF2_BYTES] = 0x80};
    keyed start;
    SHA256_CTX state;

    block.words[BLOCK_BYTES / 4 - 1] = htobe32(8 * (BLOCK_BYTES + RK_PBKDF2_BYTES));
    key_in(&start, password);
    state = start.inner;
    first_round(block.bytes, &start, salt);
    memcpy(sum.bytes, block.bytes, RK_PBKDF2_BYTES);
    for (int i = 1; i < rounds; i++) {
        hash_again(&block, &state, &start.inner);
        hash_again(&block, &state, &start.outer);
        for (size_t word = 0; word < WORDS; word++)
            sum.words[word] ^= block.words[word];
    }
    memcpy(out, sum.bytes, RK_PBKDF2_BYTES);
    OPENSSL_cleanse(&sum, sizeof(sum));
    OPENSSL_cleanse(&block, sizeof(block));
    OPENSSL_cleanse(&start, sizeof(start));
    OPENSSL_cleanse(&state, sizeof(state));
}
