/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/letters.h"

#include "tests/unit/unit.h"

static const struct {
    const char *one, *other;
    bool equal;
} pairs[] = {
    {"",         "",         true },
    {"If-Match", "IF-MATCH", true },
    {"azAZ",     "AZaz",     true },
    {"info",     "INFO",     true },
    {"info",     "inf",      false},
    {"",         "i",        false},
    {"@[`{",     "`{@[",     false}, /* the neighbours of letters */
    {"\xc3\xa4", "\xc3\x84", false}, /* letters elsewhere */
    {"\xc4\xb1", "I",        false},
    {"0",        "\x10",     false},
};

START_TEST(only_letters_of_ascii_have_two_cases)
{
    ck_assert_int_eq(rk_letters_equal(pairs[_i].one, pairs[_i].other), pairs[_i].equal);
    ck_assert_int_eq(rk_letters_equal(pairs[_i].other, pairs[_i].one), pairs[_i].equal);
}
END_TEST

START_TEST(what_is_behind_the_length_does_not_count)
{
    ck_assert(rk_letters_equal_n("https://e.org", "HTTPS:", 6));
    ck_assert(!rk_letters_equal_n("http://e.org", "HTTPS:", 6));
    ck_assert(!rk_letters_equal_n("http", "HTTPS:", 6));
    ck_assert(rk_letters_equal_n("a\0b", "A\0c", 3));
    ck_assert(rk_letters_equal_n("a", "b", 0));
}
END_TEST

START_TEST(a_byte_is_a_letter_or_none)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    int count = 0;

    for (int byte = 0; byte < 256; byte++) {
        bool is_letter = byte && strchr(letters, byte);

        ck_assert_int_eq(rk_is_letter((char)byte), is_letter);
        count += rk_letter_lower((char)byte) != (char)byte;
    }
    ck_assert_int_eq(count, 26);
    ck_assert_int_eq(rk_letter_lower('I'), 'i');
}
END_TEST

UNIT_SUITE(base_letters)
{
    TCase *tcase = unit_case(suite, "letters");

    unit_table(tcase, only_letters_of_ascii_have_two_cases, pairs);
    tcase_add_test(tcase, what_is_behind_the_length_does_not_count);
    tcase_add_test(tcase, a_byte_is_a_letter_or_none);
}
