/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/jwt.h"

#include <json-c/json.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/jwt_vectors.h"
#include "tests/unit/unit.h"

static const unsigned every = ~0U;

static rk_jwk_set *keys(void)
{
    rk_jwk_set *set = NULL;

    ck_ok(rk_jwk_set_parse(&set, op, VECTOR_KEYS, strlen(VECTOR_KEYS)));
    return set;
}

/* Three parts from texts. */
static const char *compact(const char *header, const char *payload, const char *signature)
{
    const char *parts[] = {header, payload, signature};
    char *encoded[3];

    for (int i = 0; i < 3; i++) {
        size_t length =
            sodium_base64_encoded_len(strlen(parts[i]), sodium_base64_VARIANT_URLSAFE_NO_PADDING);

        encoded[i] = rk_alloc(op, length, 1);
        sodium_bin2base64(encoded[i], length, (const unsigned char *)parts[i], strlen(parts[i]),
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    }
    return rk_printf(op, "%s.%s.%s", encoded[0], encoded[1], encoded[2]);
}

/* --- signatures ------------------------------------------------------------------------------- */

static const struct {
    const char *kid;
    rk_jwt_alg alg;
    const char *token;
} signed_tokens[] = {
    {"rsa",     RK_JWT_RS256, VECTOR_RS256  },
    {"rsa",     RK_JWT_RS384, VECTOR_RS384  },
    {"rsa",     RK_JWT_RS512, VECTOR_RS512  },
    {"rsa",     RK_JWT_PS256, VECTOR_PS256  },
    {"rsa",     RK_JWT_PS384, VECTOR_PS384  },
    {"rsa",     RK_JWT_PS512, VECTOR_PS512  },
    {"es256",   RK_JWT_ES256, VECTOR_ES256  },
    {"es384",   RK_JWT_ES384, VECTOR_ES384  },
    {"es512",   RK_JWT_ES512, VECTOR_ES512  },
    {"ed25519", RK_JWT_EDDSA, VECTOR_ED25519},
    {"ed448",   RK_JWT_EDDSA, VECTOR_ED448  },
};

/* Spec: authentication.md 3.2 */
START_TEST(a_signature_of_another_library_is_verified)
{
    rk_jwk_set *set = keys();
    struct json_object *claims;
    rk_jwt jwt;

    ck_ok(rk_jwt_read(&jwt, op, signed_tokens[_i].token));
    ck_assert_int_eq(jwt.alg, signed_tokens[_i].alg);
    ck_assert_str_eq(jwt.kid, signed_tokens[_i].kid);
    ck_ok(rk_jwt_verify(op, &jwt, RK_JWT_ALG_BIT(jwt.alg), rk_jwk_set_lookup(set, jwt.kid)));
    ck_ok(rk_jwt_payload(&claims, op, &jwt));
    ck_assert_str_eq(json_object_to_json_string_ext(claims, JSON_C_TO_STRING_PLAIN),
                     "{\"sub\":\"joe\",\"aud\":\"renku\"}");
    rk_jwk_set_free(set);
}
END_TEST

/* Spec: authentication.md 3.2 */
START_TEST(a_key_of_another_kind_is_refused)
{
    rk_jwk_set *set = keys();
    rk_jwt jwt;

    ck_ok(rk_jwt_read(&jwt, op, signed_tokens[_i].token));
    for (size_t i = 0; i < RK_COUNT(signed_tokens); i++) {
        if (strcmp(signed_tokens[i].kid, jwt.kid) == 0)
            continue;
        ck_fails(rk_jwt_verify(op, &jwt, every, rk_jwk_set_lookup(set, signed_tokens[i].kid)),
                 RK_ERR_INVALID_TOKEN);
        rk_error_clear(op);
    }
    rk_jwk_set_free(set);
}
END_TEST

/* Spec: authentication.md 3.2 */
START_TEST(an_algorithm_that_is_not_allowed_is_refused)
{
    rk_jwk_set *set = keys();
    rk_jwt jwt;

    ck_ok(rk_jwt_read(&jwt, op, signed_tokens[_i].token));
    ck_fails(
        rk_jwt_verify(op, &jwt, every & ~RK_JWT_ALG_BIT(jwt.alg), rk_jwk_set_lookup(set, jwt.kid)),
        RK_ERR_INVALID_TOKEN);
    rk_jwk_set_free(set);
}
END_TEST

/* Every place of the token, changed to every neighbour in the alphabet, that can be reached in a
 * test. */
START_TEST(a_changed_token_is_refused)
{
    rk_jwk_set *set = keys();
    char *token = rk_strdup(op, signed_tokens[_i].token);
    size_t length = strlen(token);

    for (size_t at = 0; at < length; at += 7) {
        char before = token[at];
        rk_jwt jwt;

        token[at] = before == 'A' ? 'B' : 'A';
        int result = rk_jwt_read(&jwt, op, token);

        if (result == 0)
            result = rk_jwt_verify(op, &jwt, every, rk_jwk_set_lookup(set, signed_tokens[_i].kid));
        ck_assert_msg(result == RK_ERR_INVALID_TOKEN, "place %zu: %d", at, result);
        rk_error_clear(op);
        token[at] = before;
    }
    rk_jwk_set_free(set);
}
END_TEST

/* Spec: authentication.md 5.2: a secret verifies HS512 and nothing else */
START_TEST(a_secret_verifies_hs512_only)
{
    rk_secret *secret;
    rk_jwt jwt;

    ck_ok(rk_secret_copy(&secret, op, "secret", 6));
    ck_ok(rk_jwt_read(&jwt, op, VECTOR_RS512));
    ck_fails(rk_jwt_verify_secret(op, &jwt, secret), RK_ERR_INVALID_TOKEN);
    rk_error_clear(op);
    ck_ok(rk_jwt_read(&jwt, op, compact("{\"alg\":\"HS512\"}", "{}", "x")));
    ck_fails(rk_jwt_verify_secret(op, &jwt, secret), RK_ERR_INVALID_TOKEN);
    rk_error_clear(op);

    rk_jwk_set *set = keys();

    ck_fails(rk_jwt_verify(op, &jwt, every, rk_jwk_set_lookup(set, "rsa")), RK_ERR_INVALID_TOKEN);
    rk_jwk_set_free(set);
    rk_secret_free(secret);
}
END_TEST

/* RFC 7515 A.1 in the form that everybody knows, with its header. */
START_TEST(a_token_is_signed_as_others_sign_it)
{
    static const char key[] = "your-256-bit-secret";
    RK_AUTO(rk_secret) *secret = NULL;
    const char *token;

    ck_ok(rk_secret_copy(&secret, op, key, strlen(key)));
    ck_ok(rk_jwt_sign(&token, op, RK_JWT_SIGN_HS256, secret,
                      "{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"iat\":1516239022}"));
    ck_assert_str_eq(token, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
                            "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5"
                            "MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c");
}
END_TEST

START_TEST(signing_survives_a_lack_of_memory)
{
    RK_AUTO(rk_secret) *secret = NULL;
    const char *token;
    int result = -1;

    ck_ok(rk_secret_copy(&secret, op, "key", 3));
    for (int n = 1; n < 100 && result < 0; n++) {
        rk_op one;

        ck_assert_int_eq(rk_op_begin(&one), 0);
        result = unit_without(n, rk_jwt_sign(&token, &one, RK_JWT_SIGN_HS256, secret, "{}"));
        ck_assert_int_eq(result, result < 0 ? RK_ERR_NO_MEMORY : 0);
        rk_op_end(&one);
    }
    ck_assert_int_eq(result, 0);
}
END_TEST

/* --- reading ---------------------------------------------------------------------------------- */

static const char *const odd_tokens[] = {
    "",
    ".",
    "..",
    "...",
    "a",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "a.b.c.d.e",
    "e30.e30.",
    ".e30.e30",
    "e30..e30",
    "e30.e30.e30", /* {} names no algorithm */
    "eyJhbGciOiJSUzI1NiJ9 .e30.e30",
    "eyJhbGciOiJSUzI1NiJ9.e30.e30=",
    "eyJhbGciOiJSUzI1NiJ9=.e30.e30",
    "eyJhbGciOiJSUzI1NiJ9.e30.e30\n",
    "eyJhbGciOiJSUzI1NiJ9.e30.e+0",
    "eyJhbGciOiJSUzI1NiJ9.e30.e/0",
    "eyJhbGciOiJSUzI1NiK9.e30.e30", /* no JSON any more */
    "eyJhbGciOiJub25lIn0.e30.e30",  /* none */
};

/* Spec: authentication.md 3.2 */
START_TEST(what_is_no_token_is_refused)
{
    rk_jwt jwt;

    ck_fails(rk_jwt_read(&jwt, op, odd_tokens[_i]), RK_ERR_INVALID_TOKEN);
}
END_TEST

static const char *const odd_headers[] = {
    "[]",
    "null",
    "1",
    "\"x\"",
    "{\"alg\":1}",
    "{\"alg\":null}",
    "{\"alg\":\"\"}",
    "{\"alg\":\"rs256\"}",
    "{\"alg\":\"none\"}",
    "{\"alg\":\"HS256\"}",
    "{\"alg\":\"ES256K\"}",
    "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}",
    "{\"alg\":\"RS256\",\"kid\":1}",
    "{\"alg\":\"RS256\",\"kid\":\"a\\u0000b\"}",
    "{\"alg\":\"RS256\",\"crit\":[\"exp\"]}",
    "{\"alg\":\"RS256\",\"crit\":null}",
    "{\"alg\":\"RS256\",\"b64\":false}",
    "{\"alg\":\"RS256\"}x",
    "{\"alg\":\"RS256\"",
    "{'alg':'RS256'}",
    "{\"alg\":\"RS256\",}",
    "/**/{\"alg\":\"RS256\"}",
    "{\"alg\":\"RS256\",\"x\":\"\xff\"}",
    "{\"alg\":\"RS256\",\"x\":\"\xc0\x80\"}",
    "{\"alg\":\"none\",\"alg\":\"RS256\"}",
    "{\"alg\":\"RS256\",\"x\":[{\"y\":1,\"y\":2}]}",
    "{\"alg\":\"RS256\",\"x\":\"\\ud800\"}",
    "{\"alg\":\"RS256\",\"x\":\"\\udc00\"}",
    "{\"alg\":\"RS256\",\"x\":\"\\\\\\udfff\\ud800\"}",
    "{\"alg\":\"RS256\",\"x\":\"\\ud83d\\ud83d\\ude00\"}",
    "{\"alg\":\"RS256\",\"\\ud800\\u0041\":1}",
    "{\"alg\":\"RS256\",\"x\":NaN}",
    "{\"alg\":\"RS256\",\"x\":-Infinity}",
};

/* Spec: authentication.md 3.2 */
START_TEST(an_odd_header_is_refused)
{
    rk_jwt jwt;

    ck_fails(rk_jwt_read(&jwt, op, compact(odd_headers[_i], "{}", "x")), RK_ERR_INVALID_TOKEN);
}
END_TEST

START_TEST(keys_in_the_header_are_not_looked_at)
{
    rk_jwt jwt;

    ck_ok(rk_jwt_read(
        &jwt, op,
        compact(
            "{\"alg\":\"RS256\",\"kid\":\"a\",\"jku\":1,\"jwk\":[],\"x5u\":{\":N\\\\\":\"\\\":\"}}",
            "{}", "x")));
    ck_assert_str_eq(jwt.kid, "a");
}
END_TEST

START_TEST(a_token_of_more_than_16_kib_is_refused)
{
    char *token = rk_alloc(op, RK_JWT_MAX_BYTES + 2, 1);
    rk_jwt jwt;

    memset(token, 'A', RK_JWT_MAX_BYTES + 1);
    memcpy(token, "eyJhbGciOiJSUzI1NiJ9.e30.", 25);
    ck_fails(rk_jwt_read(&jwt, op, token), RK_ERR_INVALID_TOKEN);
    rk_error_clear(op);
    token[RK_JWT_MAX_BYTES] = '\0';
    ck_ok(rk_jwt_read(&jwt, op, token));
}
END_TEST

static int read_token(rk_op *fresh, void *unused)
{
    rk_jwt jwt;

    (void)unused;
    return rk_jwt_read(&jwt, fresh, VECTOR_RS256);
}

START_TEST(reading_survives_a_lack_of_memory)
{
    unit_lack_memory(read_token, NULL);
}
END_TEST

/* --- keys ------------------------------------------------------------------------------------- */

static const struct {
    const char *list;
    unsigned bits;
} lists[] = {
    {"RS256",              RK_JWT_ALG_BIT(RK_JWT_RS256)                               },
    {" RS256 , ES384 ",    RK_JWT_ALG_BIT(RK_JWT_RS256) | RK_JWT_ALG_BIT(RK_JWT_ES384)},
    {"PS512,HS512,none,X", RK_JWT_ALG_BIT(RK_JWT_PS512)                               },
    {"EdDSA,,",            RK_JWT_ALG_BIT(RK_JWT_EDDSA)                               },
    {"HS512",              0                                                          },
    {"none",               0                                                          },
    {"rs256",              0                                                          },
    {",",                  0                                                          },
    {"",                   0                                                          },
};

/* Spec: foundations.md 22.3 */
START_TEST(a_list_of_algorithms_is_read)
{
    unsigned bits = 0;
    int result = rk_jwt_algs_parse(&bits, op, lists[_i].list);

    ck_assert_int_eq(result, lists[_i].bits ? 0 : RK_ERR_CONFIGURATION);
    ck_assert_uint_eq(bits, lists[_i].bits);
}
END_TEST

static const struct {
    const char *text;
    size_t count; /* 0 is refused */
} sets[] = {
    {VECTOR_KEYS,                                                                     6},
    {" " VECTOR_KEYS "\n",                                                            6},
    {"",                                                                              0},
    {"nonsense",                                                                      0},
    {"[]",                                                                            0},
    {"{}",                                                                            0},
    {"{\"keys\":{}}",                                                                 0},
    {"{\"keys\":[]}",                                                                 0},
    {"{\"keys\":[1,null,[],\"x\",{}]}",                                               0},
    {"{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"eA\"}]}",                     0},
    {"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\"}]}",                                  0},
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\",\"x\":\"AA\"}]}", 0},
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\",\"x\":\"A+\"}]}", 0},
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\"}]}",              0},
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\","
     "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",                 1},
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\",\"use\":\"enc\","
     "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",                 0},
};

