/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/obscure.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sodium.h>

#include "librenku/base/slug.h"

enum { IV_BYTES = 16, TEXT_MAX_BYTES = 64 * 1024 * 1024 };

static const int base64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

/* As published in rclone's source. */
static const unsigned char key[] = {
    0x9c, 0x93, 0x5b, 0x48, 0x73, 0x0a, 0x55, 0x4d, 0x6b, 0xfd, 0x7c, 0x63, 0xc8, 0x86, 0xa9, 0x2b,
    0xd3, 0x90, 0x19, 0x8e, 0xb8, 0x12, 0x8a, 0xfb, 0xf4, 0xde, 0x16, 0x2b, 0x8b, 0x95, 0xf6, 0x38,
};

/* There and back are the same in counter mode. */
static bool cipher(unsigned char *out, const unsigned char *iv, const void *in, size_t size)
{
    EVP_CIPHER_CTX *state = EVP_CIPHER_CTX_new();
    int length;
    bool done = state && EVP_EncryptInit_ex(state, EVP_aes_256_ctr(), NULL, key, iv) == 1 &&
                EVP_EncryptUpdate(state, out, &length, in, (int)size) == 1;

    EVP_CIPHER_CTX_free(state);
    return done;
}

int rk_obscure(const char **out, rk_op *op, const char *text)
{
    size_t size = strlen(text);

    if (size > TEXT_MAX_BYTES)
        return rk_fail(op, RK_ERR_INVALID, "A password is too long.");
    unsigned char *bytes = rk_alloc(op, IV_BYTES + size + 1, 1);
    size_t length = sodium_base64_encoded_len(IV_BYTES + size, base64);
    char *encoded = rk_alloc(op, length, 1);

    RK_CHECK(bytes);
    RK_CHECK(encoded);
    if (RAND_bytes(bytes, IV_BYTES) != 1 || !cipher(bytes + IV_BYTES, bytes, text, size))
        return rk_fail(op, RK_ERR_INTERNAL, "A password cannot be obscured.");
    sodium_bin2base64(encoded, length, bytes, IV_BYTES + size, base64);
    *out = encoded;
    return 0;
}

int rk_reveal(const char **out, rk_op *op, const char *obscured)
{
    size_t length = strlen(obscured);
    size_t room = length / 4 * 3 + 3;
    unsigned char *bytes = rk_alloc(op, room, 1);
    char *text = rk_alloc(op, room, 1);
    const char *end;
    size_t size;

    RK_CHECK(bytes);
    RK_CHECK(text);
    if (length > TEXT_MAX_BYTES ||
        sodium_base642bin(bytes, room, obscured, length, NULL, &size, &end, base64) != 0 || *end ||
        size < IV_BYTES ||
        !cipher((unsigned char *)text, bytes, bytes + IV_BYTES, size - IV_BYTES) ||
        strlen(text) != size - IV_BYTES || !rk_text_is_utf8(text, size - IV_BYTES))
        return rk_fail_default(op, RK_ERR_DECRYPTION);
    *out = text;
    return 0;
}
