/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/value.h"

#include <ctype.h>
#include <string.h>

#include "tests/unit/unit.h"

static const char *const names[] = {"private", "public"};
static const rk_enum visibilities = {RK_COUNT(names), names};

static const struct {
    const char *text;
    int value;
} rows[] = {
    {"private", 1},
    {"public",  2},
    {"Public",  0},
    {"publi",   0},
    {"",        0},
    {NULL,      0},
};

START_TEST(a_name_has_its_constant)
{
    ck_assert_int_eq(rk_enum_lookup(&visibilities, rows[_i].text), rows[_i].value);
}
END_TEST

START_TEST(a_constant_has_its_name)
{
    ck_assert_str_eq(rk_enum_name(&visibilities, 1), "private");
    ck_assert_str_eq(rk_enum_name(&visibilities, 2), "public");
    ck_assert_ptr_null(rk_enum_name(&visibilities, 0));
    ck_assert_ptr_null(rk_enum_name(&visibilities, 3));
    ck_assert_ptr_null(rk_enum_name(&visibilities, -1));
}
END_TEST

START_TEST(texts_are_sorted_once_and_found)
{
    const char *items[] = {"b", "", "a", "b", "aa", "a"};
    rk_strings texts = {true, RK_COUNT(items), items}, none = {0};

    ck_assert(rk_strings_has(&texts, "aa") && !rk_strings_has(&texts, "c"));
    rk_strings_sort(&texts);
    ck_assert_uint_eq(texts.count, 4);
    ck_assert_str_eq(texts.items[0], "");
    ck_assert_uint_eq(rk_strings_place(&texts, "a"), 1);
    ck_assert_uint_eq(rk_strings_place(&texts, "b"), 3);
    ck_assert_uint_eq(rk_strings_place(&texts, "c"), 4);
    rk_strings_sort(&none);
    ck_assert(!rk_strings_has(&none, "") && none.count == 0);
    ck_assert_uint_eq(rk_strings_place(&none, ""), 0);
}
END_TEST

START_TEST(a_hexadecimal_digit_has_its_value)
{
    static const char digits[] = "0123456789abcdef";

    for (int c = -128; c < 128; c++) {
        const char *found = c > 0 ? memchr(digits, tolower(c), 16) : NULL;

        ck_assert_int_eq(rk_hex_value((char)c), found ? (int)(found - digits) : -1);
    }
}
END_TEST

UNIT_SUITE(base_value)
{
    TCase *values = unit_case(suite, "values");

    TCase *tcase = unit_case(suite, "enumerations");

    tcase_add_test(values, texts_are_sorted_once_and_found);
    tcase_add_test(values, a_hexadecimal_digit_has_its_value);
    unit_table(tcase, a_name_has_its_constant, rows);
    tcase_add_test(tcase, a_constant_has_its_name);
}