/* Spec: authentication.md 3.1, 7 */
START_TEST(a_key_set_holds_what_can_be_used)
{
    rk_jwk_set *set = NULL;
    int result = rk_jwk_set_parse(&set, op, sets[_i].text, strlen(sets[_i].text));

    ck_assert_int_eq(result, sets[_i].count ? 0 : RK_ERR_INTERNAL);
    if (result == 0)
        ck_assert_uint_eq(rk_jwk_set_count(set), sets[_i].count);
    rk_jwk_set_free(set);
}
END_TEST

START_TEST(a_key_set_is_counted)
{
    rk_jwk_set *set = keys();
    rk_jwk_set *held = rk_jwk_set_retain(set);

    rk_jwk_set_free(set);
    ck_assert_ptr_nonnull(rk_jwk_set_lookup(held, "rsa"));
    ck_assert_ptr_null(rk_jwk_set_lookup(held, "RSA"));
    ck_assert_ptr_null(rk_jwk_set_lookup(held, ""));
    rk_jwk_set_free(held);
    rk_jwk_set_free(NULL);
}
END_TEST

static int read_keys(rk_op *fresh, void *unused)
{
    rk_jwk_set *set = NULL;
    int result = rk_jwk_set_parse(&set, fresh, VECTOR_KEYS, strlen(VECTOR_KEYS));

    (void)unused;
    rk_jwk_set_free(set);
    return result;
}

