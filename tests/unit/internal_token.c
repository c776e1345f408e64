/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/internal_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "librenku/base/time.h"
#include "librenku/crypto/secret.h"
#include "tests/unit/unit.h"

/* The bytes 00 to 3f. */
static const char key_text[] =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1"
    "Njc4OTo7PD0-Pw==";

static char path[64];

static const char *key_file(const char *content)
{
    strcpy(path, "/tmp/renku-unit-XXXXXX");

    int file = mkstemp(path);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
    close(file);
    return path;
}

static int issuer_new(rk_internal_issuer **out, const char *content)
{
    const rk_internal_options options = {
        .key_path = content ? key_file(content) : NULL,
        .name = "renku-self",
        .audience = "renku-self",
        .access_s = 900,
        .refresh_s = 3600,
        .long_refresh_s = 86400,
    };
    int result = rk_internal_issuer_new(out, op, &options);

    if (content)
        unlink(path);
    return result;
}

static const rk_internal_subject jane = {
    .sub = "11111111-2222-3333-4444-555555555555",
    .email = "jane@example.org",
    .name = "Jane Doe",
    .given_name = "Jane",
    .family_name = "Doe",
    .scope = "session:jane-abc123",
};

/* Spec: authentication.md 5.1: the example */
START_TEST(the_token_is_that_of_the_specification)
{
    static const char wanted[] =
        "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9."
        "eyJzdWIiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUiLCJlbWFpbCI6ImphbmVAZXhhbXBsZS"
        "5v"
        "cmciLCJuYW1lIjoiSmFuZSBEb2UiLCJnaXZlbl9uYW1lIjoiSmFuZSIsImZhbWlseV9uYW1lIjoiRG9lIiwiZXhwIj"
        "ox"
        "NzAwMDAwOTAwLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTY5OTk5OTk5OSwiaXNzIjoicmVua3Utc2VsZiIsImF1ZC"
        "I6"
        "InJlbmt1LXNlbGYiLCJqdGkiOiIwMUoyRjg2V1M3UzhONjE1OVdBM1g0MDQySCIsInR5cCI6IkJlYXJlciIsInNjb3"
        "Bl"
        "Ijoic2Vzc2lvbjpqYW5lLWFiYzEyMyJ9."
        "41eETVWNq92Tj9Ep4CMWnX3ZHuoa15PCJ-fqvMX5Sd3rvhYniPoUwi8I2wrc0XCoMz9dz_TEzczNd0GuJkhf3Q";
    const rk_internal_grant grant = {RK_TOKEN_ACCESS, 900, 1700000000,
                                     "01J2F86WS7S8N6159WA3X4042H"};
    rk_internal_issuer *issuer;
    const char *token;

    ck_ok(issuer_new(&issuer, key_text));
    ck_ok(rk_internal_token_mint(&token, op, issuer, &jane, &grant));
    ck_assert_str_eq(token, wanted);

    rk_internal_subject subject;

    ck_fails(rk_internal_token_verify(&subject, op, issuer, token, RK_TOKEN_ACCESS),
             RK_ERR_INVALID_TOKEN); /* it expired in 2023 */
    rk_internal_issuer_free(issuer);
}
END_TEST

/* Spec: authentication.md 5.2 */
START_TEST(what_was_minted_is_verified)
{
    rk_internal_issuer *issuer, *other;
    rk_internal_subject subject;
    const char *token;

    ck_ok(issuer_new(&issuer, NULL));
    ck_ok(issuer_new(&other, NULL));
    for (rk_token_type type = RK_TOKEN_ACCESS; type <= RK_TOKEN_REFRESH; type++) {
        const rk_internal_grant grant = {.type = type, .lifetime_s = 60};
        rk_token_type wrong = type == RK_TOKEN_ACCESS ? RK_TOKEN_REFRESH : RK_TOKEN_ACCESS;

        ck_ok(rk_internal_token_mint(&token, op, issuer, &jane, &grant));
        ck_ok(rk_internal_token_verify(&subject, op, issuer, token, type));
        ck_assert_str_eq(subject.sub, jane.sub);
        ck_assert_str_eq(subject.email, jane.email);
        ck_assert_str_eq(subject.scope, jane.scope);
        ck_assert_int_ge(subject.expires.value, rk_time_now() / 1000000 + 58);
        ck_fails(rk_internal_token_verify(&subject, op, issuer, token, wrong),
                 RK_ERR_INVALID_TOKEN);
        rk_error_clear(op);
        ck_fails(rk_internal_token_verify(&subject, op, other, token, type), RK_ERR_INVALID_TOKEN);
        rk_error_clear(op);
    }
    rk_internal_issuer_free(issuer);
    rk_internal_issuer_free(other);
}
END_TEST

START_TEST(lives_are_those_of_the_settings)
{
    rk_internal_issuer *issuer;

    ck_ok(issuer_new(&issuer, NULL));
    ck_assert_int_eq(rk_internal_access_s(issuer), 900);
    ck_assert_int_eq(rk_internal_refresh_s(issuer), 3600);
    ck_assert_int_eq(rk_internal_long_refresh_s(issuer), 86400);
    rk_internal_issuer_free(issuer);
    rk_internal_issuer_free(NULL);
}
END_TEST

