/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/time.h"

#include <math.h>
#include <string.h>

#include "tests/unit/unit.h"

/* Spec: foundations.md 10.1, 10.2: what is read is written back in the form of the output */
static const struct {
    const char *text, *printed;
} inputs[] = {
    {"2026-03-04T05:06:07Z",            "2026-03-04T05:06:07Z"       },
    {"2026-03-04T05:06:07.891011Z",     "2026-03-04T05:06:07.891011Z"},
    {"2026-03-04t05:06:07z",            "2026-03-04T05:06:07Z"       },
    {"2026-03-04 05:06:07Z",            "2026-03-04T05:06:07Z"       },
    {"2026-03-04_05:06:07Z",            "2026-03-04T05:06:07Z"       },
    {"2026-03-04T05:06Z",               "2026-03-04T05:06:00Z"       },
    {"2026-03-04T05:06",                "2026-03-04T05:06:00"        },
    {"2026-03-04T05:06:07",             "2026-03-04T05:06:07"        },
    {"2026-03-04T05:06:07.5",           "2026-03-04T05:06:07.500000" },
    {"2026-03-04T05:06:07.000000Z",     "2026-03-04T05:06:07Z"       },
    {"2026-03-04T05:06:07.1234567899Z", "2026-03-04T05:06:07.123456Z"},
    {"2026-03-04T05:06:07.000001Z",     "2026-03-04T05:06:07.000001Z"},
    {"2026-03-04T05:06:07+00:00",       "2026-03-04T05:06:07Z"       },
    {"2026-03-04T05:06:07-00:00",       "2026-03-04T05:06:07Z"       },
    {"2026-03-04T05:06:07+01:00",       "2026-03-04T05:06:07+01:00"  },
    {"2026-03-04T05:06:07+0530",        "2026-03-04T05:06:07+05:30"  },
    {"2026-03-04T05:06:07-03:45",       "2026-03-04T05:06:07-03:45"  },
    {"2026-03-04T05:06:07+23:59",       "2026-03-04T05:06:07+23:59"  },
    {"2026-03-04T00:30:00+01:00",       "2026-03-04T00:30:00+01:00"  },
    {"2026-03-04",                      "2026-03-04T00:00:00"        },
    {"2024-02-29",                      "2024-02-29T00:00:00"        },
    {"2000-02-29T23:59:59Z",            "2000-02-29T23:59:59Z"       },
    {"1970-01-01T00:00:00Z",            "1970-01-01T00:00:00Z"       },
    {"1969-12-31T23:59:59.999999Z",     "1969-12-31T23:59:59.999999Z"},
    {"1600-01-01T00:00:00Z",            "1600-01-01T00:00:00Z"       },
    {"0001-01-01T00:00:00Z",            "0001-01-01T00:00:00Z"       },
    {"9999-12-31T23:59:59.999999Z",     "9999-12-31T23:59:59.999999Z"},
    {"0",                               "1970-01-01T00:00:00Z"       },
    {"1714566896",                      "2024-05-01T12:34:56Z"       },
    {"+1714566896",                     "2024-05-01T12:34:56Z"       },
    {"-1",                              "1969-12-31T23:59:59Z"       },
    {"1714566896.5",                    "2024-05-01T12:34:56.500000Z"},
    {"-0.5",                            "1969-12-31T23:59:59.500000Z"},
    {"1714566896789",                   "2024-05-01T12:34:56.789000Z"},
    {"1714566896789.25",                "2024-05-01T12:34:56.789250Z"},
    {"20000000000",                     "2603-10-11T11:33:20Z"       },
    {"20000000001",                     "1970-08-20T11:33:20.001000Z"},
    {"-20000000001",                    "1969-05-14T12:26:39.999000Z"},
    {"20260304",                        "1970-08-23T11:51:44Z"       },
};

START_TEST(a_time_is_read_and_written_back)
{
    rk_instant instant = {0};
    const char *reason = NULL;
    char printed[RK_TIME_TEXT_MAX];

    ck_assert_msg(rk_instant_parse(&instant, &reason, inputs[_i].text), "%s: %s", inputs[_i].text,
                  reason);
    ck_assert(instant.set);
    rk_instant_print(printed, &instant);
    ck_assert_str_eq(printed, inputs[_i].printed);
}
END_TEST

#define SHORT "input is too short"
#define EXTRA "unexpected extra characters at the end of the input"

