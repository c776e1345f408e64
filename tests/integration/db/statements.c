/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/base/time.h"
#include "tests/integration/db/suite.h"

/* --- values --- */

static const char *const color_names[] = {"red", "green"};
static const rk_enum colors = {2, color_names};

typedef struct {
    const char *text;
    rk_opt_int number;
    rk_opt_bool truth;
    rk_opt_number real;
    rk_instant time;
    int color;
    rk_strings texts;
    int64_t bits;
} everything;

static const rk_column everything_columns[] = {
    {"$1::text",        RK_COLUMN_TEXT,   offsetof(everything, text),   NULL   },
    {"$2::bigint",      RK_COLUMN_INT,    offsetof(everything, number), NULL   },
    {"$3::boolean",     RK_COLUMN_BOOL,   offsetof(everything, truth),  NULL   },
    {"$4::float8",      RK_COLUMN_NUMBER, offsetof(everything, real),   NULL   },
    {"$5::timestamptz", RK_COLUMN_TIME,   offsetof(everything, time),   NULL   },
    {"$6::text",        RK_COLUMN_ENUM,   offsetof(everything, color),  &colors},
    {"$7::text[]",      RK_COLUMN_TEXTS,  offsetof(everything, texts),  NULL   },
    {"$8::bigint",      RK_COLUMN_BITS,   offsetof(everything, bits),   NULL   },
};
static const rk_row everything_row = RK_ROW(everything, everything_columns);
static const rk_query everything_query = {.sql = "SELECT {row}", .row = &everything_row};

static const rk_column texts_columns[] = {
    {"texts", RK_COLUMN_TEXTS, 0, NULL}
};
static const rk_row texts_row = {sizeof(rk_strings), texts_columns, 1, NULL};

START_TEST(every_kind_of_value_comes_back_as_it_went)
{
    const char *items[] = {"plain", "", "NULL", NULL, "a\"b\\c", "x,{y}", "é\n"};
    const rk_strings texts = {true, RK_COUNT(items), items};
    everything got;

    ck_ok(rk_db_one(&got, op, &everything_query,
                    RK_PARAMS(rk_text("häl'lo"), rk_maybe_int(RK_INT(-9007199254740993)),
                              rk_maybe_bool(RK_BOOLEAN(true)), rk_text("-0.1"),
                              rk_micros(1767225600123456), rk_text("green"), rk_texts(op, &texts),
                              rk_int(INT64_MAX))));
    ck_assert_str_eq(got.text, "häl'lo");
    ck_assert(got.number.set && got.number.value == -9007199254740993);
    ck_assert(got.truth.set && got.truth.value);
    ck_assert(got.real.set && got.real.value == -0.1);
    ck_assert(got.time.set && got.time.micros == 1767225600123456 && !got.time.naive);
    ck_assert_int_eq(got.color, 2);
    ck_assert_int_eq(got.bits, INT64_MAX);
    ck_assert(got.texts.set && got.texts.count == RK_COUNT(items));
    for (size_t i = 0; i < RK_COUNT(items); i++)
        ck_assert_pstr_eq(got.texts.items[i], items[i]);
}
END_TEST

START_TEST(null_leaves_every_kind_unset)
{
    const rk_strings unset = {0};
    everything got;

    memset(&got, 0xff, sizeof got);
    ck_ok(rk_db_one(&got, op, &everything_query,
                    RK_PARAMS(rk_text(NULL), rk_maybe_int((rk_opt_int){0}),
                              rk_maybe_bool((rk_opt_bool){0}), rk_text(NULL), rk_text(NULL),
                              rk_text(NULL), rk_texts(op, &unset), rk_text(NULL))));
    ck_assert_ptr_null(got.text);
    ck_assert(!got.number.set && !got.truth.set && !got.real.set && !got.time.set);
    ck_assert(!got.texts.set && got.color == 0 && got.bits == 0);
}
END_TEST

START_TEST(an_empty_array_is_set)
{
    const rk_strings empty = {.set = true};
    everything got;

    ck_ok(rk_db_one(&got, op, &everything_query,
                    RK_PARAMS(rk_text(NULL), rk_text(NULL), rk_bool(false), rk_text(NULL),
                              rk_text(NULL), rk_text(NULL), rk_texts(op, &empty), rk_text(NULL))));
    ck_assert(got.texts.set && got.texts.count == 0);
    ck_assert(got.truth.set && !got.truth.value);
}
END_TEST