static const rk_internal_subject halves[] = {
    {.sub = NULL, .email = NULL},
    {.sub = "x",  .email = NULL},
    {.sub = NULL, .email = "x" },
    {.sub = "",   .email = "x" },
    {.sub = "x",  .email = ""  },
};

/* Spec: authentication.md 5.1 */
START_TEST(half_a_subject_gets_no_token)
{
    const rk_internal_grant grant = {.type = RK_TOKEN_ACCESS, .lifetime_s = 60};
    rk_internal_issuer *issuer;
    const char *token;

    ck_ok(issuer_new(&issuer, NULL));
    ck_fails(rk_internal_token_mint(&token, op, issuer, &halves[_i], &grant), RK_ERR_INTERNAL);
    rk_internal_issuer_free(issuer);
}
END_TEST

static const struct {
    const char *content;
    bool good;
} files[] = {
    {key_text,                  true },
    {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj\nJCUmJygpKissLS4vMDEyMzQ1\r\n"
     "Njc4OTo7PD0-Pw==\n", true },
    {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1"
     "Njc4OTo7PD0-Pw",     false}, /* no padding */
    {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1"
     "Njc4OTo7PD0+Pw==",   false}, /* the other alphabet */
    {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1"
     "Njc4OTo7PD0-",       false}, /* 63 bytes */
    {"",                        false},
    {"!",                       false},
    {"not a key at all",        false},
};

/* Spec: authentication.md 5.1 */
START_TEST(a_key_file_holds_64_bytes_in_base64url)
{
    rk_internal_issuer *issuer = NULL;
    int result = issuer_new(&issuer, files[_i].content);

    ck_assert_int_eq(result, files[_i].good ? 0 : RK_ERR_CONFIGURATION);
    if (result < 0)
        ck_assert_ptr_nonnull(strstr(op->error.message, path));
    rk_internal_issuer_free(issuer);
}
END_TEST

static const char *const unreadable[] = {"/nonexistent/key", "/tmp",           "/dev/null",
                                         "/dev/zero",        "/proc/self/mem", ""};

START_TEST(a_file_that_cannot_be_read_is_named)
{
    rk_secret *secret;

    ck_fails(rk_secret_read(&secret, op, unreadable[_i]), RK_ERR_CONFIGURATION);
    ck_assert_ptr_nonnull(strstr(op->error.message, unreadable[_i]));
}
END_TEST

START_TEST(a_large_file_is_refused)
{
    static char content[RK_SECRET_FILE_MAX_BYTES + 2];
    rk_secret *secret;

    memset(content, 'x', sizeof content - 1);
    ck_fails(rk_secret_read(&secret, op, key_file(content)), RK_ERR_CONFIGURATION);
    rk_error_clear(op);
    unlink(path);
    content[RK_SECRET_FILE_MAX_BYTES] = '\0';
    ck_ok(rk_secret_read(&secret, op, key_file(content)));
    ck_assert_uint_eq(secret->size_bytes, RK_SECRET_FILE_MAX_BYTES);
    unlink(path);
    rk_secret_free(secret);
}
END_TEST

static int mint(rk_op *fresh, void *issuer)
{
    const rk_internal_grant grant = {.type = RK_TOKEN_ACCESS, .lifetime_s = 60};
    const char *token;

    return rk_internal_token_mint(&token, fresh, issuer, &jane, &grant);
}

START_TEST(a_lack_of_memory_is_told)
{
    rk_internal_issuer *issuer;

    ck_ok(issuer_new(&issuer, NULL));
    unit_lack_memory(mint, issuer);
    rk_internal_issuer_free(issuer);
}
END_TEST

START_TEST(without_memory_there_is_no_issuer)
{
    rk_internal_issuer *issuer = NULL;

    ck_fails(unit_without(1, rk_internal_issuer_new(&issuer, op, &(rk_internal_options){0})),
             RK_ERR_NO_MEMORY);
    ck_assert_ptr_null(issuer);
}
END_TEST

UNIT_SUITE(internal_token)
{
    TCase *format = unit_case(suite, "authentication.md 5.1");
    TCase *verification = unit_case(suite, "authentication.md 5.2");

    tcase_add_test(format, the_token_is_that_of_the_specification);
    tcase_add_test(format, lives_are_those_of_the_settings);
    unit_table(format, half_a_subject_gets_no_token, halves);
    unit_table(format, a_key_file_holds_64_bytes_in_base64url, files);
    unit_table(format, a_file_that_cannot_be_read_is_named, unreadable);
    tcase_add_test(format, a_large_file_is_refused);
    tcase_add_test(format, a_lack_of_memory_is_told);
    tcase_add_test(format, without_memory_there_is_no_issuer);
    tcase_add_test(verification, what_was_minted_is_verified);
}
