/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/value.h"

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

UNIT_SUITE(base_value)
{
    TCase *tcase = unit_case(suite, "enumerations");

    unit_table(tcase, a_name_has_its_constant, rows);
    tcase_add_test(tcase, a_constant_has_its_name);
}
