/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/buf.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static rk_buf buf;

static const char *finished(void)
{
    ck_ok(rk_buf_finish(&buf));
    ck_assert_uint_eq(strlen(buf.text), buf.length);
    return buf.text;
}

START_TEST(additions_join)
{
    rk_buf_begin(&buf, op, 0);
    ck_assert_str_eq(finished(), "");
    rk_buf_text(&buf, "a");
    rk_buf_char(&buf, 'b');
    rk_buf_add(&buf, "cde", 2);
    rk_buf_printf(&buf, "%d%s", 7, "x");
    rk_buf_text(&buf, NULL);
    rk_buf_add(&buf, "", 0);
    ck_assert_str_eq(finished(), "abcd7x");
}
END_TEST

START_TEST(a_text_grows_without_bound)
{
    rk_buf_begin(&buf, op, 10);
    for (int i = 0; i < 20000; i++)
        rk_buf_printf(&buf, "%05d", i);
    ck_assert_uint_eq(strlen(finished()), 100000);
    ck_assert_int_eq(strncmp(buf.text + 5 * 12345, "12345", 5), 0);
}
END_TEST

START_TEST(a_text_of_the_expected_length_does_not_move)
{
    rk_buf_begin(&buf, op, 1000);

    const char *before = buf.text;

    rk_buf_printf(&buf, "%1000s", "");
    ck_assert_ptr_eq(finished(), before);
}
END_TEST

START_TEST(bytes_may_hold_nul)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_add(&buf, "a\0b", 3);
    ck_assert_uint_eq(buf.length, 3);
    ck_assert_int_eq(memcmp(buf.text, "a\0b", 4), 0);
}
END_TEST

START_TEST(after_a_failure_additions_do_nothing)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_text(&buf, "abc");
    unit_fail_allocation(1);
    rk_buf_printf(&buf, "%1000000s", "");
    unit_fail_allocation(0);
    ck_fails(rk_buf_finish(&buf), RK_ERR_NO_MEMORY);
    rk_buf_text(&buf, "x");
    ck_assert_str_eq(buf.text, "abc");
}
END_TEST

START_TEST(a_buffer_that_could_not_begin_takes_additions)
{
    unit_fail_allocation(1);
    rk_buf_begin(&buf, op, 1000000);
    rk_buf_text(&buf, "x");
    rk_buf_printf(&buf, "%d", 1);
    rk_buf_json_text(&buf, "x");
    rk_buf_json_number(&buf, 1.5);
    unit_fail_allocation(0);
    ck_fails(rk_buf_finish(&buf), RK_ERR_NO_MEMORY);
}
END_TEST

START_TEST(a_length_that_overflows_is_no_memory)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_text(&buf, "abc");
    rk_buf_add(&buf, "", SIZE_MAX - 1);
    ck_fails(rk_buf_finish(&buf), RK_ERR_NO_MEMORY);
}
END_TEST

/* Spec: foundations.md 10.4 */
static const struct {
    const char *text, *json;
} texts[] = {
    {"",                 "\"\""                     },
    {"plain",            "\"plain\""                },
    {"a/b",              "\"a/b\""                  },
    {"say \"hi\"",       "\"say \\\"hi\\\"\""       },
    {"back\\slash",      "\"back\\\\slash\""        },
    {"\b\t\n\f\r",       "\"\\b\\t\\n\\f\\r\""      },
    {"\x01\x1f",         "\"\\u0001\\u001f\""       },
    {"\x7f",             "\"\\u007f\""              },
    {"<&'>",             "\"<&'>\""                 },
    {"\xc3\xbc",         "\"\\u00fc\""              },
    {"Z\xc3\xbcrich",    "\"Z\\u00fcrich\""         },
    {"\xe6\x97\xa5",     "\"\\u65e5\""              },
    {"\xef\xbf\xbf",     "\"\\uffff\""              },
    {"\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\""       },
    {"\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\""       },
    {"a\xff"
     "b",           "\"a\\ufffdb\""            },
    {"\xc3",             "\"\\ufffd\""              },
    {"\xed\xa0\x80",     "\"\\ufffd\\ufffd\\ufffd\""},
    {NULL,               "null"                     },
};

