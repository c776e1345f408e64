/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/json.h"

#include <string.h>

#include <json-c/json.h>

#include "tests/unit/unit.h"

static const char *rewritten(const char *json, size_t length)
{
    struct json_object *value;
    rk_buf buf;

    ck_ok(rk_json_parse(&value, op, json, length));
    rk_buf_begin(&buf, op, 0);
    rk_json_write(&buf, value);
    ck_ok(rk_buf_finish(&buf));
    return buf.text;
}

static const struct {
    const char *given, *becomes;
} read[] = {
    {"",                                                                 "null"                            },
    {"null",                                                             "null"                            },
    {" \t\r\n true \n",                                                  "true"                            },
    {"[false,null]",                                                     "[false,null]"                    },
    {"-0",                                                               "0"                               },
    {"-0.0",                                                             "-0.0"                            },
    {"0.1",                                                              "0.1"                             },
    {"1E+2",                                                             "100.0"                           },
    {"1e400",                                                            "null"                            },
    {"9223372036854775807",                                              "9223372036854775807"             },
    {"9223372036854775808",                                              "9223372036854775808"             },
    {"-9223372036854775809",                                             "-9223372036854775809"            },
    {"{ }",                                                              "{}"                              },
    {"[ ]",                                                              "[]"                              },
    {"{\"a\":1, \"b\" : 2}",                                             "{\"a\":1,\"b\":2}"               },
    {"{\"a\":1,\"b\":2,\"a\":3}",                                        "{\"a\":3,\"b\":2}"               },
    {"{\"a\":1,\"\\u0061\":3}",                                          "{\"a\":3}"                       },
    {"{\"\":1}",                                                         "{\"\":1}"                        },
    {"{\"a\\u0000b\":1}",                                                "{\"a\\ufffd\\ufffdb\":1}"        },
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",                                   "\"\\\"\\\\/\\b\\f\\n\\r\\t\""    },
    {"\"\\u00E4\\u20ac\\uD83D\\uDE00\"",                                 "\"\\u00e4\\u20ac\\ud83d\\ude00\""},
    {"\"\xc3\xa4\"",                                                     "\"\\u00e4\""                     },
    {"\"a\x01\t\n\x7f\"",                                                "\"a\\u0001\\t\\n\\u007f\""       },
    {"\"\\u0000\"",                                                      "\"\\u0000\""                     },
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"                                    },
};

/* Spec: foundations.md 5.1, 10.4 */
START_TEST(json_is_read_as_it_stands)
{
    ck_assert_str_eq(rewritten(read[_i].given, strlen(read[_i].given)), read[_i].becomes);
}
END_TEST

#define ROW(text)                                                                                  \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
static const struct {
    const char *text;
    size_t length;
} broken[] = {
    ROW(" "),
    ROW("{"),
    ROW("["),
    ROW("[1"),
    ROW("[1,"),
    ROW("[1,]"),
    ROW("[,1]"),
    ROW("[1 2]"),
    ROW("{\"a\"}"),
    ROW("{\"a\":}"),
    ROW("{\"a\":1,}"),
    ROW("{\"a\":1"),
    ROW("{\"a\" 1}"),
    ROW("{a:1}"),
    ROW("{1:1}"),
    ROW("{'a':1}"),
    ROW("{}{}"),
    ROW("{} x"),
    ROW("1 2"),
    ROW("nul"),
    ROW("nulll"),
    ROW("True"),
    ROW("NaN"),
    ROW("-Infinity"),
    ROW("Infinity"),
    ROW("+1"),
    ROW("01"),
    ROW("-"),
    ROW("-a"),
    ROW("1."),
    ROW(".5"),
    ROW("1.e5"),
    ROW("1e"),
    ROW("1e+"),
    ROW("0x10"),
    ROW("1_0"),
    ROW("\""),
    ROW("\"a"),
    ROW("\"\\"),
    ROW("\"\\\""),
    ROW("\"\\x\""),
    ROW("\"\\u12\""),
    ROW("\"\\u12g4\""),
    ROW("\"\\ud800\\u12\""),
    ROW("\"\\u"),
    ROW("/* x */1"),
    ROW("1// x"),
    ROW("\"a\0b\""),
    ROW("{}\0"),
    ROW("\0"),
    ROW("\"\xff\""),
    ROW("\"\xc0\xaf\""),
    ROW("\"\xed\xa0\x80\""),
    ROW("\"\xe2\x82\""),
    ROW("\"\xf5\x80\x80\x80\""),
    ROW("\xef\xbb\xbf{}"),
    ROW("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
};

/* Spec: foundations.md 5.1 */
START_TEST(what_is_not_json_is_a_bad_request)
{
    struct json_object *value;

    ck_fails(rk_json_parse(&value, op, broken[_i].text, broken[_i].length), RK_ERR_BAD_REQUEST);
    ck_assert_str_eq(op->error.message, "Failed when parsing body as json");
}
END_TEST

/* Spec: foundations.md 5.1 */
START_TEST(a_text_ends_where_its_length_says)
{
    ck_assert_str_eq(rewritten("123456", 3), "123");
    ck_assert_str_eq(rewritten("\"ab\"\"", 4), "\"ab\"");
}
END_TEST

/* What small text makes of memory is bounded. */
START_TEST(too_many_values_are_too_large)
{
    const size_t length = 2 * 1024 * 1024;
    char *json = rk_alloc(op, length, 1);
    struct json_object *value;

    for (size_t i = 0; i < length; i++)
        json[i] = i == 0 ? '[' : i == length - 1 ? ']' : i % 2 ? '1' : ',';
    ck_fails(rk_json_parse(&value, op, json, length), RK_ERR_TOO_LARGE);
}
END_TEST

START_TEST(a_long_text_is_no_matter)
{
    const size_t length = 4 * 1024 * 1024;
    char *json = rk_alloc(op, length + 2, 1);
    struct json_object *value;

    memset(json, 'a', length + 2);
    json[0] = json[length + 1] = '"';
    ck_ok(rk_json_parse(&value, op, json, length + 2));
    ck_assert_int_eq(json_object_get_string_len(value), (int)length);
}
END_TEST

static const char mixed[] = "{\"a\":[1,2.5,\"x\\ty\",{\"b\":null}],\"c\":\"\\u00e4\",\"a\":true}";

static int parse_mixed(void)
{
    struct json_object *value;

    return rk_json_parse(&value, op, mixed, sizeof(mixed) - 1);
}

START_TEST(without_memory_parsing_fails)
{
    unit_fail_allocation(0);
    ck_ok(parse_mixed());
    int all = unit_allocations();

    for (int n = 1; n <= all; n++) {
        rk_op_end(op);
        ck_assert_int_eq(rk_op_begin(op), 0);
        int result = unit_without(n, parse_mixed());

        ck_assert(result == 0 || result == RK_ERR_NO_MEMORY);
    }
}
END_TEST

UNIT_SUITE(http_json)
{
    TCase *parsing = unit_case(suite, "foundations.md 5.1");
    TCase *limits = unit_case(suite, "limits");

    unit_table(parsing, json_is_read_as_it_stands, read);
    unit_table(parsing, what_is_not_json_is_a_bad_request, broken);
    tcase_add_test(parsing, a_text_ends_where_its_length_says);
    tcase_add_test(limits, too_many_values_are_too_large);
    tcase_add_test(limits, a_long_text_is_no_matter);
    tcase_add_test(limits, without_memory_parsing_fails);
}