/* Spec: foundations.md 10.2 */
static const struct {
    const char *sql, *printed;
} read_times[] = {
    {"timestamptz '2026-03-04 05:06:07.891011+00'",   "2026-03-04T05:06:07.891011Z"  },
    {"timestamptz '2026-03-04 05:06:07.5+05:30'",     "2026-03-03T23:36:07.500000Z"  },
    {"timestamptz '1880-01-01 00:34:08+00:34:08'",    "1880-01-01T00:00:00Z"         },
    {"timestamp '2026-03-04 05:06:07.891011'",        "2026-03-04T05:06:07.891011Z"  },
    {"timestamptz '2000-01-01 00:00:00+00'",          "2000-01-01T00:00:00Z"         },
    {"timestamptz '1999-12-31 23:59:59.999999+00'",   "1999-12-31T23:59:59.999999Z"  },
    {"timestamptz '10000-01-01 04:59:59+00'",         "10000-01-01T04:59:59Z"        },
    {"timestamptz '0001-12-31 19:00:00+00 BC'",       "0000-12-31T19:00:00Z"         },
    {"timestamptz '0045-03-15 12:00:00+00 BC'",       "-044-03-15T12:00:00Z"         },
    {"timestamptz '0005-02-29 00:00:00+00 BC'",       "-004-02-29T00:00:00Z"         },
    {"timestamptz '4713-11-24 00:00:00+00 BC'",       "-4712-11-24T00:00:00Z"        },
    {"timestamptz '294247-01-10 04:00:54.775807+00'", "294247-01-10T04:00:54.775807Z"},
    {"timestamptz '294247-01-10 04:00:54.775808+00'", NULL                           },
    {"timestamptz 'infinity'",                        NULL                           },
    {"timestamptz '-infinity'",                       NULL                           },
    {"date '2026-03-04'",                             NULL                           },
};

START_TEST(a_column_is_read_as_utc)
{
    const rk_column column = {read_times[_i].sql, RK_COLUMN_TIME, 0, NULL};
    const rk_row row = {sizeof(rk_instant), &column, 1, NULL};
    const rk_query query = {.sql = "SELECT {row}", .row = &row};
    char printed[RK_TIME_TEXT_MAX];
    rk_instant instant;
    int result = rk_db_one(&instant, op, &query, RK_NO_PARAMS);

    if (!read_times[_i].printed) {
        ck_fails(result, RK_ERR_DATABASE);
        return;
    }
    ck_ok(result);
    rk_instant_print(printed, &instant);
    ck_assert_str_eq(printed, read_times[_i].printed);
}
END_TEST

static const struct {
    const char *sql;
    int64_t number;
} integers[] = {
    {"(-32768)::smallint",             INT16_MIN},
    {"32767::smallint",                INT16_MAX},
    {"(-2147483648)::integer",         INT32_MIN},
    {"2147483647",                     INT32_MAX},
    {"(-9223372036854775808)::bigint", INT64_MIN},
    {"9223372036854775807",            INT64_MAX},
    {"0",                              0        },
};

START_TEST(an_integer_of_any_size_is_read)
{
    const rk_column column[] = {
        {integers[_i].sql, RK_COLUMN_INT,  offsetof(everything, number), NULL},
        {integers[_i].sql, RK_COLUMN_BITS, offsetof(everything, bits),   NULL},
    };
    const rk_row row = RK_ROW(everything, column);
    const rk_query query = {.sql = "SELECT {row}", .row = &row};
    everything got;

    ck_ok(rk_db_one(&got, op, &query, RK_NO_PARAMS));
    ck_assert(got.number.set);
    ck_assert_int_eq(got.number.value, integers[_i].number);
    ck_assert_int_eq(got.bits, integers[_i].number);
}
END_TEST

/* The size of an item ends the one before, unless its first byte is none. */
START_TEST(items_end_whatever_follows_them)
{
    enum { LARGE = 16 * 1024 * 1024 };
    static const rk_query query = {
        .sql = "SELECT ARRAY['a', NULL, 'b', repeat('c', $1::integer), 'd', '']",
        .row = &texts_row};
    rk_strings texts;

    ck_ok(rk_db_one(&texts, op, &query, RK_PARAMS(rk_int(LARGE))));
    ck_assert_uint_eq(texts.count, 6);
    ck_assert_str_eq(texts.items[0], "a");
    ck_assert_ptr_null(texts.items[1]);
    ck_assert_str_eq(texts.items[2], "b");
    ck_assert_uint_eq(strlen(texts.items[3]), LARGE);
    ck_assert_str_eq(texts.items[4], "d");
    ck_assert_str_eq(texts.items[5], "");
}
END_TEST

