/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, key sets and sealed secrets: the first byte says which reader gets the rest. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/time.h"
#include "librenku/crypto/claims.h"
#include "librenku/crypto/internal_token.h"
#include "librenku/crypto/json.h"
#include "librenku/crypto/jwt.h"
#include "librenku/crypto/symmetric.h"
#include "tests/unit/jwt_vectors.h"

/* What lives as long as the process. */
static struct {
    rk_op op;
    rk_jwk_set *keys;
    rk_secret *secret;
    rk_internal_issuer *issuer;
} fixed;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const unsigned char zeros[64];
    const rk_internal_options options = {NULL, "renku-self", "renku-self", 1, 1, 1};

    (void)argc;
    (void)argv;
    if (rk_op_begin(&fixed.op) < 0 ||
        rk_jwk_set_parse(&fixed.keys, &fixed.op, VECTOR_KEYS, sizeof(VECTOR_KEYS) - 1) < 0 ||
        rk_secret_copy(&fixed.secret, &fixed.op, zeros, sizeof(zeros)) < 0 ||
        rk_internal_issuer_new(&fixed.issuer, &fixed.op, &options) < 0)
        abort();
    return 0;
}

static void read_claims(rk_op *op, struct json_object *claims)
{
    static const char *const accepted[] = {"renku"};
    rk_opt_int expires;
    rk_strings roles;
    const char *text;

    (void)rk_claims_times(&expires, op, claims, rk_time_now());
    (void)rk_claims_audience(op, claims, accepted, 1);
    (void)rk_claims_ids(op, claims);
    (void)rk_claims_roles(&roles, op, claims);
    (void)rk_claims_name(&text, op, claims, "name");
    (void)rk_crypto_json_text(&text, op, claims, "email");
}

static void fuzz_token(rk_op *op, const char *text, size_t size)
{
    static const char *const names[] = {"rsa", "es256", "es384", "es512", "ed25519", "ed448"};
    struct json_object *claims;
    rk_jwt jwt;

    (void)size;
    if (rk_jwt_read(&jwt, op, text) < 0)
        return;
    for (size_t i = 0; i < RK_COUNT(names); i++) {
        rk_error_clear(op);
        (void)rk_jwt_verify(op, &jwt, ~0U, rk_jwk_set_lookup(fixed.keys, names[i]));
    }
    rk_error_clear(op);
    if (rk_jwt_payload(&claims, op, &jwt) == 0)
        read_claims(op, claims);
}

static void fuzz_keys(rk_op *op, const char *text, size_t size)
{
    rk_jwk_set *set = NULL;

    (void)rk_jwk_set_parse(&set, op, text, size);
    rk_jwk_set_free(set);
}

static void fuzz_claims(rk_op *op, const char *text, size_t size)
{
    struct json_object *claims;

    if (rk_crypto_json_read(&claims, op, text, size) == 0)
        read_claims(op, claims);
}

static const char *encoded(rk_op *op, const void *bytes, size_t size)
{
    size_t length = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = rk_alloc(op, length, 1);

    if (!text)
        abort();
    return sodium_bin2base64(text, length, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Header and payload, with a NUL between them, rightly signed: what stands in them reaches the
 * checks behind. */
static void fuzz_signed(rk_op *op, const char *text, size_t size)
{
    size_t header = strnlen(text, size);
    const char *payload = header < size ? text + header + 1 : text;
    size_t payload_size = header < size ? size - header - 1 : size;
    const char *part =
        rk_printf(op, "%s.%s", encoded(op, text, header), encoded(op, payload, payload_size));
    unsigned char mac[RK_HS512_BYTES];
    struct json_object *claims;
    rk_jwt jwt;

    if (!part || rk_jwt_hs512(mac, op, fixed.secret, part, strlen(part)) < 0)
        abort();
    const char *token = rk_printf(op, "%s.%s", part, encoded(op, mac, sizeof(mac)));

    if (rk_jwt_read(&jwt, op, token) < 0 || rk_jwt_verify_secret(op, &jwt, fixed.secret) < 0)
        return;
    if (rk_jwt_payload(&claims, op, &jwt) == 0)
        read_claims(op, claims);
}

static void fuzz_internal(rk_op *op, const char *text, size_t size)
{
    rk_internal_subject subject;

    (void)size;
    if (rk_internal_token_verify(&subject, op, fixed.issuer, text, RK_TOKEN_ACCESS) == 0)
        abort(); /* nobody knows the key */
}

static void fuzz_sealed(rk_op *op, const char *text, size_t size)
{
    static const rk_symmetric_key key;
    const rk_bytes plain = {text, size};
    const char *token;
    rk_bytes opened;

    (void)rk_symmetric_open(&opened, op, &key, text);
    rk_error_clear(op);
    if (rk_symmetric_seal(&token, op, &key, &plain, NULL) < 0 ||
        rk_symmetric_open(&opened, op, &key, token) < 0 || opened.size_bytes != size ||
        memcmp(opened.bytes, text, size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const readers[])(rk_op * op, const char *text, size_t size) = {
        fuzz_token, fuzz_keys, fuzz_claims, fuzz_signed, fuzz_internal, fuzz_sealed,
    };
    rk_op op;

    if (!size)
        return 0;
    if (rk_op_begin(&op) < 0)
        abort();
    char *text = rk_strndup(&op, (const char *)bytes + 1, size - 1);

    if (!text)
        abort();
    readers[bytes[0] % RK_COUNT(readers)](&op, text, size - 1);
    rk_op_end(&op);
    return 0;
}
