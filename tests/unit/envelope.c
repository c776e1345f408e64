/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/envelope.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "librenku/crypto/keys.h"
#include "tests/unit/rsa_vectors.h"
#include "tests/unit/unit.h"

#define USER "11111111-2222-3333-4444-555555555555"
#define USER_KEY "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgoM"
#define INNER                                                                                      \
    "gAAAAABlU_EBEBESExQVFhcYGRobHB0eH2RIth0pjL5f0mjTRD4fmrX1qJXb52hCdlRLEWatev3f0L8oVvkS2eANUTQJ" \
    "zEjpGg=="
#define VALUE                                                                                      \
    "gAAAAABlU_ECICEiIyQlJicoKSorLC0uLyRONGpzgKhhgk5VUOXsW6iGiPHP9yEOHrK3g7NUtPiGM4gCNLaN72Y2sld-" \
    "zp4taESKyxq5k90j1OjeHiO27fVqYuNO0ymQH2aJNehzrEV1PVaAMpPUH8x-bpAFoOK6RuZHyz8TrnhjGUM8tgfiSyji" \
    "R82AaqlIPVVBk00QlFsRcxzH1V-G21lFCEhQErOxNg=="
#define KEY                                                                                        \
    "u5EikrqIYuY2IP5rSSlJR+D7zth6ZMLln6Kg2EYNAHTI4T1EjTGuskAB9samUBfwYTii7/OG7y2rEpevni1NQfZVPrMJ" \
    "WWOU7/3a6+7obdLmgmSQ6jkp5Y6vzq4TyrnFSE9Jbu563SRWFNXboXlys5CncPn8GR031G0Rio1rQxKh6RoDCvWmMJFz" \
    "Ah9v1cDLMBOcFndpAnqatWGdE/buUvkhHLzUFUgUPmH9nSKaZLozYPe4bTbN3Q0N2nKxzT3/U9V441ScRBd2NnF6DHOy" \
    "Irg+jLt0PbqxO/AOHXoyq643Z6UeKaUFWrwobg5ArQzWMfJlBfHGRu7tXFbnHVmOZg=="

static rk_rsa *private_key(void)
{
    const rk_bytes pem = {private_pem, strlen(private_pem)};
    rk_rsa *key = NULL;

    ck_ok(rk_rsa_parse_private(&key, op, &pem));
    return key;
}

