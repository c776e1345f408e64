/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/rsa.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/rsa_vectors.h"
#include "tests/unit/unit.h"

static rk_bytes bytes(const char *text)
{
    return (rk_bytes){text, strlen(text)};
}

static rk_rsa *public_key(void)
{
    const rk_bytes pem = bytes(public_pem);
    rk_rsa *key = NULL;

    ck_ok(rk_rsa_parse_public(&key, op, &pem));
    return key;
}

static rk_rsa *private_key(void)
{
    const rk_bytes pem = bytes(private_pem);
    rk_rsa *key = NULL;

    ck_ok(rk_rsa_parse_private(&key, op, &pem));
    return key;
}

/* Spec: secrets.md 4.5: as long as the modulus, another one each time */
START_TEST(what_the_public_key_wraps_the_private_key_unwraps)
{
    RK_AUTO(rk_rsa) *one = public_key();
    RK_AUTO(rk_rsa) *other = private_key();
    const rk_bytes plain = bytes("44 characters, which is what a key has: 1234");
    rk_bytes wrapped, again, unwrapped;

    ck_ok(rk_rsa_wrap(&wrapped, op, one, &plain));
    ck_ok(rk_rsa_wrap(&again, op, one, &plain));
    ck_assert_uint_eq(wrapped.size_bytes, 256);
    ck_assert_mem_ne(wrapped.bytes, again.bytes, 256);
    ck_ok(rk_rsa_unwrap(&unwrapped, op, other, &wrapped));
    ck_assert_uint_eq(unwrapped.size_bytes, plain.size_bytes);
    ck_assert_str_eq(unwrapped.bytes, plain.bytes);
}
END_TEST

START_TEST(the_public_half_follows_from_the_private_one)
{
    RK_AUTO(rk_rsa) *other = private_key();
    RK_AUTO(rk_rsa) *half = NULL;
    const rk_bytes plain = bytes("x");
    rk_bytes wrapped, unwrapped;

    ck_ok(rk_rsa_public_of(&half, op, other));
    ck_ok(rk_rsa_wrap(&wrapped, op, half, &plain));
    ck_ok(rk_rsa_unwrap(&unwrapped, op, other, &wrapped));
    ck_assert_str_eq(unwrapped.bytes, "x");
}
END_TEST

/* Spec: secrets.md 6.1 */
START_TEST(a_private_key_is_no_public_one)
{
    const rk_bytes pem = bytes(private_pem);
    const rk_bytes other = bytes(public_pem);
    rk_rsa *key = NULL;

    ck_fails(rk_rsa_parse_public(&key, op, &pem), RK_ERR_CONFIGURATION);
    ck_assert_ptr_nonnull(strstr(op->error.message, "private key"));
    rk_error_clear(op);
    ck_fails(rk_rsa_parse_private(&key, op, &other), RK_ERR_CONFIGURATION);
}
END_TEST

START_TEST(a_key_of_development_wraps)
{
    RK_AUTO(rk_rsa) *key = NULL;
    const rk_bytes plain = bytes("x");
    rk_bytes wrapped;

    ck_ok(rk_rsa_random_public(&key, op));
    ck_ok(rk_rsa_wrap(&wrapped, op, key, &plain));
}
END_TEST

/* Spec: secrets.md 4.5: OAEP has room for 190 bytes */
START_TEST(what_is_too_long_is_not_wrapped)
{
    static const char zeros[191];
    RK_AUTO(rk_rsa) *key = public_key();
    rk_bytes plain = {zeros, 190}, wrapped;

    ck_ok(rk_rsa_wrap(&wrapped, op, key, &plain));
    plain.size_bytes = 191;
    ck_fails(rk_rsa_wrap(&wrapped, op, key, &plain), RK_ERR_INTERNAL);
}
END_TEST

/* Spec: secrets.md 6.1 */
START_TEST(a_file_that_holds_no_key_is_named)
{
    char path[] = "/tmp/renku-key-XXXXXX";
    int file = mkstemp(path);
    rk_rsa *key = NULL;

    ck_assert_int_eq(write(file, "nonsense", 8), 8);
    close(file);
    ck_fails(rk_rsa_read_public(&key, op, path), RK_ERR_CONFIGURATION);
    ck_assert_ptr_nonnull(strstr(op->error.message, path));
    rk_error_clear(op);
    ck_fails(rk_rsa_read_private(&key, op, path), RK_ERR_CONFIGURATION);
    unlink(path);
    rk_error_clear(op);
    ck_fails(rk_rsa_read_private(&key, op, path), RK_ERR_CONFIGURATION);
    ck_assert_ptr_nonnull(strstr(op->error.message, path));
}
END_TEST

UNIT_SUITE(rsa)
{
    TCase *keys = unit_case(suite, "secrets.md 6.1");
    TCase *use = unit_case(suite, "secrets.md 4.5");

    tcase_add_test(use, what_the_public_key_wraps_the_private_key_unwraps);
    tcase_add_test(use, the_public_half_follows_from_the_private_one);
    tcase_add_test(use, what_is_too_long_is_not_wrapped);
    tcase_add_test(keys, a_private_key_is_no_public_one);
    tcase_add_test(keys, a_key_of_development_wraps);
    tcase_add_test(keys, a_file_that_holds_no_key_is_named);
}
