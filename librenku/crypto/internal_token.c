/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/internal_token.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "librenku/base/buf.h"
#include "librenku/base/letters.h"
#include "librenku/base/time.h"
#include "librenku/base/ulid.h"
#include "librenku/crypto/claims.h"
#include "librenku/crypto/json.h"
#include "librenku/crypto/jwt.h"
#include "librenku/crypto/secret.h"

enum { KEY_MIN_BYTES = 64 };

static const char *const type_names[] = {
    [RK_TOKEN_ACCESS] = "Bearer", [RK_TOKEN_REFRESH] = "Refresh"};

struct rk_internal_issuer {
    rk_secret *key;
    char *name;
    char *audience;
    int64_t access_s, refresh_s, long_refresh_s;
};

/* --- the key ---------------------------------------------------------------------------------- */

/* Base64url with padding, line ends anywhere. */
static int decode_key(rk_secret **out, rk_op *op, const rk_secret *file, const char *path)
{
    unsigned char *key = rk_alloc(op, file->size_bytes, 1);
    const char *text = (const char *)file->bytes;
    const char *end;
    size_t length;

    RK_CHECK(key);
    if (sodium_base642bin(key, file->size_bytes, text, file->size_bytes, "\r\n", &length, &end,
                          sodium_base64_VARIANT_URLSAFE) != 0 ||
        end != text + file->size_bytes)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The key file '%s' (INTERNAL_AUTHN_SECRET_KEY_PATH) must hold base64url "
                       "with padding.",
                       path);
    if (length < KEY_MIN_BYTES)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The key in '%s' (INTERNAL_AUTHN_SECRET_KEY_PATH) has %zu bytes; it must "
                       "have at least %d.",
                       path, length, KEY_MIN_BYTES);
    return rk_secret_copy(out, op, key, length);
}

static int read_key(rk_secret **out, rk_op *op, const char *path)
{
    RK_AUTO(rk_secret) *file = NULL;

    if (!path)
        return rk_secret_random(out, op, KEY_MIN_BYTES);
    if (rk_secret_read(&file, op, path) < 0)
        return rk_fail_in(op, "INTERNAL_AUTHN_SECRET_KEY_PATH");
    return decode_key(out, op, file, path);
}

/* --- the issuer ------------------------------------------------------------------------------- */

static int fill_issuer(rk_internal_issuer *issuer, rk_op *op, const rk_internal_options *options)
{
    RK_TRY(read_key(&issuer->key, op, options->key_path));
    issuer->name = strdup(options->name);
    issuer->audience = strdup(options->audience);
    if (!issuer->name || !issuer->audience)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    issuer->access_s = options->access_s;
    issuer->refresh_s = options->refresh_s;
    issuer->long_refresh_s = options->long_refresh_s;
    return 0;
}

int rk_internal_issuer_new(rk_internal_issuer **out, rk_op *op, const rk_internal_options *options)
{
    rk_internal_issuer *issuer = calloc(1, sizeof(*issuer));

    if (!issuer)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    int result = fill_issuer(issuer, op, options);

    if (result < 0)
        rk_internal_issuer_free(issuer);
    else
        *out = issuer;
    return result;
}

void rk_internal_issuer_free(rk_internal_issuer *issuer)
{
    if (!issuer)
        return;
    rk_secret_free(issuer->key);
    free(issuer->name);
    free(issuer->audience);
    free(issuer);
}

int64_t rk_internal_access_s(const rk_internal_issuer *issuer)
{
    return issuer->access_s;
}

int64_t rk_internal_refresh_s(const rk_internal_issuer *issuer)
{
    return issuer->refresh_s;
}

int64_t rk_internal_long_refresh_s(const rk_internal_issuer *issuer)
{
    return issuer->long_refresh_s;
}

/* --- minting ---------------------------------------------------------------------------------- */

static bool is_empty(const char *text)
{
    return !text || !*text;
}

static void add_name(rk_buf *buf, const char *name)
{
    rk_buf_char(buf, buf->length ? ',' : '{');
    rk_buf_json_text(buf, name);
    rk_buf_char(buf, ':');
}

static void add_text(rk_buf *buf, const char *name, const char *value)
{
    if (is_empty(value))
        return;
    add_name(buf, name);
    rk_buf_json_text(buf, value);
}

static void add_int(rk_buf *buf, const char *name, int64_t value)
{
    add_name(buf, name);
    rk_buf_json_int(buf, value);
}