/* Spec: secrets.md 4.8: encrypted_value and encrypted_key give T1, and T1 gives v */
START_TEST(the_envelope_of_the_specification_opens)
{
    static unsigned char wrapped[256];
    const rk_envelope_owner owner = {USER, 0};
    const rk_bytes password = {USER_KEY, strlen(USER_KEY)};
    RK_AUTO(rk_rsa) *key = private_key();
    const char *inner, *value;
    size_t size;

    ck_assert_int_eq(sodium_base642bin(wrapped, sizeof(wrapped), KEY, strlen(KEY), NULL, &size,
                                       NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    const rk_envelope envelope = {
        VALUE, {wrapped, size}
    };

    ck_ok(rk_envelope_open(&inner, op, key, &owner, &envelope));
    ck_assert_str_eq(inner, INNER);
    ck_ok(rk_symmetric_decrypt(&value, op, &password, USER, inner));
    ck_assert_str_eq(value, "s3cr3t-v\u00e4lue");
}
END_TEST

/* Spec: secrets.md 4.5 */
START_TEST(an_envelope_is_for_its_owner)
{
    const rk_envelope_owner owner = {USER, 1}, other = {"other", 1};
    RK_AUTO(rk_rsa) *key = private_key();
    RK_AUTO(rk_rsa) *half = NULL;
    rk_envelope one, two;
    const char *inner;

    ck_ok(rk_rsa_public_of(&half, op, key));
    ck_ok(rk_envelope_seal(&one, op, half, &owner, INNER));
    ck_ok(rk_envelope_seal(&two, op, half, &owner, INNER));
    ck_assert_str_ne(one.value, two.value);
    ck_ok(rk_envelope_open(&inner, op, key, &owner, &one));
    ck_assert_str_eq(inner, INNER);
    ck_fails(rk_envelope_open(&inner, op, key, &other, &one), RK_ERR_DECRYPTION);
    rk_error_clear(op);
    two.key = one.key;
    ck_fails(rk_envelope_open(&inner, op, key, &owner, &two), RK_ERR_DECRYPTION);
}
END_TEST

/* --- the keys of a context -------------------------------------------------------------------- */

static char encryption_path[] = "/tmp/renku-key-XXXXXX";
static char public_path[] = "/tmp/renku-pem-XXXXXX";

static void write_file(char *path, const char *text, size_t size)
{
    int file = mkstemp(path);

    ck_assert_int_eq(write(file, text, size), (ssize_t)size);
    close(file);
}

/* Spec: secrets.md 4.4, 8: the key file counts byte for byte */
START_TEST(the_key_of_the_service_is_its_file)
{
    static const char master[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                                 "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
                                 "\n";
    static const char stored[] =
        "gAAAAABlU_EAAAECAwQFBgcICQoLDA0ODwge2zxkPqxte7vuRSysiVE7FVBCqhpFpmUTNlqFf2NzaxL4qr2rhBU2"
        "c3sJwVR_FF_vuYfVkD5yUcnLlN5ip___pR8DzA7KH2Dr0cVoGY1O";
    const rk_keys_options options = {encryption_path, public_path, false};
    const char *text;

    write_file(encryption_path, master, 32 + (size_t)_i);
    write_file(public_path, public_pem, strlen(public_pem));
    ck_ok(rk_keys_new(&op->keys, op, &options));
    unlink(encryption_path);
    unlink(public_path);
    if (_i == 0)
        ck_ok(rk_keys_decrypt(&text, op, USER, stored));
    else
        ck_fails(rk_keys_decrypt(&text, op, USER, stored), RK_ERR_DECRYPTION);
    if (_i == 0)
        ck_assert_str_eq(text, USER_KEY);
    rk_keys_free(op->keys);
}
END_TEST

/* Spec: secrets.md 4.9: a derived key may be kept */
START_TEST(a_derived_key_is_kept)
{
    const rk_keys_options options = {NULL, NULL, true};
    const rk_bytes password = {USER_KEY, strlen(USER_KEY)};
    rk_symmetric_key key;
    char text[RK_SYMMETRIC_KEY_LENGTH + 1];

    ck_ok(rk_keys_new(&op->keys, op, &options));
    ck_assert_uint_eq(rk_keys_derived_count(op->keys), 0);
    for (int i = 0; i < 3; i++) {
        ck_ok(rk_keys_derive(&key, op, &password, USER));
        rk_symmetric_key_print(text, &key);
        ck_assert_str_eq(text, "bP5tf6WeGdy2sRUrcJEcwqe8ix6C8dHpUsV8Ls5bVds=");
        ck_assert_uint_eq(rk_keys_derived_count(op->keys), 1);
    }
    ck_ok(rk_keys_derive(&key, op, &password, "other"));
    ck_assert_uint_eq(rk_keys_derived_count(op->keys), 2);
    rk_keys_free(op->keys);
}
END_TEST

START_TEST(without_keys_nothing_is_encrypted)
{
    const rk_rsa *key;
    const char *text;

    ck_fails(rk_keys_encrypt(&text, op, USER, "x"), RK_ERR_CONFIGURATION);
    rk_error_clear(op);
    ck_fails(rk_keys_public(&key, op), RK_ERR_CONFIGURATION);
}
END_TEST

/* Spec: secrets.md 6.1: outside of development a path is needed */
START_TEST(a_missing_key_is_named)
{
    const rk_keys_options unset = {NULL, NULL, false};
    const rk_keys_options missing = {"/nonexistent/key", NULL, false};
    rk_keys *keys;

    ck_fails(rk_keys_new(&keys, op, &unset), RK_ERR_CONFIGURATION);
    ck_assert_ptr_nonnull(strstr(op->error.message, "ENCRYPTION_KEY_PATH"));
    rk_error_clear(op);
    ck_fails(rk_keys_new(&keys, op, &missing), RK_ERR_CONFIGURATION);
    ck_assert_ptr_nonnull(strstr(op->error.message, "/nonexistent/key"));
}
END_TEST

START_TEST(without_memory_there_are_no_keys)
{
    const rk_keys_options options = {NULL, NULL, true};
    rk_keys *keys = NULL;
    int result = RK_ERR_NO_MEMORY;

    for (int n = 1; result != 0; n++) {
        rk_error_clear(op);
        result = unit_without(n, rk_keys_new(&keys, op, &options));
        ck_assert(result == 0 || (result == RK_ERR_NO_MEMORY && !keys));
    }
    rk_keys_free(keys);
}
END_TEST

UNIT_SUITE(envelope)
{
    TCase *format = unit_case(suite, "secrets.md 4.5");
    TCase *keys = unit_case(suite, "secrets.md 6.1");

    tcase_add_test(format, the_envelope_of_the_specification_opens);
    tcase_add_test(format, an_envelope_is_for_its_owner);
    tcase_add_loop_test(keys, the_key_of_the_service_is_its_file, 0, 2);
    tcase_add_test(keys, a_derived_key_is_kept);
    tcase_add_test(keys, without_keys_nothing_is_encrypted);
    tcase_add_test(keys, a_missing_key_is_named);
    tcase_add_test(keys, without_memory_there_are_no_keys);
}