/* Spec: foundations.md 10.1 */
static const struct {
    const char *text, *reason;
} refused[] = {
    {"",                             SHORT                                                   },
    {"hello",                        SHORT                                                   },
    {"2026",                         NULL                                                    },
    {"hello world",                  "invalid character in year"                             },
    {"2026/03/04",                   "invalid date separator, expected `-`"                  },
    {"2026-03/04",                   "invalid date separator, expected `-`"                  },
    {"2026-x3-04",                   "invalid character in month"                            },
    {"2026-03-x4",                   "invalid character in day"                              },
    {"2026-13-01",                   "month value is outside expected range of 1-12"         },
    {"2026-00-01",                   "month value is outside expected range of 1-12"         },
    {"2026-02-29",                   "day value is outside expected range"                   },
    {"1900-02-29",                   "day value is outside expected range"                   },
    {"2026-04-31",                   "day value is outside expected range"                   },
    {"2026-04-00",                   "day value is outside expected range"                   },
    {"0000-01-01",                   "year 0 is out of range"                                },
    {"2030-11-01T17:32:28UTC+01:00", EXTRA                                                   },
    {"2026-03-04T",                  EXTRA                                                   },
    {"2026-03-04X05:06:07",          EXTRA                                                   },
    {"2026-03-04T5:06:07",           EXTRA                                                   },
    {"2026-03-04T24:00:00",          EXTRA                                                   },
    {"2026-03-04T23:60:00",          EXTRA                                                   },
    {"2026-03-04T23:00:60",          EXTRA                                                   },
    {"2026-03-04T23:00:",            EXTRA                                                   },
    {"2026-03-04T23:00:00.",         EXTRA                                                   },
    {"2026-03-04T23:00:00.Z",        EXTRA                                                   },
    {"2026-03-04T23:00:00ZZ",        EXTRA                                                   },
    {"2026-03-04T23:00:00+24:00",    EXTRA                                                   },
    {"2026-03-04T23:00:00+01:60",    EXTRA                                                   },
    {"2026-03-04T23:00:00+01",       EXTRA                                                   },
    {"2026-03-04T23:00:00+1:00",     EXTRA                                                   },
    {"2026-03-04T23:00:00+",         EXTRA                                                   },
    {"2026-03-04T23:00:00 +01:00",   EXTRA                                                   },
    {"99999999999999999",            "dates after 9999 are not supported as unix timestamps" },
    {"-99999999999999999",           "dates before 1600 are not supported as unix timestamps"},
    {"1e9",                          SHORT                                                   },
    {"0x10",                         SHORT                                                   },
    {" 5",                           SHORT                                                   },
    {"99999999999999999999",         "invalid date separator, expected `-`"                  },
};

START_TEST(what_is_no_time_is_refused_with_a_reason)
{
    rk_instant instant = {0};
    const char *reason = NULL;

    if (!refused[_i].reason) {
        ck_assert(rk_instant_parse(&instant, &reason, refused[_i].text));
        return;
    }
    ck_assert(!rk_instant_parse(&instant, &reason, refused[_i].text));
    ck_assert_str_eq(reason, refused[_i].reason);
}
END_TEST

START_TEST(an_offset_is_kept_and_the_instant_is_in_utc)
{
    rk_instant instant;
    const char *reason;

    ck_assert(rk_instant_parse(&instant, &reason, "1970-01-01T02:00:00+02:00"));
    ck_assert_int_eq(instant.micros, 0);
    ck_assert_int_eq(instant.offset_s, 7200);
    ck_assert(!instant.naive);
    ck_assert(rk_instant_parse(&instant, &reason, "1970-01-01T02:00:00"));
    ck_assert_int_eq(instant.micros, 7200 * INT64_C(1000000));
    ck_assert(instant.naive);
}
END_TEST

/* Spec: foundations.md 10.1 */
static const struct {
    double number;
    const char *printed;
} numbers[] = {
    {0,               "1970-01-01T00:00:00Z"       },
    {1714566896,      "2024-05-01T12:34:56Z"       },
    {1714566896.25,   "2024-05-01T12:34:56.250000Z"},
    {-0.25,           "1969-12-31T23:59:59.750000Z"},
    {1714566896789.0, "2024-05-01T12:34:56.789000Z"},
    {20000000000.0,   "2603-10-11T11:33:20Z"       },
    {1e15,            NULL                         },
    {-1e15,           NULL                         },
    {2.6e14,          NULL                         },
    {-1.2e10,         NULL                         },
    {INFINITY,        NULL                         },
    {NAN,             NULL                         },
};

