/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/api/paging.h"
#include "librenku/api/request.h"
#include "tests/unit/unit.h"

/* Spec: foundations.md 12 */
static const struct {
    const char *incoming, *id;
} ids[] = {
    {"007",                                           "7"                                   },
    {"-5",                                            "-5"                                  },
    {"0",                                             "0"                                   },
    {"1_000",                                         "1000"                                },
    {"-0_07",                                         "-7"                                  },
    {"1__0",                                          "1__0"                                },
    {"_1",                                            "_1"                                  },
    {"1_",                                            "1_"                                  },
    {"my-id",                                         "my-id"                               },
    {"0F8FAD5B-D9CB-469F-A165-70867728950E",          "0f8fad5b-d9cb-469f-a165-70867728950e"},
    {"0f8fad5bd9cb469fa16570867728950e",              "0f8fad5b-d9cb-469f-a165-70867728950e"},
    {"{0f8fad5b-d9cb-469f-a165-70867728950e}",        "0f8fad5b-d9cb-469f-a165-70867728950e"},
    {"urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5b-d9cb-469f-a165-70867728950e"},
};

START_TEST(an_id_is_adopted_in_its_normal_form)
{
    const char *id;

    ck_ok(rk_request_id(&id, op, ids[_i].incoming));
    ck_assert_str_eq(id, ids[_i].id);
}
END_TEST

START_TEST(without_an_id_one_is_made)
{
    const char *one, *other;

    ck_ok(rk_request_id(&one, op, NULL));
    ck_ok(rk_request_id(&other, op, NULL));
    ck_assert_uint_eq(strlen(one), 36);
    ck_assert_int_eq(one[14], '4');
    ck_assert_str_ne(one, other);
}
END_TEST

/* What a host lets through would come back in the headers of the answer, and in the log. */
START_TEST(a_header_with_a_control_character_counts_as_missing)
{
    static const char *const values[] = {"a\r\nSet-Cookie: b", "a\nb", "a\x01", "\x7f"};
    const renku_http_header headers[] = {
        {"X-Request-ID", values[_i]},
        {"Origin",       "a\tb"    },
    };
    const renku_http_request request = {.headers = headers, .header_count = 2};
    rk_request_fields fields;

    rk_request_fields_read(&fields, &request);
    ck_assert_ptr_null(fields.values[RK_FIELD_X_REQUEST_ID]);
    ck_assert_str_eq(fields.values[RK_FIELD_ORIGIN], "a\tb");
}
END_TEST

START_TEST(the_first_header_of_a_name_counts)
{
    static const renku_http_header headers[] = {
        {"if-match",      "a"   },
        {"If-None-Match", "b"   },
        {"If-Match",      "c"   },
        {"Accept",        "d"   },
        {"Cookie",        "\x01"},
        {"cookie",        "e"   },
    };
    const renku_http_request request = {.headers = headers, .header_count = RK_COUNT(headers)};
    rk_request_fields fields;

    rk_request_fields_read(&fields, &request);
    ck_assert_str_eq(fields.values[RK_FIELD_IF_MATCH], "a");
    ck_assert_str_eq(fields.values[RK_FIELD_IF_NONE_MATCH], "b");
    ck_assert_ptr_null(fields.values[RK_FIELD_COOKIE]);
    ck_assert_ptr_null(fields.values[RK_FIELD_ORIGIN]);
}
END_TEST

/* Spec: foundations.md 7; a message of NULL is a page that is accepted */
static const struct {
    const char *page, *per_page, *message;
    int64_t number, offset;
} pages[] = {
    {NULL,                    NULL,                   NULL,                                             1,  0 },
    {"2",                     NULL,                   NULL,                                             2,  20},
    {"3",                     "10",                   NULL,                                             3,  20},
    {" +1_0 ",                "1",                    NULL,                                             10, 9 },
    {"1.0",                   NULL,                   "Invalid value for parameter 'page': 1.0",        0,  0 },
    {"x",                     NULL,                   "Invalid value for parameter 'page': x",          0,  0 },
    {"1__0",                  NULL,                   "Invalid value for parameter 'page': 1__0",       0,  0 },
    {"_1",                    NULL,                   "Invalid value for parameter 'page': _1",         0,  0 },
    {"1_",                    NULL,                   "Invalid value for parameter 'page': 1_",         0,  0 },
    {"-",                     NULL,                   "Invalid value for parameter 'page': -",          0,  0 },
    {"0",                     NULL,                   "Parameter 'page' must be a natural number",      0,  0 },
    {"-1",                    NULL,                   "Parameter 'page' must be a natural number",      0,  0 },
    {"1",                     "0",                    "Parameter 'per_page' must be between 1 and 100", 0,  0 },
    {"1",                     "101",                  "Parameter 'per_page' must be between 1 and 100", 0,  0 },
    {"1",                     "ten",                  "Invalid value for parameter 'per_page': ten",    0,  0 },
    {"9223372036854775807",   "100",
     "Calculated pagination offset value is too large for page "
     "9223372036854775807",                                                                             0,  0 },
    {"9223372036854775809",   "1",
     "Calculated pagination offset value is too large for page "
     "9223372036854775809",                                                                             0,  0 },
    {"99999999999999999999",  "1",
     "Calculated pagination offset value is too large for page "
     "99999999999999999999",                                                                            0,  0 },
    {"-99999999999999999999", "1",                    "Parameter 'page' must be a natural number",      0,  0 },
    {"1",                     "99999999999999999999", "Parameter 'per_page' must be between 1 and 100", 0,  0 },
};

START_TEST(a_page_is_read_from_the_query)
{
    const char *names[2], *values[2];
    rk_pairs pairs = {0, names, values};
    rk_page page;

    if (pages[_i].page) {
        names[pairs.count] = "page";
        values[pairs.count++] = pages[_i].page;
    }
    if (pages[_i].per_page) {
        names[pairs.count] = "per_page";
        values[pairs.count++] = pages[_i].per_page;
    }
    if (pages[_i].message) {
        ck_fails(rk_page_read(&page, op, &pairs), RK_ERR_INVALID);
        ck_assert_str_eq(op->error.message, pages[_i].message);
        return;
    }
    ck_ok(rk_page_read(&page, op, &pairs));
    ck_assert_int_eq(page.number, pages[_i].number);
    ck_assert_int_eq(page.offset, pages[_i].offset);
}
END_TEST

START_TEST(pages_are_counted_up)
{
    const rk_page page = {1, 20, 0};

    ck_assert_int_eq(rk_page_total(&page, 0), 0);
    ck_assert_int_eq(rk_page_total(&page, 20), 1);
    ck_assert_int_eq(rk_page_total(&page, 21), 2);
}
END_TEST

UNIT_SUITE(api_request)
{
    TCase *id = unit_case(suite, "foundations.md 12");
    TCase *page = unit_case(suite, "foundations.md 7");

    unit_table(id, an_id_is_adopted_in_its_normal_form, ids);
    tcase_add_test(id, without_an_id_one_is_made);
    tcase_add_loop_test(id, a_header_with_a_control_character_counts_as_missing, 0, 4);
    tcase_add_test(id, the_first_header_of_a_name_counts);
    unit_table(page, a_page_is_read_from_the_query, pages);
    tcase_add_test(page, pages_are_counted_up);
}