static int write_payload(rk_buf *buf, const rk_internal_issuer *issuer,
                         const rk_internal_subject *subject, const rk_internal_grant *grant)
{
    int64_t issued = grant->issued_s ? grant->issued_s : rk_time_now() / 1000000;
    char jti[RK_ULID_LENGTH + 1];

    add_text(buf, "sub", subject->sub);
    add_text(buf, "email", subject->email);
    add_text(buf, "name", subject->name);
    add_text(buf, "given_name", subject->given_name);
    add_text(buf, "family_name", subject->family_name);
    add_int(buf, "exp", issued + grant->lifetime_s);
    add_int(buf, "iat", issued);
    add_int(buf, "nbf", issued - 1);
    add_text(buf, "iss", issuer->name);
    add_text(buf, "aud", issuer->audience);
    rk_ulid_make(jti);
    add_text(buf, "jti", grant->jti ? grant->jti : jti);
    add_text(buf, "typ", type_names[grant->type]);
    add_text(buf, "scope", subject->scope);
    rk_buf_char(buf, '}');
    return rk_buf_finish(buf);
}

int rk_internal_token_mint(const char **out, rk_op *op, const rk_internal_issuer *issuer,
                           const rk_internal_subject *subject, const rk_internal_grant *grant)
{
    rk_buf payload;

    if (is_empty(subject->sub) || is_empty(subject->email))
        return rk_fail(op, RK_ERR_INTERNAL,
                       "An internal token needs a subject with an id and an e-mail address.");
    rk_buf_begin(&payload, op, 512);
    RK_TRY(write_payload(&payload, issuer, subject, grant));
    return rk_jwt_sign(out, op, RK_JWT_SIGN_HS512, issuer->key, payload.text);
}

/* --- verifying -------------------------------------------------------------------------------- */

static int invalid(rk_op *op, const char *claim)
{
    return rk_fail(op, RK_ERR_INVALID_TOKEN,
                   "The claim '%s' of the internal token is missing or not the right one.", claim);
}

static int check_claims(rk_opt_int *expires, rk_op *op, const rk_internal_issuer *issuer,
                        struct json_object *claims)
{
    const char *const accepted[] = {issuer->audience};
    const char *name;

    RK_TRY(rk_claims_times(expires, op, claims, rk_time_now()));
    RK_TRY(rk_claims_audience(op, claims, accepted, 1));
    RK_TRY(rk_claims_ids(op, claims));
    RK_TRY(rk_crypto_json_text(&name, op, claims, "iss"));
    return name && strcmp(name, issuer->name) == 0 ? 0 : invalid(op, "iss");
}

static int check_type(rk_op *op, struct json_object *claims, rk_token_type type)
{
    const char *name;

    RK_TRY(rk_crypto_json_text(&name, op, claims, "typ"));
    return name && rk_letters_equal(name, type_names[type]) ? 0 : invalid(op, "typ");
}

static int read_subject(rk_internal_subject *out, rk_op *op, struct json_object *claims)
{
    RK_TRY(rk_crypto_json_text(&out->sub, op, claims, "sub"));
    RK_TRY(rk_crypto_json_text(&out->email, op, claims, "email"));
    RK_TRY(rk_claims_name(&out->name, op, claims, "name"));
    RK_TRY(rk_claims_name(&out->given_name, op, claims, "given_name"));
    RK_TRY(rk_claims_name(&out->family_name, op, claims, "family_name"));
    RK_TRY(rk_claims_name(&out->scope, op, claims, "scope"));
    if (is_empty(out->sub))
        return invalid(op, "sub");
    return is_empty(out->email) ? invalid(op, "email") : 0;
}

int rk_internal_token_verify(rk_internal_subject *out, rk_op *op, const rk_internal_issuer *issuer,
                             const char *token, rk_token_type type)
{
    struct json_object *claims;
    rk_jwt jwt;

    *out = (rk_internal_subject){0};
    RK_TRY(rk_jwt_read(&jwt, op, token));
    RK_TRY(rk_jwt_verify_secret(op, &jwt, issuer->key));
    RK_TRY(rk_jwt_payload(&claims, op, &jwt));
    RK_TRY(check_claims(&out->expires, op, issuer, claims));
    RK_TRY(check_type(op, claims, type));
    return read_subject(out, op, claims);
}