static const struct {
    const char *name, *sql;
} foreign_values[] = {
    {"an enumeration's unknown name",     "NULL, NULL, NULL, NULL, NULL, 'blue', NULL, NULL"          },
    {"a point in time beyond all years",
     "NULL, NULL, NULL, NULL, 'infinity'::timestamptz, NULL, NULL, 0"                                 },
    {"an array of two dimensions",
     "NULL, NULL, NULL, NULL, NULL, NULL, ARRAY[ARRAY['a'], ARRAY['b']], 0"                           },
    {"an array that counts from 2",       "NULL, NULL, NULL, NULL, NULL, NULL, '[2:2]={a}'::text[], 0"},
    {"a number where digits are due",     "NULL, 'x', NULL, NULL, NULL, NULL, NULL, 0"                },
    {"an integer beyond 64 bits",         "NULL, 9223372036854775808, NULL, NULL, NULL, NULL, NULL, 0"},
    {"an array of integers",              "NULL, NULL, NULL, NULL, NULL, NULL, ARRAY[1, 2], 0"        },
    {"a number that is no double",        "NULL, NULL, NULL, 1.5::real, NULL, NULL, NULL, 0"          },
    {"a text where a truth value is due", "NULL, NULL, 'yes', NULL, NULL, NULL, NULL, 0"              },
};

START_TEST(a_value_that_cannot_be_read_is_a_database_error)
{
    const rk_query query = {
        .sql = rk_printf(op, "SELECT %s", foreign_values[_i].sql),
        .row = &everything_row,
    };
    everything got;

    ck_fails(rk_db_one(&got, op, &query, RK_NO_PARAMS), RK_ERR_DATABASE);
}
END_TEST

static const struct {
    int64_t micros;
    const char *text;
} instants[] = {
    {0,                            "1970-01-01 00:00:00+00"       },
    {-1,                           "1969-12-31 23:59:59.999999+00"},
    {INT64_C(-62135596800000000),  "0001-01-01 00:00:00+00"       },
    {INT64_C(-62135596800000001),  "-infinity"                    },
    {INT64_C(253402300799999999),  "9999-12-31 23:59:59.999999+00"},
    {INT64_C(9223371331200000000), "294247-01-02 00:00:00+00"     },
};

START_TEST(a_point_in_time_is_sent_in_full)
{
    static const rk_column columns[] = {
        {"$1::timestamptz::text", RK_COLUMN_TEXT, 0, NULL}
    };
    static const rk_row row = {sizeof(const char *), columns, 1, NULL};
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    const char *text;
    rk_param param = rk_micros(instants[_i].micros);

    ck_ok(rk_db_one(&text, op, &query, RK_PARAMS(param)));
    ck_assert_str_eq(text, instants[_i].text);
}
END_TEST

/* --- rows --- */

START_TEST(all_rows_come_in_order)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM probe.row r ORDER BY r.id",
        .row = &db_row_map,
    };
    rk_array rows;

    ck_ok(rk_db_all(&rows, op, &query, RK_NO_PARAMS));
    ck_assert(rows.set && rows.count == 0);
    db_admin("INSERT INTO probe.row SELECT n, 'text ' || n FROM generate_series(1, 1000) n");
    ck_ok(rk_db_all(&rows, op, &query, RK_NO_PARAMS));
    ck_assert_uint_eq(rows.count, 1000);

    const db_row *items = rows.items;

    ck_assert_int_eq(items[999].id.value, 1000);
    ck_assert_str_eq(items[999].text, "text 1000");
}
END_TEST

START_TEST(a_look_up_tells_whether_there_is_a_row)
{
    db_row row = {0};
    bool found = true;

    ck_ok(rk_db_lookup(&row, &found, op, &db_read, RK_PARAMS(rk_int(1))));
    ck_assert(!found);
    db_admin("INSERT INTO probe.row VALUES (1, 'one')");
    ck_ok(rk_db_lookup(&row, &found, op, &db_read, RK_PARAMS(rk_int(1))));
    ck_assert(found);
    ck_assert_str_eq(row.text, "one");
    ck_ok(rk_db_lookup(NULL, &found, op, &db_read, RK_PARAMS(rk_int(1))));
    ck_assert(found);
}
END_TEST

