/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/http/form.h"
#include "tests/unit/unit.h"

/* "a=1;b=2" of pairs. */
static const char *listed(const rk_pairs *pairs)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 0);
    for (size_t i = 0; i < pairs->count; i++)
        rk_buf_printf(&buf, "%s%s=%s", i ? ";" : "", pairs->names[i], pairs->values[i]);
    ck_ok(rk_buf_finish(&buf));
    return buf.text;
}

static const struct {
    const char *query, *pairs;
} queries[] = {
    {"",              ""                                      },
    {"a=1",           "a=1"                                   },
    {"a=1&b=2",       "a=1;b=2"                               },
    {"a=1&a=2",       "a=1;a=2"                               },
    {"&&a=1&&",       "a=1"                                   },
    {"a=1;b=2",       "a=1;b=2"                               },
    {"a=b=c",         "a=b=c"                                 },
    {"a",             ""                                      },
    {"a=",            ""                                      },
    {"=",             ""                                      },
    {"=x",            "=x"                                    },
    {"a=+b+",         "a= b "                                 },
    {"%61%3d=%31%26", "a==1&"                                 },
    {"a=%2B",         "a=+"                                   },
    {"a=%C3%BC",      "a=\xc3\xbc"                            },
    {"a=%c3%bc",      "a=\xc3\xbc"                            },
    {"a=%zz",         "a=%zz"                                 },
    {"a=%1",          "a=%1"                                  },
    {"a=%",           "a=%"                                   },
    {"a=%%31",        "a=%1"                                  },
    {"a=%ff",         "a=\xef\xbf\xbd"                        },
    {"a=%ff%fe",      "a=\xef\xbf\xbd\xef\xbf\xbd"            },
    {"a=%e2%82",      "a=\xef\xbf\xbd"                        },
    {"a=%e2%82x",     "a=\xef\xbf\xbdx"                       },
    {"a=%f0%9f%98",   "a=\xef\xbf\xbd"                        },
    {"a=%ed%a0%80",   "a=\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"a=%c0%80",      "a=\xef\xbf\xbd\xef\xbf\xbd"            },
    {"a=x%00y",       "a=x\xc0\x80y"                          },
};

/* Spec: foundations.md 6 */
START_TEST(a_query_becomes_pairs)
{
    rk_pairs pairs;

    ck_ok(rk_query_parse(&pairs, op, queries[_i].query, strlen(queries[_i].query)));
    if (strchr(queries[_i].query, ';'))
        ck_assert_int_eq((int)pairs.count, 1);
    ck_assert_str_eq(listed(&pairs), queries[_i].pairs);
}
END_TEST

START_TEST(no_query_is_no_pairs)
{
    rk_pairs pairs;

    ck_ok(rk_query_parse(&pairs, op, NULL, 0));
    ck_assert_int_eq((int)pairs.count, 0);
}
END_TEST

START_TEST(pairs_are_bounded)
{
    char *query = rk_alloc(op, 40 * 1000 + 1, 1);
    rk_pairs pairs;

    for (size_t i = 0; i < 10 * 1000; i++)
        memcpy(query + 4 * i, "a=1&", 4);
    ck_ok(rk_query_parse(&pairs, op, query, 40 * 1000));
    ck_assert_int_eq((int)pairs.count, 10 * 1000);
    memcpy(query, "a&=1", 4);
    ck_ok(rk_query_parse(&pairs, op, query, 40 * 1000));
    query = rk_printf(op, "%sa=1&a=1", query);
    ck_fails(rk_query_parse(&pairs, op, query, strlen(query)), RK_ERR_TOO_LARGE);
}
END_TEST

/* --- by a schema --- */

#define NO_LIMITS .min_length = -1, .max_length = -1, .pattern_index = -1
static const char *const kind_texts[] = {"group", "user", "project"};
static const rk_enum kind_names = {3, kind_texts};
static const rk_schema text = {.kind = RK_KIND_TEXT, NO_LIMITS};
static const rk_schema integer = {
    .kind = RK_KIND_INT, NO_LIMITS, .has_minimum = true, .minimum = 1};
static const rk_schema boolean = {.kind = RK_KIND_BOOL, NO_LIMITS};
static const rk_schema kind = {.kind = RK_KIND_ENUM, NO_LIMITS, .names = &kind_names};
static const rk_schema kinds = {.kind = RK_KIND_ARRAY, NO_LIMITS, .items = &kind};
static const rk_schema texts = {.kind = RK_KIND_TEXTS, NO_LIMITS, .items = &text};

typedef struct {
    rk_opt_int page;
    const char *name;
    rk_opt_bool flag;
    rk_array kinds;
    rk_strings tags;
} query;
static const rk_field fields[] = {
    {RK_MEMBER("page"),  .schema = &integer, .offset = offsetof(query, page),                             .fallback = "1"    },
    {RK_MEMBER("name"),  .schema = &text,    .offset = offsetof(query, name),                             .nullable = true   },
    {RK_MEMBER("flag"),  .schema = &boolean, .offset = offsetof(query, flag),                             .fallback = "false"},
    {RK_MEMBER("kinds"), .schema = &kinds,   .offset = offsetof(query, kinds),                            .nullable = true,
     .fallback = "[\"user\",\"group\"]"},
    {RK_MEMBER("tags"),                  .schema = &texts,                    .offset = offsetof(query,           tags), .nullable = true    },
};
static const rk_schema schema = {.kind = RK_KIND_OBJECT,
                                 NO_LIMITS,
                                 .fields = fields,
                                 .field_count = RK_COUNT(fields),
                                 .size_bytes = sizeof(query),
                                 .extra = RK_EXTRA_FORBID};

#define KINDS "\"kinds\":[\"user\",\"group\"]"
#define REST "\"flag\":false," KINDS
static const struct {
    const char *query, *becomes;
    const char *message; /* NULL: it is accepted */
} read[] = {
    {"",                         "{\"page\":1," REST "}",                                        NULL                                                                         },
    {"page=2",                   "{\"page\":2," REST "}",                                        NULL                                                                         },
    {"page=%202%20",             "{\"page\":2," REST "}",                                        NULL                                                                         },
    {"page=+1_0",                "{\"page\":10," REST "}",                                       NULL                                                                         },
    {"page=%2B1",                "{\"page\":1," REST "}",                                        NULL                                                                         },
    {"page=",                    "{\"page\":1," REST "}",                                        NULL                                                                         },
    {"foo=&foo",                 "{\"page\":1," REST "}",                                        NULL                                                                         },
    {"name=a+b",                 "{\"page\":1,\"name\":\"a b\"," REST "}",                       NULL                                                                         },
    {"flag=oN",                  "{\"page\":1,\"flag\":true," KINDS "}",                         NULL                                                                         },
    {"kinds=project",            "{\"page\":1,\"flag\":false,\"kinds\":[\"project\"]}",          NULL                                                                         },
    {"kinds=project&kinds=user", "{\"page\":1,\"flag\":false,\"kinds\":[\"project\",\"user\"]}",
     NULL                                                                                                                                                                     },
    {"tags=a&tags=b&tags=c",     "{\"page\":1," REST ",\"tags\":[\"a\",\"b\",\"c\"]}",           NULL                                                                         },
    {"tags=a",                   NULL,                                                           "tags: Input should be a valid list"                                         },
    {"page=1&page=2",            NULL,                                                           "page: Input should be a valid integer"                                      },
    {"name=a&name=b",            NULL,                                                           "name: Input should be a valid string"                                       },
    {"flag=true&flag=true",      NULL,                                                           "flag: Input should be a valid boolean"                                      },
    {"page=0",                   NULL,                                                           "page: Input should be greater than or equal to 1"                           },
    {"page=x",                   NULL,                                                           "page: Input should be a valid integer, unable to parse string as an integer"},
    {"page=1%00",                NULL,
     "page: Input should be a valid integer, unable to parse string as an integer"                                                                                            },
    {"kinds=x",                  NULL,                                                           "kinds.0: Input should be 'group', 'user' or 'project'"                      },
    {"kinds=user&kinds=x",       NULL,                                                           "kinds.1: Input should be 'group', 'user' or 'project'"                      },
    {"foo=1",                    NULL,                                                           "foo: Extra inputs are not permitted"                                        },
    {"=x",                       NULL,                                                           ": Extra inputs are not permitted"                                           },
    {"Page=1",                   NULL,                                                           "Page: Extra inputs are not permitted"                                       },
    {"zz=1&page=0&a%20b=1",      NULL,
     "page: Input should be greater than or equal to 1, zz: Extra inputs are not permitted, "
     "a b: Extra inputs are not permitted"                                                                                                                                    },
};

static int read_query(query *out, const char *given)
{
    rk_pairs pairs;

    RK_TRY(rk_query_parse(&pairs, op, given, strlen(given)));
    return rk_schema_read_pairs(out, op, NULL, &schema, &pairs);
}

/* Spec: foundations.md 5.2, 5.3, 6 */
START_TEST(pairs_are_read_by_a_schema)
{
    rk_buf buf;
    query out;
    int result = read_query(&out, read[_i].query);

    if (read[_i].message) {
        ck_fails(result, RK_ERR_INVALID);
        ck_assert_str_eq(
            op->error.message,
            rk_printf(op, "There are errors in the following fields, %s", read[_i].message));
        return;
    }
    ck_ok(result);
    rk_buf_begin(&buf, op, 0);
    ck_ok(rk_schema_write(&buf, op, NULL, &schema, &out));
    ck_assert_str_eq(buf.text, read[_i].becomes);
}
END_TEST

static const rk_field bare_fields[] = {
    {RK_MEMBER("name"), .schema = &text,    .offset = offsetof(query, name)},
    {RK_MEMBER("flag"), .schema = &boolean, .offset = offsetof(query, flag)},
};
static const rk_field needed_fields[] = {
    {RK_MEMBER("name"), .schema = &text, .offset = offsetof(query, name), .required = true},
};
static const rk_schema bare = {.kind = RK_KIND_OBJECT,
                               NO_LIMITS,
                               .fields = bare_fields,
                               .field_count = 2,
                               .size_bytes = sizeof(query)};
static const rk_schema needed = {.kind = RK_KIND_OBJECT,
                                 NO_LIMITS,
                                 .fields = needed_fields,
                                 .field_count = 1,
                                 .size_bytes = sizeof(query)};

START_TEST(no_pairs_leave_unset_what_has_no_default)
{
    const rk_pairs none = {0};
    query out;

    memset(&out, 0xff, sizeof out);
    ck_ok(rk_schema_read_pairs(&out, op, NULL, &bare, &none));
    ck_assert_ptr_null(out.name);
    ck_assert(!out.flag.set && !out.page.set && !out.tags.set);
}
END_TEST

START_TEST(no_pairs_are_not_enough_where_one_is_required)
{
    const rk_pairs none = {0};
    query out;

    ck_fails(rk_schema_read_pairs(&out, op, NULL, &needed, &none), RK_ERR_INVALID);
    ck_assert_str_eq(op->error.message,
                     "There are errors in the following fields, name: Field required");
}
END_TEST

/* Spec: foundations.md 6, 4.3 */
START_TEST(an_escaped_nul_is_for_no_database)
{
    query out;

    ck_fails(read_query(&out, "name=a%00b"), RK_ERR_INVALID);
    ck_assert_str_eq(op->error.message,
                     "The payload contains characters that are incompatible with the database");
}
END_TEST

/* --- forms --- */

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data; boundary=XX"
#define PART(name, value)                                                                          \
    "--XX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

#define END "--XX--"
#define ONE PART("a", "1")
#define EMPTY PART("a", "")
#define BROKEN PART("a", "\xff")
#define LINES PART("b", "x\r\ny")
#define PREAMBLE "preamble\r\n" ONE END "after"
#define QUOTED PART("a\\\"b;c", "1")
#define TYPED "multipart/form-data; charset=x; boundary=\"a b\""
#define TYPED_PART "--a b\r\nx-y: z\r\nCONTENT-DISPOSITION:form-data;name=a\r\n\r\n1\r\n--a b--"
#define FILE_PART "--XX\r\nContent-Disposition: form-data; name=f; filename=\"x\"\r\n\r\n1\r\n"
#define NAMELESS "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n" END

static const struct {
    const char *type, *body, *pairs;
} forms[] = {
    {URLENCODED,                                          "a=1&b=%C3%BC+x",        "a=1;b=\xc3\xbc x"},
    {"Application/X-WWW-Form-Urlencoded ; charset=utf-8", "a=1",                   "a=1"             },
    {URLENCODED,                                          "a=1&a=&b",              "a=1"             },
    {URLENCODED,                                          "",                      ""                },
    {URLENCODED,                                          "a=\xff",                ""                },
    {NULL,                                                "a=1",                   ""                },
    {"",                                                  "a=1",                   ""                },
    {"application/json",                                  "{\"a\":1}",             ""                },
    {"text/plain",                                        "a=1",                   ""                },
    {MULTIPART,                                           ONE END "\r\n",          "a=1"             },
    {MULTIPART,                                           ONE LINES END,           "a=1;b=x\r\ny"    },
    {MULTIPART,                                           PREAMBLE,                "a=1"             },
    {MULTIPART,                                           EMPTY LINES END,         "b=x\r\ny"        },
    {MULTIPART,                                           QUOTED END,              "a\"b;c=1"        },
    {MULTIPART,                                           ONE ONE END,             "a=1;a=1"         },
    {TYPED,                                               TYPED_PART,              "a=1"             },
    {MULTIPART,                                           FILE_PART ONE END,       "a=1"             },
    {MULTIPART,                                           ONE "--XX",              ""                },
    {MULTIPART,                                           ONE "--XXY--",           ""                },
    {MULTIPART,                                           "--XX\r\n\r\n1\r\n" END, ""                },
    {MULTIPART,                                           NAMELESS,                ""                },
    {MULTIPART,                                           BROKEN END,              ""                },
    {MULTIPART,                                           "--XX\r\n" END,          ""                },
    {MULTIPART,                                           END,                     ""                },
    {MULTIPART,                                           "a=1",                   ""                },
    {"multipart/form-data",                               ONE END,                 ""                },
    {"multipart/form-data; boundary=",                    ONE END,                 ""                },
};

/* Spec: foundations.md 5.5 */
START_TEST(a_form_becomes_pairs)
{
    const char *body = forms[_i].body;
    rk_pairs pairs;

    ck_ok(rk_form_parse(&pairs, op, forms[_i].type, body, strlen(body)));
    ck_assert_str_eq(listed(&pairs), forms[_i].pairs);
}
END_TEST

static int read_everything(void)
{
    static const char form[] = PART("name", "1") "--XX--";
    rk_pairs pairs;
    query out;

    RK_TRY(read_query(&out, "page=2&kinds=user&tags=a&tags=b&tags=c&name=%ff"));
    RK_TRY(rk_form_parse(&pairs, op, MULTIPART, form, sizeof(form) - 1));
    return rk_schema_read_pairs(&out, op, NULL, &schema, &pairs);
}

START_TEST(without_memory_reading_pairs_fails)
{
    unit_fail_allocation(0);
    ck_ok(read_everything());
    int all = unit_allocations();

    for (int n = 1; n <= all; n++) {
        rk_op_end(op);
        ck_assert_int_eq(rk_op_begin(op), 0);
        int result = unit_without(n, read_everything());

        ck_assert(result == 0 || result == RK_ERR_NO_MEMORY);
    }
}
END_TEST

UNIT_SUITE(http_pairs)
{
    TCase *parsing = unit_case(suite, "foundations.md 6");
    TCase *forming = unit_case(suite, "foundations.md 5.5");

    unit_table(parsing, a_query_becomes_pairs, queries);
    tcase_add_test(parsing, no_query_is_no_pairs);
    tcase_add_test(parsing, pairs_are_bounded);
    unit_table(parsing, pairs_are_read_by_a_schema, read);
    tcase_add_test(parsing, no_pairs_leave_unset_what_has_no_default);
    tcase_add_test(parsing, no_pairs_are_not_enough_where_one_is_required);
    tcase_add_test(parsing, an_escaped_nul_is_for_no_database);
    unit_table(forming, a_form_becomes_pairs, forms);
    tcase_add_test(forming, without_memory_reading_pairs_fails);
}