START_TEST(a_number_counts_seconds_or_milliseconds)
{
    rk_instant instant;
    char printed[RK_TIME_TEXT_MAX];
    bool good = rk_instant_from_number(&instant, numbers[_i].number);

    ck_assert_int_eq(good, numbers[_i].printed != NULL);
    if (!good)
        return;
    rk_instant_print(printed, &instant);
    ck_assert_str_eq(printed, numbers[_i].printed);
}
END_TEST

/* Spec: foundations.md 8, 10.3 */
static const struct {
    const char *text, *printed;
} iso_forms[] = {
    {"2024-05-01T12:34:56.789012Z", "2024-05-01T12:34:56.789012+00:00"},
    {"2024-05-01T12:34:56Z",        "2024-05-01T12:34:56+00:00"       },
    {"2024-05-01T12:34:56+02:00",   "2024-05-01T12:34:56+02:00"       },
    {"2024-05-01T12:34:56",         "2024-05-01T12:34:56"             },
};

START_TEST(the_form_for_hashing_writes_utc_as_an_offset)
{
    rk_instant instant;
    const char *reason;
    char printed[RK_TIME_TEXT_MAX];

    ck_assert(rk_instant_parse(&instant, &reason, iso_forms[_i].text));
    rk_instant_print_iso(printed, &instant);
    ck_assert_str_eq(printed, iso_forms[_i].printed);
}
END_TEST

START_TEST(each_day_of_four_centuries_comes_back)
{
    for (int64_t day = -150000; day < 150000; day++) {
        rk_instant before = rk_instant_of(day * INT64_C(86400000000)), after;
        char printed[RK_TIME_TEXT_MAX];
        const char *reason;

        rk_instant_print(printed, &before);
        ck_assert_msg(rk_instant_parse(&after, &reason, printed), "%s", printed);
        ck_assert_int_eq(after.micros, before.micros);
    }
}
END_TEST

/* Spec: foundations.md 10.2 */
static const struct {
    int64_t micros;
    const char *printed;
} far_times[] = {
    {INT64_MIN,                    "-290308-12-21T19:59:05.224192Z"},
    {INT64_MAX,                    "294247-01-10T04:00:54.775807Z" },
    {INT64_C(253402318799000000),  "10000-01-01T04:59:59Z"         },
    {INT64_C(-62135596800000001),  "0000-12-31T23:59:59.999999Z"   },
    {INT64_C(-62167219200000001),  "-001-12-31T23:59:59.999999Z"   },
    {INT64_C(-93724128000000000),  "-1000-01-01T00:00:00Z"         },
    {INT64_C(-210866803200000000), "-4713-11-24T00:00:00Z"         },
    {INT64_C(-377736739200000000), "-10000-01-01T00:00:00Z"        },
    {-1,                           "1969-12-31T23:59:59.999999Z"   },
};

START_TEST(a_far_time_is_printed)
{
    rk_instant instant = rk_instant_of(far_times[_i].micros);
    char printed[RK_TIME_TEXT_MAX];
    const char *end = rk_instant_print(printed, &instant);

    ck_assert_str_eq(printed, far_times[_i].printed);
    ck_assert_ptr_eq(end, printed + strlen(printed));
}
END_TEST

START_TEST(the_clocks_run_forward)
{
    int64_t start_ms = rk_time_monotonic_ms();

    ck_assert_int_gt(rk_time_now(), INT64_C(1700000000000000));
    ck_assert_int_ge(rk_time_monotonic_ms(), start_ms);
}
END_TEST

UNIT_SUITE(base_time)
{
    TCase *tcase = unit_case(suite, "foundations.md 10.1");

    unit_table(tcase, a_time_is_read_and_written_back, inputs);
    unit_table(tcase, what_is_no_time_is_refused_with_a_reason, refused);
    tcase_add_test(tcase, an_offset_is_kept_and_the_instant_is_in_utc);
    unit_table(tcase, a_number_counts_seconds_or_milliseconds, numbers);

    tcase = unit_case(suite, "foundations.md 10.2");
    tcase_add_test(tcase, each_day_of_four_centuries_comes_back);
    unit_table(tcase, a_far_time_is_printed, far_times);

    tcase = unit_case(suite, "foundations.md 10.3");
    unit_table(tcase, the_form_for_hashing_writes_utc_as_an_offset, iso_forms);

    tcase = unit_case(suite, "clocks");
    tcase_add_test(tcase, the_clocks_run_forward);
}