START_TEST(no_row_is_the_error_of_the_query)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM probe.row r WHERE r.id = $1",
        .row = &db_row_map,
        .none = RK_ERR_CONFLICT,
        .missing = "There is no such row.",
    };
    db_row row;

    ck_fails(rk_db_one(&row, op, &db_read, RK_PARAMS(rk_int(1))), RK_ERR_NOT_FOUND);
    rk_error_clear(op);
    ck_fails(rk_db_one(&row, op, &query, RK_PARAMS(rk_int(1))), RK_ERR_CONFLICT);
    ck_assert_str_eq(op->error.message, "There is no such row.");
}
END_TEST

START_TEST(changed_rows_are_counted)
{
    static const rk_query update = {.sql = "UPDATE probe.row SET text = $1"};
    static const rk_query select = {.sql = "SELECT FROM probe.row"};
    static const rk_query other = {.sql = "CREATE TABLE probe.other ()"};
    int64_t affected = -1;

    db_admin("INSERT INTO probe.row SELECT generate_series(1, 7)");
    ck_ok(rk_db_run(&affected, op, &update, RK_PARAMS(rk_text("x"))));
    ck_assert_int_eq(affected, 7);
    ck_ok(rk_db_run(&affected, op, &select, RK_NO_PARAMS));
    ck_assert_int_eq(affected, 7);
    ck_ok(rk_db_run(&affected, op, &other, RK_NO_PARAMS));
    ck_assert_int_eq(affected, 0);
    ck_ok(rk_db_run(NULL, op, &update, RK_PARAMS(rk_text(NULL))));
}
END_TEST

static int double_id(void *model, rk_op *with)
{
    db_row *row = model;

    row->id.value *= 2;
    return row->id.value == 26 ? rk_fail(with, RK_ERR_INVALID, "unlucky") : 0;
}

START_TEST(what_follows_from_the_columns_is_filled_in)
{
    static const rk_column columns[] = {
        {"$1::integer", RK_COLUMN_INT, offsetof(db_row, id), NULL}
    };
    static const rk_row row_map = RK_ROW_THEN(db_row, columns, double_id);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row_map};
    db_row row;

    ck_ok(rk_db_one(&row, op, &query, RK_PARAMS(rk_int(21))));
    ck_assert_int_eq(row.id.value, 42);
    ck_fails(rk_db_one(&row, op, &query, RK_PARAMS(rk_int(13))), RK_ERR_INVALID);
}
END_TEST

START_TEST(the_columns_may_stand_twice_in_a_statement)
{
    static const rk_query query = {
        .sql = "WITH a AS (SELECT {row} FROM probe.row r) SELECT {row} FROM a r",
        .row = &db_row_map,
    };
    db_row row;

    db_admin("INSERT INTO probe.row VALUES (3, 'three')");
    ck_ok(rk_db_one(&row, op, &query, RK_NO_PARAMS));
    ck_assert_int_eq(row.id.value, 3);
}
END_TEST

START_TEST(texts_live_as_long_as_the_operation)
{
    db_row row;

    db_admin("INSERT INTO probe.row VALUES (1, 'lasting')");
    ck_ok(rk_db_one(&row, op, &db_read, RK_PARAMS(rk_int(1))));
    rk_db_end(op);
    rk_pool_free(pool);

    const rk_pool_options options = db_options();

    ck_ok(rk_pool_new(&pool, op, &options));
    ck_assert_str_eq(row.text, "lasting");
}
END_TEST

/* --- refusals --- */

