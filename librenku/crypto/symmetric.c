/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/symmetric.h"

#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sodium.h>

#include "librenku/base/slug.h"
#include "librenku/crypto/pbkdf2.h"
#include "librenku/crypto/secret.h"

enum {
    ROUNDS = 480000,
    VERSION = 0x80,
    BLOCK_BYTES = 16,
    HMAC_BYTES = 32,
    IV_OFFSET = 9,
    CIPHER_OFFSET = 25,
    PLAIN_MAX_BYTES = 64 * 1024 * 1024,
};

static const int base64 = sodium_base64_VARIANT_URLSAFE;

/* --- keys ------------------------------------------------------------------------------------- */

int rk_symmetric_derive(rk_symmetric_key *out, rk_op *op, const rk_bytes *password,
                        const char *salt)
{
    return rk_symmetric_derive_rounds(out, op, password, salt, ROUNDS);
}

int rk_symmetric_derive_rounds(rk_symmetric_key *out, rk_op *op, const rk_bytes *password,
                               const char *salt, int rounds)
{
    _Static_assert(sizeof(*out) == RK_PBKDF2_BYTES, "a key is what PBKDF2 derives");
    if (password->size_bytes > PLAIN_MAX_BYTES)
        return rk_fail(op, RK_ERR_INTERNAL, "A key cannot be derived.");
    rk_pbkdf2((unsigned char *)out, password, salt, rounds);
    return 0;
}

int rk_symmetric_key_parse(rk_symmetric_key *out, rk_op *op, const char *text)
{
    const char *end;
    size_t length;

    if (sodium_base642bin((unsigned char *)out, sizeof(*out), text, strlen(text), NULL, &length,
                          &end, base64) != 0 ||
        *end || length != sizeof(*out))
        return rk_fail(op, RK_ERR_INTERNAL, "A key must be %d characters of base64url.",
                       RK_SYMMETRIC_KEY_LENGTH);
    return 0;
}

void rk_symmetric_key_print(char out[RK_SYMMETRIC_KEY_LENGTH + 1], const rk_symmetric_key *key)
{
    sodium_bin2base64(out, RK_SYMMETRIC_KEY_LENGTH + 1, (const unsigned char *)key, sizeof(*key),
                      base64);
}

void rk_symmetric_key_wipe(rk_symmetric_key *key)
{
    OPENSSL_cleanse(key, sizeof(*key));
}

/* --- sealing ---------------------------------------------------------------------------------- */

static int fail_sealing(rk_op *op)
{
    return rk_fail(op, RK_ERR_INTERNAL, "A secret cannot be encrypted.");
}

static int stamp_now(rk_symmetric_stamp *out, rk_op *op)
{
    out->seconds = (uint64_t)time(NULL);
    return RAND_bytes(out->iv, sizeof(out->iv)) == 1 ? 0 : fail_sealing(op);
}

static void write_stamp(unsigned char *bytes, const rk_symmetric_stamp *stamp)
{
    bytes[0] = VERSION;
    for (int i = 0; i < 8; i++)
        bytes[1 + i] = (unsigned char)(stamp->seconds >> (56 - 8 * i));
    memcpy(bytes + IV_OFFSET, stamp->iv, sizeof(stamp->iv));
}

/* The length of what comes out, -1 when the padding is wrong. */
static int run_cipher(unsigned char *out, EVP_CIPHER_CTX *state, const rk_bytes *in)
{
    int length = 0;
    int last = 0;

    if (EVP_CipherUpdate(state, out, &length, in->bytes, (int)in->size_bytes) != 1 ||
        EVP_CipherFinal_ex(state, out + length, &last) != 1)
        return -1;
    return length + last;
}

/* AES-128-CBC with PKCS#7 padding, which libcrypto checks strictly. @p out has room for one block
 * more. */
static int cipher(unsigned char *out, const rk_symmetric_key *key, const unsigned char *iv,
                  const rk_bytes *in, int encrypt)
{
    EVP_CIPHER_CTX *state = EVP_CIPHER_CTX_new();
    int length = -1;

    if (state &&
        EVP_CipherInit_ex(state, EVP_aes_128_cbc(), NULL, key->encryption, iv, encrypt) == 1)
        length = run_cipher(out, state, in);
    EVP_CIPHER_CTX_free(state);
    return length;
}

static bool sign(unsigned char out[HMAC_BYTES], const rk_symmetric_key *key,
                 const unsigned char *bytes, size_t size)
{
    return HMAC(EVP_sha256(), key->signing, sizeof(key->signing), bytes, size, out, NULL) != NULL;
}

static int encode(const char **out, rk_op *op, const unsigned char *bytes, size_t size)
{
    size_t length = sodium_base64_encoded_len(size, base64);
    char *text = rk_alloc(op, length, 1);

    RK_CHECK(text);
    sodium_bin2base64(text, length, bytes, size, base64);
    *out = text;
    return 0;
}