START_TEST(a_text_becomes_json)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_json_text(&buf, texts[_i].text);
    ck_assert_str_eq(finished(), texts[_i].json);
}
END_TEST

/* Texts are looked at in blocks, which end anywhere. */
START_TEST(an_escape_is_found_at_any_place_of_any_length)
{
    enum { LONGEST = 70 };
    char text[LONGEST + 1], json[2 * LONGEST + 4];

    for (int length = 1; length <= LONGEST; length++) {
        for (int at = 0; at < length; at++) {
            (void)snprintf(text, sizeof text, "%0*d", length, 0);
            text[at] = '"';
            (void)snprintf(json, sizeof json, "\"%.*s\\%s\"", at, text, text + at);
            rk_buf_begin(&buf, op, 0);
            rk_buf_json_text(&buf, text);
            ck_assert_str_eq(finished(), json);
        }
    }
}
END_TEST

START_TEST(a_plain_text_of_any_length_stands_as_it_is)
{
    char text[70], json[80];

    for (int length = 1; length < (int)sizeof text; length++) {
        (void)snprintf(text, sizeof text, "%0*d", length, 0);
        (void)snprintf(json, sizeof json, "\"%s\"", text);
        rk_buf_begin(&buf, op, 0);
        rk_buf_json_text(&buf, text);
        ck_assert_str_eq(finished(), json);
    }
}
END_TEST

START_TEST(room_that_was_made_can_be_written_to)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_text(&buf, "a");
    ck_assert(rk_buf_reserve(&buf, 1000));

    const char *before = buf.text;

    rk_buf_printf(&buf, "%1000s", "b");
    ck_assert_ptr_eq(buf.text, before);
    ck_assert_uint_eq(strlen(finished()), 1001);
}
END_TEST

START_TEST(after_a_failure_there_is_no_room)
{
    rk_buf_begin(&buf, op, 0);
    ck_assert(!rk_buf_reserve(&buf, SIZE_MAX - 1));
    ck_assert(!rk_buf_reserve(&buf, 0));
    ck_fails(rk_buf_finish(&buf), RK_ERR_NO_MEMORY);
}
END_TEST

START_TEST(a_text_with_nul_becomes_json)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_json_text_n(&buf, "a\0b", 3);
    ck_assert_str_eq(finished(), "\"a\\u0000b\"");
}
END_TEST

/* Spec: foundations.md 10.4 */
static const struct {
    int64_t number;
    const char *json;
} integers[] = {
    {0,          "0"                   },
    {7,          "7"                   },
    {-7,         "-7"                  },
    {1000000007, "1000000007"          },
    {INT64_MAX,  "9223372036854775807" },
    {INT64_MIN,  "-9223372036854775808"},
};

START_TEST(an_integer_becomes_json)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_json_int(&buf, integers[_i].number);
    ck_assert_str_eq(finished(), integers[_i].json);
}
END_TEST

