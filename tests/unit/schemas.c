/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/schemas.h"

#include <string.h>

#include "librenku/http/json.h"
#include "librenku/http/patterns.h"

static const rk_pattern_source sources[] = {
    [SLUG] = {"^(?!.*\\.git$|.*\\.atom$|.*[\\-._][\\-._].*)[a-z0-9][a-z0-9\\-_.]*$", false},
    [USER_ID] = {"^[A-Za-z0-9]{1}[A-Za-z0-9-]+$",                                       false},
    [NEWLINE] = {"^[a-z]+$",                                                            true },
    [WORDS] = {"[a-z]",                                                               false},
    [ALTERNATING] = {"^(a|b)*$",                                                            false},
    [REPEATED] = {"^([a-z]+)+$",                                                         false},
};
rk_patterns *schema_patterns;

static void open_patterns(void)
{
    ck_ok(rk_patterns_compile(&schema_patterns, op, sources, RK_COUNT(sources)));
}

static void close_patterns(void)
{
    rk_patterns_free(schema_patterns);
    schema_patterns = NULL;
}

TCase *schema_case(Suite *suite, const char *section)
{
    TCase *tcase = unit_case(suite, section);

    tcase_add_checked_fixture(tcase, open_patterns, close_patterns);
    return tcase;
}

int schema_read(void *out, const rk_schema *schema, const char *json)
{
    struct json_object *value;

    ck_ok(rk_json_parse(&value, op, json, strlen(json)));
    return rk_schema_read(out, op, schema_patterns, schema, value);
}

const char *schema_written(const rk_schema *schema, const void *value)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 0);
    ck_ok(rk_schema_write(&buf, op, schema_patterns, schema, value));
    return buf.text;
}
