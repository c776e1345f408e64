/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/secret/core.h"

#include <string.h>

#include "tests/unit/unit.h"

#define TEN "0123456789"
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *name, *start;
    size_t length;
} names[] = {
    {"My S3 key!",       "my-s3-key-", 18},
    {NINETY "012345678", NINETY "-",   99},
};

/* Spec: secrets.md 5.2 */
START_TEST(a_file_name_follows_from_the_name)
{
    const char *one, *other;

    ck_ok(rk_secret_file_name(&one, op, names[_i].name));
    ck_ok(rk_secret_file_name(&other, op, names[_i].name));
    ck_assert_uint_eq(strlen(one), names[_i].length);
    ck_assert_mem_eq(one, names[_i].start, strlen(names[_i].start));
    ck_assert_str_ne(one, other);
}
END_TEST

START_TEST(a_name_without_slug_gives_no_file_name)
{
    const char *name;

    ck_fails(rk_secret_file_name(&name, op, "\u65e5\u672c"), RK_ERR_INVALID);
}
END_TEST

/* Spec: secrets.md 3.3 */
START_TEST(an_expiration_needs_a_zone)
{
    const rk_instant unset = {0}, zoned = {.set = true}, naive = {.set = true, .naive = true};

    ck_ok(rk_secret_expiration_check(op, &unset));
    ck_ok(rk_secret_expiration_check(op, &zoned));
    ck_fails(rk_secret_expiration_check(op, &naive), RK_ERR_INVALID);
}
END_TEST

/* Spec: session-secrets.md 3.2 */
START_TEST(a_slot_has_its_defaults)
{
    const rk_new_secret_slot body = {.project_id = "p", .filename = "f", .description = ""};
    const rk_new_secret_slot dot = {.project_id = "p", .filename = "."};
    rk_secret_slot slot;

    ck_ok(rk_secret_slot_draft(&slot, op, &body));
    ck_assert_str_eq(slot.name, "f");
    ck_assert_ptr_null(slot.description);
    ck_assert_uint_eq(strlen(slot.id), 26);
    ck_fails(rk_secret_slot_draft(&slot, op, &dot), RK_ERR_INVALID);
}
END_TEST

/* Spec: session-secrets.md 3.4 */
START_TEST(a_patch_tells_whether_it_changes_anything)
{
    rk_secret_slot slot = {.name = "n", .filename = "f"};

    ck_assert(!rk_secret_slot_apply(&slot, &(rk_secret_slot_changes){0}));
    ck_assert(!rk_secret_slot_apply(&slot, &(rk_secret_slot_changes){.name = "n"}));
    ck_assert(!rk_secret_slot_apply(&slot, &(rk_secret_slot_changes){.description = ""}));
    ck_assert(rk_secret_slot_apply(&slot, &(rk_secret_slot_changes){.description = "d"}));
    ck_assert(!rk_secret_slot_apply(&slot, &(rk_secret_slot_changes){.description = "d"}));
    ck_assert(rk_secret_slot_apply(&slot, &(rk_secret_slot_changes){.filename = "g"}));
}
END_TEST

UNIT_SUITE(secret)
{
    TCase *secrets = unit_case(suite, "secrets.md 5.2");
    TCase *slots = unit_case(suite, "session-secrets.md 3");

    unit_table(secrets, a_file_name_follows_from_the_name, names);
    tcase_add_test(secrets, a_name_without_slug_gives_no_file_name);
    tcase_add_test(secrets, an_expiration_needs_a_zone);
    tcase_add_test(slots, a_slot_has_its_defaults);
    tcase_add_test(slots, a_patch_tells_whether_it_changes_anything);
}