/* Spec: foundations.md 10.4 */
static const struct {
    double number;
    const char *json;
} numbers[] = {
    {0.0,                     "0.0"                    },
    {-0.0,                    "-0.0"                   },
    {1.0,                     "1.0"                    },
    {-1.5,                    "-1.5"                   },
    {0.1,                     "0.1"                    },
    {0.2,                     "0.2"                    },
    {1.0 / 3.0,               "0.3333333333333333"     },
    {123456.75,               "123456.75"              },
    {100.0,                   "100.0"                  },
    {0.0001,                  "0.0001"                 },
    {0.00012,                 "0.00012"                },
    {0.00001,                 "1e-5"                   },
    {1e-7,                    "1e-7"                   },
    {1.5e-7,                  "1.5e-7"                 },
    {1e15,                    "1000000000000000.0"     },
    {123456789012345680.0,    "1.2345678901234568e+17" },
    {9999999999999998.0,      "9999999999999998.0"     },
    {1e16,                    "1e+16"                  },
    {1e20,                    "1e+20"                  },
    {1.5e300,                 "1.5e+300"               },
    {DBL_MAX,                 "1.7976931348623157e+308"},
    {DBL_MIN,                 "2.2250738585072014e-308"},
    {4.9406564584124654e-324, "5e-324"                 },
    {5.9604644775390625e-8,   "5.960464477539063e-8"   },
    {9007199254740993.0,      "9007199254740992.0"     },
    {INFINITY,                "null"                   },
    {NAN,                     "null"                   },
};

START_TEST(a_number_becomes_json)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_json_number(&buf, numbers[_i].number);
    ck_assert_str_eq(finished(), numbers[_i].json);
}
END_TEST

/* A fixed sequence of bit patterns, good and strange. */
static double any_number(uint64_t *state)
{
    double number;

    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint64_t bits = *state ^ *state >> 29;
    memcpy(&number, &bits, sizeof number);
    return number;
}

START_TEST(a_number_reads_back_as_it_was)
{
    uint64_t state = 1;

    for (int i = 0; i < 20000; i++) {
        double number = any_number(&state);

        if (!isfinite(number))
            continue;
        rk_buf_begin(&buf, op, 0);
        rk_buf_json_number(&buf, number);
        ck_assert_msg(strtod(finished(), NULL) == number, "%a became %s", number, buf.text);
    }
}
END_TEST

START_TEST(the_locale_of_the_thread_comes_back)
{
    locale_t own = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = uselocale(own);

    rk_buf_begin(&buf, op, 0);
    rk_buf_json_number(&buf, 1.5);

    locale_t after = uselocale(before);

    ck_assert_str_eq(finished(), "1.5");
    ck_assert_ptr_eq(after, own);
    freelocale(own);
}
END_TEST

START_TEST(a_truth_value_becomes_json)
{
    rk_buf_begin(&buf, op, 0);
    rk_buf_json_bool(&buf, true);
    rk_buf_char(&buf, ',');
    rk_buf_json_bool(&buf, false);
    ck_assert_str_eq(finished(), "true,false");
}
END_TEST

UNIT_SUITE(base_buf)
{
    TCase *tcase = unit_case(suite, "texts");

    tcase_add_test(tcase, additions_join);
    tcase_add_test(tcase, a_text_grows_without_bound);
    tcase_add_test(tcase, a_text_of_the_expected_length_does_not_move);
    tcase_add_test(tcase, bytes_may_hold_nul);
    tcase_add_test(tcase, after_a_failure_additions_do_nothing);
    tcase_add_test(tcase, a_buffer_that_could_not_begin_takes_additions);
    tcase_add_test(tcase, a_length_that_overflows_is_no_memory);
    tcase_add_test(tcase, room_that_was_made_can_be_written_to);
    tcase_add_test(tcase, after_a_failure_there_is_no_room);

    tcase = unit_case(suite, "foundations.md 10.4");
    unit_table(tcase, a_text_becomes_json, texts);
    tcase_add_test(tcase, an_escape_is_found_at_any_place_of_any_length);
    tcase_add_test(tcase, a_plain_text_of_any_length_stands_as_it_is);
    tcase_add_test(tcase, a_text_with_nul_becomes_json);
    unit_table(tcase, an_integer_becomes_json, integers);
    unit_table(tcase, a_number_becomes_json, numbers);
    tcase_add_test(tcase, a_number_reads_back_as_it_was);
    tcase_add_test(tcase, the_locale_of_the_thread_comes_back);
    tcase_add_test(tcase, a_truth_value_becomes_json);
}