static const struct {
    const char *sql, *value;
    rk_err err;
    const char *message, *detail;
} refusals[] = {
    {"SELECT $1::text",                                                          "\xff",          RK_ERR_INVALID,
     "The payload contains characters that are incompatible with the database",                                                                                                                            "invalid byte sequence for encoding \"UTF8\": 0xff"    },
    {"SELECT $1::jsonb ->> 0",                                                   "[\"\\u0000\"]", RK_ERR_INVALID,
     "The payload contains characters that are incompatible with the database",                                                                                                                            "unsupported Unicode escape sequence"                  },
    {"SELECT $1::integer",                                                       "3000000000",    RK_ERR_INVALID,
     "The payload contains integers with values that are too large or small for the database",                                                                                                             "value \"3000000000\" is out of range for type integer"},
    {"SELECT $1::integer",                                                       "x",             RK_ERR_DATABASE,
     "Database error occurred: invalid input syntax for type integer: \"x\"",                                                                                                                              NULL                                                   },
    {"SELECT $1::text FROM probe.nothing",                                       "x",             RK_ERR_DATABASE,
     "Database error occurred: relation \"probe.nothing\" does not exist",                                                                                                                                 NULL                                                   },
    {"INSERT INTO probe.row (text) VALUES ($1)",                                 "x",             RK_ERR_DATABASE,
     "Database error occurred: null value in column \"id\" of relation \"row\""
     " violates not-null constraint",                                                                                                                                                                      NULL                                                   },
    {"INSERT INTO probe.row (id) SELECT 1 FROM generate_series(1, $1::integer)", "2",
     RK_ERR_DATABASE,                                                                                              "Database error occurred: duplicate key value violates unique constraint \"row_pkey\"", NULL                                                   },
};

/* Spec: foundations.md 4.3 */
START_TEST(a_refusal_becomes_its_error)
{
    const rk_query query = {.sql = refusals[_i].sql};

    ck_fails(rk_db_run(NULL, op, &query, RK_PARAMS(rk_text(refusals[_i].value))), refusals[_i].err);
    ck_assert_str_eq(op->error.message, refusals[_i].message);
    ck_assert_pstr_eq(op->error.detail, refusals[_i].detail);
    rk_error_clear(op);
    ck_ok(rk_db_run(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("still works"))));
}
END_TEST

START_TEST(a_unique_violation_is_the_error_of_the_query)
{
    ck_ok(rk_db_run(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("a"))));
    ck_fails(rk_db_run(NULL, op, &db_insert, RK_PARAMS(rk_int(1), rk_text("b"))), RK_ERR_CONFLICT);
    ck_assert_str_eq(op->error.message, "This id is taken.");
    rk_error_clear(op);

    db_row row;

    ck_fails(rk_db_one(&row, op, &db_insert_returning, RK_PARAMS(rk_int(1), rk_text("b"))),
             RK_ERR_CONFLICT);
    ck_assert_str_eq(op->error.message, rk_error_row_of(RK_ERR_CONFLICT)->message);
}
END_TEST

START_TEST(a_statement_that_takes_too_long_times_out)
{
    static const rk_query query = {.sql = "SELECT pg_sleep(30)"};
    rk_pool_options options = db_options();
    struct rk_pool *hurried;
    rk_op other;

    options.statement_timeout_ms = 50;
    ck_ok(rk_pool_new(&hurried, op, &options));
    db_open(&other, hurried);
    ck_assert_int_eq(rk_db_run(NULL, &other, &query, RK_NO_PARAMS), RK_ERR_TIMEOUT);
    db_close(&other);
    rk_pool_free(hurried);
}
END_TEST

UNIT_SUITE(db_statements)
{
    TCase *values = db_case(suite, "values");

    tcase_add_test(values, every_kind_of_value_comes_back_as_it_went);
    tcase_add_test(values, null_leaves_every_kind_unset);
    tcase_add_test(values, an_empty_array_is_set);
    unit_table(values, a_column_is_read_as_utc, read_times);
    unit_table(values, an_integer_of_any_size_is_read, integers);
    tcase_add_test(values, items_end_whatever_follows_them);
    unit_table(values, a_value_that_cannot_be_read_is_a_database_error, foreign_values);
    unit_table(values, a_point_in_time_is_sent_in_full, instants);

    TCase *rows = db_case(suite, "rows");

    tcase_add_test(rows, all_rows_come_in_order);
    tcase_add_test(rows, a_look_up_tells_whether_there_is_a_row);
    tcase_add_test(rows, no_row_is_the_error_of_the_query);
    tcase_add_test(rows, changed_rows_are_counted);
    tcase_add_test(rows, what_follows_from_the_columns_is_filled_in);
    tcase_add_test(rows, the_columns_may_stand_twice_in_a_statement);
    tcase_add_test(rows, texts_live_as_long_as_the_operation);

    TCase *refused = db_case(suite, "refusals");

    unit_table(refused, a_refusal_becomes_its_error, refusals);
    tcase_add_test(refused, a_unique_violation_is_the_error_of_the_query);
    tcase_add_test(refused, a_statement_that_takes_too_long_times_out);
}
