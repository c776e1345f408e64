/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/http/json.h"
#include "tests/unit/schemas.h"

/* --- fields: unset, null, defaults, unknown ones --- */

typedef struct {
    const char *name;
    const char *mount;
    rk_opt_bool flag;
    rk_opt_int count;
    rk_array kinds;
    member *owner;
    struct json_object *extra;
} sample;
static const rk_schema kinds = {.kind = RK_KIND_ARRAY, NO_LIMITS, .items = &role};
static const rk_field sample_fields[] = {
    {RK_MEMBER("name"),  .schema = &text,   .offset = offsetof(sample, name),                               .nullable = true},
    {RK_MEMBER("mount"), .schema = &text,   .offset = offsetof(sample, mount),                              .nullable = true,
     .fallback = "\"/secrets\""},
    {RK_MEMBER("flag"),                  .schema = &boolean,                   .offset = offsetof(sample,         flag), .fallback = "true"   },
    {RK_MEMBER("count"),                  .schema = &integer,                  .offset = offsetof(sample,        count), .nullable = true,
     .shows_null = true},
    {RK_MEMBER("kinds"), .schema = &kinds,                  .offset = offsetof(sample,                          kinds),                                             .nullable = true,
     .fallback = "[\"editor\",\"viewer\"]"},
    {RK_MEMBER("owner"),  .schema = &member_schema, .offset = offsetof(sample,                          owner),
     .nullable = true                                  },
};
static rk_schema sample_schema(rk_extra extra)
{
    return (rk_schema){.kind = RK_KIND_OBJECT,
                       NO_LIMITS,
                       .fields = sample_fields,
                       .field_count = RK_COUNT(sample_fields),
                       .size_bytes = sizeof(sample),
                       .extra = extra,
                       .extra_offset = offsetof(sample, extra)};
}

#define DEFAULTS                                                                                   \
    "\"mount\":\"/secrets\",\"flag\":true,\"count\":null,\"kinds\":[\"editor\",\"viewer\"]"

static const struct {
    rk_extra extra;
    const char *given, *becomes;
} objects[] = {
    {RK_EXTRA_FORBID, "{}",                                                       "{" DEFAULTS "}"                },
    {RK_EXTRA_FORBID, "{\"name\":null,\"count\":null,\"owner\":null}",            "{" DEFAULTS "}"                },
    {RK_EXTRA_FORBID, "{\"name\":\"\"}",                                          "{\"name\":\"\"," DEFAULTS "}"  },
    {RK_EXTRA_FORBID, "{\"mount\":null,\"kinds\":null}",                          "{\"flag\":true,\"count\":null}"},
    {RK_EXTRA_FORBID, "{\"count\":\"7\",\"flag\":0,\"mount\":\"\",\"kinds\":[]}",
     "{\"mount\":\"\",\"flag\":false,\"count\":7,\"kinds\":[]}"                                                   },
    {RK_EXTRA_FORBID, "{\"owner\":{\"id\":\"ab\",\"role\":\"viewer\"}}",
     "{" DEFAULTS ",\"owner\":{\"id\":\"ab\",\"role\":\"viewer\"}}"                                               },
    {RK_EXTRA_IGNORE, "{\"x\":1,\"y\":[]}",                                       "{" DEFAULTS "}"                },
    {RK_EXTRA_KEEP,   "{\"x\":1,\"count\":1,\"y\":[\"\\u00e4\"]}",
     "{\"mount\":\"/secrets\",\"flag\":true,\"count\":1,\"kinds\":[\"editor\",\"viewer\"],"
     "\"x\":1,\"y\":[\"\\u00e4\"]}"                                                                               },
};

/* Spec: foundations.md 5.2, 5.3, 10.4 */
START_TEST(absent_members_take_defaults_and_unknown_ones_are_judged)
{
    const rk_schema schema = sample_schema(objects[_i].extra);
    sample out;

    ck_ok(schema_read(&out, &schema, objects[_i].given));
    ck_assert_str_eq(schema_written(&schema, &out), objects[_i].becomes);
}
END_TEST

