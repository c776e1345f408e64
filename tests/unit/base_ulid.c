/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/ulid.h"

#include <string.h>

#include "librenku/base/time.h"
#include "tests/unit/unit.h"

START_TEST(a_fresh_id_is_valid)
{
    char id[RK_ULID_LENGTH + 1];

    rk_ulid_make(id);
    ck_assert_uint_eq(strlen(id), RK_ULID_LENGTH);
    ck_assert(rk_ulid_is_valid(id));
}
END_TEST

static int64_t millis_of(const char *id)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    int64_t value = 0;

    for (int i = 0; i < 10; i++)
        value = value * 32 + (strchr(alphabet, id[i]) - alphabet);
    return value;
}

START_TEST(a_fresh_id_begins_with_the_time)
{
    char id[RK_ULID_LENGTH + 1];
    int64_t before = rk_time_now() / 1000;

    rk_ulid_make(id);
    ck_assert_int_ge(millis_of(id), before);
    ck_assert_int_le(millis_of(id), rk_time_now() / 1000);
}
END_TEST

START_TEST(fresh_ids_differ)
{
    char ids[1000][RK_ULID_LENGTH + 1];

    for (int i = 0; i < 1000; i++)
        rk_ulid_make(ids[i]);
    for (int i = 0; i < 1000; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(ids[i], ids[j]);
}
END_TEST

/* Spec: foundations.md 9.1 */
static const struct {
    const char *text;
    bool valid;
} forms[] = {
    {"01J2F86WS7S8N6159WA3X4042H",  true },
    {"0RENK1RENK2RENK3RENK4RENK5",  true },
    {"00000000000000000000000000",  true },
    {"7ZZZZZZZZZZZZZZZZZZZZZZZZZ",  true },
    {"8ZZZZZZZZZZZZZZZZZZZZZZZZZ",  false},
    {"A1J2F86WS7S8N6159WA3X4042H",  false},
    {"01j2f86ws7s8n6159wa3x4042h",  false},
    {"01J2F86WS7S8N6159WA3X4042h",  false},
    {"01J2F86WS7S8N6159WA3X4042I",  false},
    {"01J2F86WS7S8N6159WA3X4042L",  false},
    {"01J2F86WS7S8N6159WA3X4042O",  false},
    {"01J2F86WS7S8N6159WA3X4042U",  false},
    {"01J2F86WS7S8N6159WA3X4042",   false},
    {"01J2F86WS7S8N6159WA3X4042HH", false},
    {"01J2F86WS7S8N6159WA3X4042\n", false},
    {"",                            false},
};

START_TEST(only_the_canonical_form_is_valid)
{
    ck_assert_int_eq(rk_ulid_is_valid(forms[_i].text), forms[_i].valid);
}
END_TEST

/* Spec: foundations.md 9.1 */
static const struct {
    const char *ulid, *uuid;
} conversions[] = {
    {"01J2F86WS7S8N6159WA3X4042H", "01909e83-7327-4a2a-a095-3c50fa401051"},
    {"00000000000000000000000000", "00000000-0000-4000-8000-000000000000"},
    {"7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ffffffff-ffff-4fff-bfff-ffffffffffff"},
};

START_TEST(an_id_has_a_uuid_form)
{
    char uuid[37];

    rk_ulid_to_uuid(uuid, conversions[_i].ulid);
    ck_assert_str_eq(uuid, conversions[_i].uuid);
}
END_TEST

UNIT_SUITE(base_ulid)
{
    TCase *tcase = unit_case(suite, "foundations.md 9.1");

    tcase_add_test(tcase, a_fresh_id_is_valid);
    tcase_add_test(tcase, a_fresh_id_begins_with_the_time);
    tcase_add_test(tcase, fresh_ids_differ);
    unit_table(tcase, only_the_canonical_form_is_valid, forms);
    unit_table(tcase, an_id_has_a_uuid_form, conversions);
}