int rk_symmetric_seal(const char **out, rk_op *op, const rk_symmetric_key *key,
                      const rk_bytes *plain, const rk_symmetric_stamp *stamp)
{
    rk_symmetric_stamp now;

    if (plain->size_bytes > PLAIN_MAX_BYTES)
        return fail_sealing(op);
    unsigned char *bytes =
        rk_alloc(op, CIPHER_OFFSET + plain->size_bytes + BLOCK_BYTES + HMAC_BYTES, 1);

    RK_CHECK(bytes);
    if (!stamp)
        RK_TRY(stamp_now(&now, op));
    write_stamp(bytes, stamp ? stamp : &now);
    int length = cipher(bytes + CIPHER_OFFSET, key, bytes + IV_OFFSET, plain, 1);

    if (length < 0 ||
        !sign(bytes + CIPHER_OFFSET + length, key, bytes, CIPHER_OFFSET + (size_t)length))
        return fail_sealing(op);
    return encode(out, op, bytes, CIPHER_OFFSET + (size_t)length + HMAC_BYTES);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int fail_opening(rk_op *op)
{
    return rk_fail_default(op, RK_ERR_DECRYPTION);
}

/* The bytes of the token: right version, right length. */
static int decode(rk_bytes *out, rk_op *op, const char *token)
{
    size_t text_length = strlen(token);
    size_t size = text_length / 4 * 3 + 3;
    size_t length;
    const char *end;
    unsigned char *bytes = rk_alloc(op, size, 1);

    RK_CHECK(bytes);
    if (sodium_base642bin(bytes, size, token, text_length, NULL, &length, &end, base64) != 0 ||
        *end || length < CIPHER_OFFSET + BLOCK_BYTES + HMAC_BYTES || length > PLAIN_MAX_BYTES ||
        (length - CIPHER_OFFSET - HMAC_BYTES) % BLOCK_BYTES != 0 || bytes[0] != VERSION)
        return fail_opening(op);
    *out = (rk_bytes){bytes, length};
    return 0;
}

static bool is_signed(const rk_symmetric_key *key, const unsigned char *bytes, size_t signed_size)
{
    unsigned char wanted[HMAC_BYTES];

    return sign(wanted, key, bytes, signed_size) &&
           CRYPTO_memcmp(wanted, bytes + signed_size, HMAC_BYTES) == 0;
}

int rk_symmetric_open(rk_bytes *out, rk_op *op, const rk_symmetric_key *key, const char *token)
{
    rk_bytes sealed = {0};

    RK_TRY(decode(&sealed, op, token));
    const unsigned char *bytes = sealed.bytes;
    const rk_bytes encrypted = {bytes + CIPHER_OFFSET,
                                sealed.size_bytes - CIPHER_OFFSET - HMAC_BYTES};
    unsigned char *plain = rk_alloc(op, encrypted.size_bytes + BLOCK_BYTES + 1, 1);

    RK_CHECK(plain);
    if (!is_signed(key, bytes, sealed.size_bytes - HMAC_BYTES))
        return fail_opening(op);
    int length = cipher(plain, key, bytes + IV_OFFSET, &encrypted, 0);

    if (length < 0)
        return fail_opening(op);
    memset(plain + length, 0, encrypted.size_bytes + BLOCK_BYTES + 1 - (size_t)length);
    *out = (rk_bytes){plain, (size_t)length};
    return 0;
}

/* --- texts ------------------------------------------------------------------------------------ */

int rk_symmetric_seal_text(const char **out, rk_op *op, const rk_symmetric_key *key,
                           const char *text)
{
    const rk_bytes plain = {text, strlen(text)};

    return rk_symmetric_seal(out, op, key, &plain, NULL);
}

int rk_symmetric_open_text(const char **out, rk_op *op, const rk_symmetric_key *key,
                           const char *token)
{
    rk_bytes plain = {"", 0};

    RK_TRY(rk_symmetric_open(&plain, op, key, token));
    if (memchr(plain.bytes, '\0', plain.size_bytes) ||
        !rk_text_is_utf8(plain.bytes, plain.size_bytes))
        return fail_opening(op);
    *out = plain.bytes;
    return 0;
}

int rk_symmetric_encrypt(const char **out, rk_op *op, const rk_bytes *password, const char *salt,
                         const char *text)
{
    rk_symmetric_key key;

    RK_TRY(rk_symmetric_derive(&key, op, password, salt));
    int result = rk_symmetric_seal_text(out, op, &key, text);

    rk_symmetric_key_wipe(&key);
    return result;
}

int rk_symmetric_decrypt(const char **out, rk_op *op, const rk_bytes *password, const char *salt,
                         const char *token)
{
    rk_symmetric_key key;

    RK_TRY(rk_symmetric_derive(&key, op, password, salt));
    int result = rk_symmetric_open_text(out, op, &key, token);

    rk_symmetric_key_wipe(&key);
    return result;
}
