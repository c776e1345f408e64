/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "librenku/base/buf.h"
#include "librenku/crypto/jwt.h"

static const struct {
    const char *header;
    const EVP_MD *(*digest)(void);
} kinds[] = {
    [RK_JWT_SIGN_HS256] = {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", EVP_sha256},
    [RK_JWT_SIGN_HS512] = {"{\"alg\":\"HS512\",\"typ\":\"JWT\"}", EVP_sha512},
};

static int add_base64(rk_buf *buf, const void *bytes, size_t size)
{
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    size_t length = sodium_base64_encoded_len(size, variant);
    char *text = rk_alloc(buf->op, length, 1);

    RK_CHECK(text);
    sodium_bin2base64(text, length, bytes, size, variant);
    rk_buf_text(buf, text);
    return 0;
}

int rk_jwt_sign(const char **out, rk_op *op, rk_jwt_signature kind, const rk_secret *secret,
                const char *claims)
{
    unsigned char signature[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    rk_buf token;

    rk_buf_begin(&token, op, strlen(claims) * 4 / 3 + 160);
    RK_TRY(add_base64(&token, kinds[kind].header, strlen(kinds[kind].header)));
    rk_buf_char(&token, '.');
    RK_TRY(add_base64(&token, claims, strlen(claims)));
    RK_TRY(rk_buf_finish(&token));
    if (!HMAC(kinds[kind].digest(), secret->bytes, (int)secret->size_bytes,
              (const unsigned char *)token.text, token.length, signature, &length))
        return rk_fail_default(op, RK_ERR_INTERNAL);
    rk_buf_char(&token, '.');
    RK_TRY(add_base64(&token, signature, length));
    *out = token.text;
    return rk_buf_finish(&token);
}