/* Spec: foundations.md 5.3: what has a default of its own may not be null */
START_TEST(null_is_refused_where_a_default_stands)
{
    const rk_schema schema = sample_schema(RK_EXTRA_IGNORE);
    sample out;

    ck_fails(schema_read(&out, &schema, "{\"flag\":null}"), RK_ERR_INVALID);
    ck_assert_str_eq(op->error.message, "There are errors in the following fields, flag: Input "
                                        "should be a valid boolean");
}
END_TEST

/* Spec: foundations.md 4.3: only other services can send it as an escape */
START_TEST(a_nul_in_a_text_is_for_no_database)
{
    const rk_schema schema = sample_schema(RK_EXTRA_KEEP);
    const char *const bodies[] = {"{\"name\":\"a\\u0000b\"}", "{\"x\":[\"\\u0000\"]}",
                                  "{\"x\":{\"a\\u0000b\":1}}", "{\"a\\u0000\":1}"};
    sample out;

    for (size_t i = 0; i < RK_COUNT(bodies); i++) {
        rk_error_clear(op);
        ck_fails(schema_read(&out, &schema, bodies[i]), RK_ERR_INVALID);
        ck_assert_str_eq(op->error.message,
                         "The payload contains characters that are incompatible with the database");
    }
    rk_error_clear(op);
    ck_fails(schema_read(&out, &schema, "{\"name\":\"\\u0000\",\"flag\":2}"), RK_ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(op->error.message, "flag: Input should be"));
}
END_TEST

/* Spec: foundations.md 5.1: else two names could become one */
START_TEST(an_unknown_name_that_is_no_text_is_refused)
{
    const rk_schema schema = sample_schema(RK_EXTRA_KEEP);
    sample out;

    ck_fails(schema_read(&out, &schema, "{\"x\":1,\"\\ud800\":1,\"\\udc00\":1}"), RK_ERR_INVALID);
    ck_assert_str_eq(
        op->error.message,
        "There are errors in the following fields, \xed\xa0\x80: Input should be a "
        "valid string, unable to parse raw data as a unicode string, \xed\xb0\x80: "
        "Input should be a valid string, unable to parse raw data as a unicode string");
}
END_TEST

/* --- out of memory --- */

static const char full[] =
    "{\"name\":\"\\u00e4b\",\"count\":\"7\",\"owner\":{\"id\":\"ab\",\"role\":\"viewer\"},"
    "\"x\":[1,2.5,{\"y\":\"z\"}],\"kinds\":[\"owner\"]}";

static int read_and_write(const char *json)
{
    const rk_schema schema = sample_schema(RK_EXTRA_KEEP);
    struct json_object *value;
    sample out;
    rk_buf buf;

    RK_TRY(rk_json_parse(&value, op, json, strlen(json)));
    RK_TRY(rk_schema_read(&out, op, schema_patterns, &schema, value));
    rk_buf_begin(&buf, op, 0);
    return rk_schema_write(&buf, op, schema_patterns, &schema, &out);
}

START_TEST(without_memory_reading_and_writing_fail)
{
    unit_fail_allocation(0);
    ck_ok(read_and_write(full));
    int all = unit_allocations();

    for (int n = 1; n <= all; n++) {
        rk_op_end(op);
        ck_assert_int_eq(rk_op_begin(op), 0);
        int result = unit_without(n, read_and_write(full));

        ck_assert(result == 0 || result == RK_ERR_NO_MEMORY);
    }
}
END_TEST

UNIT_SUITE(http_objects)
{
    TCase *fields = schema_case(suite, "foundations.md 5.2");
    TCase *answering = schema_case(suite, "foundations.md 4.3");
    TCase *memory = schema_case(suite, "memory");

    unit_table(fields, absent_members_take_defaults_and_unknown_ones_are_judged, objects);
    tcase_add_test(fields, an_unknown_name_that_is_no_text_is_refused);
    tcase_add_test(fields, null_is_refused_where_a_default_stands);
    tcase_add_test(answering, a_nul_in_a_text_is_for_no_database);
    tcase_add_test(memory, without_memory_reading_and_writing_fail);
}
