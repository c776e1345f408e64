/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/jwt.h"

#include <string.h>

#include <cjose/cjose.h>
#include <json-c/json.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "librenku/crypto/json.h"

enum { PARTS = 3, OKP_SIGNATURE_MAX_BYTES = 114 };

static int invalid(rk_op *op, const char *problem)
{
    return rk_fail(op, RK_ERR_INVALID_TOKEN, "The token %s.", problem);
}

/* Base64url without padding, nothing else between, no stray bits at the end. */
static bool decode(unsigned char *out, size_t *length, size_t size, const char *text,
                   size_t text_length)
{
    const char *end;

    return sodium_base642bin(out, size, text, text_length, NULL, length, &end,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           end == text + text_length;
}

/* --- taking apart ----------------------------------------------------------------------------- */

/* Whether a part of the right alphabet has a length that base64 can have and no stray bits at its
 * end. cjose ends the process over some that have not. */
static bool ends_well(const char *part, size_t length)
{
    unsigned char bytes[3];
    size_t tail = length % 4 ? length % 4 : 4;
    size_t size;

    return decode(bytes, &size, sizeof(bytes), part + length - tail, tail);
}

/* Exactly three parts of base64url, none of them empty. */
static bool split(size_t lengths[PARTS], const char *token)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (int i = 0; i < PARTS; i++) {
        lengths[i] = strspn(token, alphabet);
        if (!lengths[i] || token[lengths[i]] != (i < PARTS - 1 ? '.' : '\0') ||
            !ends_well(token, lengths[i]))
            return false;
        token += lengths[i] + 1;
    }
    return true;
}

static int read_part(json_object **out, rk_op *op, const char *text, size_t text_length)
{
    size_t size = text_length / 4 * 3 + 3;
    size_t length;
    unsigned char *json = rk_alloc(op, size, 1);

    RK_CHECK(json);
    if (!decode(json, &length, size, text, text_length))
        return invalid(op, "is not encoded as base64url");
    return rk_crypto_json_read(out, op, (const char *)json, length);
}

static int read_header(rk_jwt *out, rk_op *op, size_t length)
{
    json_object *header = NULL;
    const char *alg;

    RK_TRY(read_part(&header, op, out->token, length));
    RK_TRY(rk_crypto_json_text(&alg, op, header, "alg"));
    RK_TRY(rk_crypto_json_text(&out->kid, op, header, "kid"));
    out->alg = alg ? rk_jwt_alg_of(alg) : (rk_jwt_alg)0;
    if (!out->alg)
        return invalid(op, "is signed with an unknown algorithm");
    if (json_object_object_get_ex(header, "crit", NULL) ||
        json_object_object_get_ex(header, "b64", NULL))
        return invalid(op, "asks for an extension");
    return 0;
}

int rk_jwt_read(rk_jwt *out, rk_op *op, const char *token)
{
    size_t lengths[PARTS];

    if (strnlen(token, RK_JWT_MAX_BYTES + 1) > RK_JWT_MAX_BYTES)
        return invalid(op, "is too long");
    if (!split(lengths, token))
        return invalid(op, "does not have three parts");
    const char *payload = token + lengths[0] + 1;

    *out = (rk_jwt){
        .token = token,
        .signed_length = lengths[0] + 1 + lengths[1],
        .payload = payload,
        .payload_length = lengths[1],
        .signature = payload + lengths[1] + 1,
        .signature_length = lengths[2],
    };
    return read_header(out, op, lengths[0]);
}

/* --- signatures ------------------------------------------------------------------------------- */

/* cjose reads the header once more; it must have seen the same algorithm. */
static bool same_alg(const rk_jwt *jwt, cjose_jws_t *jws)
{
    const char *alg = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, NULL);

    return alg && rk_jwt_alg_of(alg) == jwt->alg;
}

static bool verify_cjose(const rk_jwt *jwt, const cjose_jwk_t *key)
{
    size_t length = jwt->signed_length + 1 + jwt->signature_length;
    cjose_jws_t *jws = cjose_jws_import(jwt->token, length, NULL);
    bool right = jws && same_alg(jwt, jws) && cjose_jws_verify(jws, key, NULL);

    if (jws)
        cjose_jws_release(jws);
    return right;
}

static bool verify_okp(const rk_jwt *jwt, EVP_PKEY *key)
{
    unsigned char signature[OKP_SIGNATURE_MAX_BYTES];
    size_t length;

    if (!decode(signature, &length, sizeof(signature), jwt->signature, jwt->signature_length))
        return false;
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    bool right = state && EVP_DigestVerifyInit(state, NULL, NULL, NULL, key) == 1 &&
                 EVP_DigestVerify(state, signature, length, (const unsigned char *)jwt->token,
                                  jwt->signed_length) == 1;

    EVP_MD_CTX_free(state);
    return right;
}

int rk_jwt_verify(rk_op *op, const rk_jwt *jwt, unsigned allowed, const rk_jwk *key)
{
    unsigned bit = RK_JWT_ALG_BIT(jwt->alg);

    if (!(bit & allowed))
        return invalid(op, "is signed with an algorithm that is not accepted");
    if (!(bit & rk_jwk_algs(key)))
        return invalid(op, "is signed with an algorithm that does not fit its key");
    bool right =
        rk_jwk_evp(key) ? verify_okp(jwt, rk_jwk_evp(key)) : verify_cjose(jwt, rk_jwk_cjose(key));

    return right ? 0 : invalid(op, "has a wrong signature");
}

int rk_jwt_hs512(unsigned char out[RK_HS512_BYTES], rk_op *op, const rk_secret *secret,
                 const char *text, size_t length)
{
    unsigned char *made = HMAC(EVP_sha512(), secret->bytes, (int)secret->size_bytes,
                               (const unsigned char *)text, length, out, NULL);

    return made ? 0 : rk_fail_default(op, RK_ERR_INTERNAL);
}

int rk_jwt_verify_secret(rk_op *op, const rk_jwt *jwt, const rk_secret *secret)
{
    unsigned char signature[RK_HS512_BYTES];
    unsigned char wanted[RK_HS512_BYTES];
    size_t length;

    if (jwt->alg != RK_JWT_HS512)
        return invalid(op, "is signed with an algorithm that is not accepted");
    RK_TRY(rk_jwt_hs512(wanted, op, secret, jwt->token, jwt->signed_length));
    if (!decode(signature, &length, sizeof(signature), jwt->signature, jwt->signature_length) ||
        length != sizeof(wanted) || CRYPTO_memcmp(signature, wanted, sizeof(wanted)) != 0)
        return invalid(op, "has a wrong signature");
    return 0;
}

int rk_jwt_payload(json_object **out, rk_op *op, const rk_jwt *jwt)
{
    return read_part(out, op, jwt->payload, jwt->payload_length);
}
