/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/symmetric.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "librenku/crypto/pbkdf2.h"
#include "librenku/crypto/secret.h"
#include "tests/unit/unit.h"

#define USER "11111111-2222-3333-4444-555555555555"
#define USER_KEY "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgoM"
#define PASSWORD "correct-horse-battery-staple"
#define PASSWORD_KEY "iyoaxoD2bm-3EEnskA40RLSHquaaL2JqCP0NgxUAJ9A="
#define RANDOM "yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc="
#define INNER                                                                                      \
    "gAAAAABlU_EBEBESExQVFhcYGRobHB0eH2RIth0pjL5f0mjTRD4fmrX1qJXb52hCdlRLEWatev3f0L8oVvkS2eANUTQJ" \
    "zEjpGg=="

/* The bytes 00 to 1f. */
static const char master[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                             "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

static rk_bytes bytes(const char *text)
{
    return (rk_bytes){text, strlen(text)};
}

static rk_symmetric_key key_of(const char *text)
{
    rk_symmetric_key key;

    ck_ok(rk_symmetric_key_parse(&key, op, text));
    return key;
}

static const struct {
    const char *password, *key;
} derived[] = {
    {PASSWORD, PASSWORD_KEY                                  },
    {USER_KEY, "bP5tf6WeGdy2sRUrcJEcwqe8ix6C8dHpUsV8Ls5bVds="},
};

/* Spec: secrets.md 4.1, 4.8 */
START_TEST(a_key_is_derived)
{
    const rk_bytes password = bytes(derived[_i].password);
    char text[RK_SYMMETRIC_KEY_LENGTH + 1];
    rk_symmetric_key key;

    ck_ok(rk_symmetric_derive(&key, op, &password, USER));
    rk_symmetric_key_print(text, &key);
    ck_assert_str_eq(text, derived[_i].key);
    rk_symmetric_key_wipe(&key);
    rk_symmetric_key_print(text, &key);
    ck_assert_str_eq(text, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}
END_TEST

/* Passwords beyond a block of the hash, salts of any length, few rounds. Spec: secrets.md 4.1 */
START_TEST(a_derivation_is_that_of_libcrypto)
{
    char text[200], salt[150] = "";
    unsigned char ours[RK_PBKDF2_BYTES], theirs[RK_PBKDF2_BYTES];
    const rk_bytes password = {text, (size_t)_i};

    RAND_bytes((unsigned char *)text, sizeof(text));
    for (int i = 0; i < _i % (int)sizeof(salt); i++)
        salt[i] = (char)('!' + (_i + i) % 90);
    rk_pbkdf2(ours, &password, salt, 1 + _i % 7);
    ck_assert_int_eq(PKCS5_PBKDF2_HMAC(text, _i, (const unsigned char *)salt, (int)strlen(salt),
                                       1 + _i % 7, EVP_sha256(), sizeof(theirs), theirs),
                     1);
    ck_assert_mem_eq(ours, theirs, sizeof(ours));
}
END_TEST

/* Spec: secrets.md 4.3: the vector */
START_TEST(a_token_is_that_of_the_specification)
{
    const rk_symmetric_key key = key_of(PASSWORD_KEY);
    const rk_bytes plain = bytes("hello renku");
    rk_symmetric_stamp stamp = {.seconds = 1700000000};
    const char *token;
    rk_bytes opened;

    for (unsigned char i = 0; i < RK_SYMMETRIC_IV_BYTES; i++)
        stamp.iv[i] = i;
    ck_ok(rk_symmetric_seal(&token, op, &key, &plain, &stamp));
    ck_assert_str_eq(token,
                     "gAAAAABlU_EAAAECAwQFBgcICQoLDA0OD_0os7tCOfOL9U9ovHRFuARPtoCNKjUbwANfcnehIRWX"
                     "mSR0-MuIDmw3973M4syLOw==");
    ck_ok(rk_symmetric_open(&opened, op, &key, token));
    ck_assert_str_eq(opened.bytes, "hello renku");
}
END_TEST

static const struct {
    rk_bytes password;
    const char *token, *text;
} stored[] = {
    {{master, 32},
     "gAAAAABlU_"
     "EAAAECAwQFBgcICQoLDA0ODwge2zxkPqxte7vuRSysiVE7FVBCqhpFpmUTNlqFf2NzaxL4qr2rhBU2c3sJwV"
     "R_FF_vuYfVkD5yUcnLlN5ip___pR8DzA7KH2Dr0cVoGY1O", USER_KEY       },
    {{USER_KEY, sizeof USER_KEY - 1}, INNER,           "s3cr3t-välue"},
    {{RANDOM, sizeof RANDOM - 1},
     "gAAAAABlU_ECICEiIyQlJicoKSorLC0uLyRONGpzgKhhgk5VUOXsW6iGiPHP9yEOHrK3g7NUtPiGM4gCNLaN72Y2sld-"
     "zp"
     "4taESKyxq5k90j1OjeHiO27fVqYuNO0ymQH2aJNehzrEV1PVaAMpPUH8x-"
     "bpAFoOK6RuZHyz8TrnhjGUM8tgfiSyjiR82A"
     "aqlIPVVBk00QlFsRcxzH1V-G21lFCEhQErOxNg==",       INNER          },
};

/* Spec: secrets.md 4.8 */
START_TEST(stored_values_can_be_read)
{
    const char *text;

    ck_ok(rk_symmetric_decrypt(&text, op, &stored[_i].password, USER, stored[_i].token));
    ck_assert_str_eq(text, stored[_i].text);
}
END_TEST

static const struct {
    size_t plain, token;
} lengths[] = {
    {0,    100 },
    {11,   100 },
    {15,   100 },
    {16,   120 },
    {43,   140 },
    {5000, 6756},
};

/* Spec: secrets.md 4.2 */
START_TEST(the_length_of_a_token_follows_from_that_of_the_text)
{
    const rk_symmetric_key key = key_of(PASSWORD_KEY);
    char *text = rk_alloc(op, lengths[_i].plain + 1, 1);
    rk_bytes opened;
    const char *token;

    memset(text, 'x', lengths[_i].plain);

    const rk_bytes plain = bytes(text);

    ck_ok(rk_symmetric_seal(&token, op, &key, &plain, NULL));
    ck_assert_uint_eq(strlen(token), lengths[_i].token);
    ck_ok(rk_symmetric_open(&opened, op, &key, token));
    ck_assert_uint_eq(opened.size_bytes, lengths[_i].plain);
    ck_assert_str_eq(opened.bytes, text);
}
END_TEST

START_TEST(no_two_tokens_are_equal)
{
    const rk_symmetric_key key = key_of(PASSWORD_KEY);
    const rk_bytes plain = bytes("x");
    const char *one, *other;

    ck_ok(rk_symmetric_seal(&one, op, &key, &plain, NULL));
    ck_ok(rk_symmetric_seal(&other, op, &key, &plain, NULL));
    ck_assert_str_ne(one, other);
}
END_TEST

/* Spec: secrets.md 4.2 */
START_TEST(a_changed_token_is_refused)
{
    const rk_symmetric_key key = key_of(PASSWORD_KEY);
    const rk_bytes plain = bytes("hello renku");
    const char *sealed;
    rk_bytes opened;

    ck_ok(rk_symmetric_seal(&sealed, op, &key, &plain, NULL));
    char *token = rk_strdup(op, sealed);

    for (size_t i = 0; token[i] && token[i] != '='; i++) {
        char before = token[i];

        token[i] = before == 'A' ? 'B' : 'A';
        ck_fails(rk_symmetric_open(&opened, op, &key, token), RK_ERR_DECRYPTION);
        rk_error_clear(op);
        token[i] = before;
    }
    for (size_t length = strlen(token); length-- > 0;) {
        token[length] = '\0';
        ck_fails(rk_symmetric_open(&opened, op, &key, token), RK_ERR_DECRYPTION);
        rk_error_clear(op);
    }
}
END_TEST

static const char *const odd_keys[] = {
    "",
    "x",
    USER_KEY "=x",
    "iyoaxoD2bm-3EEnskA40RLSHquaaL2JqCP0NgxUAJ9A",
    "iyoaxoD2bm+3EEnskA40RLSHquaaL2JqCP0NgxUAJ9A=",
    "iyoaxoD2bm-3EEnskA40RLSHquaaL2JqCP0NgxUAJ9AAAA==",
};

START_TEST(what_is_no_key_is_refused)
{
    rk_symmetric_key key;

    ck_fails(rk_symmetric_key_parse(&key, op, odd_keys[_i]), RK_ERR_INTERNAL);
}
END_TEST

/* Spec: secrets.md 4.3 */
START_TEST(a_text_goes_there_and_back)
{
    const rk_bytes password = bytes(PASSWORD), other = bytes("other");
    const char *token, *text;

    ck_ok(rk_symmetric_encrypt(&token, op, &password, USER, "s3cr3t"));
    ck_ok(rk_symmetric_decrypt(&text, op, &password, USER, token));
    ck_assert_str_eq(text, "s3cr3t");
    ck_fails(rk_symmetric_decrypt(&text, op, &password, "salt", token), RK_ERR_DECRYPTION);
    rk_error_clear(op);
    ck_fails(rk_symmetric_decrypt(&text, op, &other, USER, token), RK_ERR_DECRYPTION);
}
END_TEST

START_TEST(what_is_too_long_is_neither_a_password_nor_a_secret)
{
    rk_symmetric_key key = key_of(PASSWORD_KEY);
    const rk_bytes endless = {"", (size_t)64 * 1024 * 1024 + 1};
    const char *token;

    ck_fails(rk_symmetric_derive(&key, op, &endless, USER), RK_ERR_INTERNAL);
    rk_error_clear(op);
    ck_fails(rk_symmetric_seal(&token, op, &key, &endless, NULL), RK_ERR_INTERNAL);
    ck_assert_str_eq(op->error.message, "A secret cannot be encrypted.");
}
END_TEST

static int seal_and_open(rk_op *fresh, void *key)
{
    const rk_bytes plain = bytes("hello renku");
    const char *token;
    rk_bytes opened;

    RK_TRY(rk_symmetric_seal(&token, fresh, key, &plain, NULL));
    return rk_symmetric_open(&opened, fresh, key, token);
}

START_TEST(a_lack_of_memory_is_told)
{
    rk_symmetric_key key = key_of(PASSWORD_KEY);

    unit_lack_memory(seal_and_open, &key);
}
END_TEST

UNIT_SUITE(symmetric)
{
    TCase *keys = unit_case(suite, "secrets.md 4.1");
    TCase *tokens = unit_case(suite, "secrets.md 4.2");
    TCase *texts = unit_case(suite, "secrets.md 4.3");

    unit_table(keys, a_key_is_derived, derived);
    tcase_add_loop_test(keys, a_derivation_is_that_of_libcrypto, 0, 200);
    unit_table(keys, what_is_no_key_is_refused, odd_keys);
    tcase_add_test(tokens, a_token_is_that_of_the_specification);
    unit_table(tokens, the_length_of_a_token_follows_from_that_of_the_text, lengths);
    tcase_add_test(tokens, no_two_tokens_are_equal);
    tcase_add_test(tokens, a_changed_token_is_refused);
    tcase_add_test(tokens, what_is_too_long_is_neither_a_password_nor_a_secret);
    tcase_add_test(tokens, a_lack_of_memory_is_told);
    unit_table(texts, stored_values_can_be_read, stored);
    tcase_add_test(texts, a_text_goes_there_and_back);
}