START_TEST(reading_keys_survives_a_lack_of_memory)
{
    unit_lack_memory(read_keys, NULL);
}
END_TEST

UNIT_SUITE(jwt)
{
    TCase *signatures = unit_case(suite, "signatures");
    TCase *reading = unit_case(suite, "reading");
    TCase *sets_of_keys = unit_case(suite, "keys");

    unit_table(signatures, a_signature_of_another_library_is_verified, signed_tokens);
    unit_table(signatures, a_key_of_another_kind_is_refused, signed_tokens);
    unit_table(signatures, an_algorithm_that_is_not_allowed_is_refused, signed_tokens);
    unit_table(signatures, a_changed_token_is_refused, signed_tokens);
    tcase_add_test(signatures, a_secret_verifies_hs512_only);
    tcase_add_test(signatures, a_token_is_signed_as_others_sign_it);
    tcase_add_test(signatures, signing_survives_a_lack_of_memory);
    unit_table(reading, what_is_no_token_is_refused, odd_tokens);
    unit_table(reading, an_odd_header_is_refused, odd_headers);
    tcase_add_test(reading, keys_in_the_header_are_not_looked_at);
    tcase_add_test(reading, a_token_of_more_than_16_kib_is_refused);
    tcase_add_test(reading, reading_survives_a_lack_of_memory);
    unit_table(sets_of_keys, a_list_of_algorithms_is_read, lists);
    unit_table(sets_of_keys, a_key_set_holds_what_can_be_used, sets);
    tcase_add_test(sets_of_keys, a_key_set_is_counted);
    tcase_add_test(sets_of_keys, reading_keys_survives_a_lack_of_memory);
}
