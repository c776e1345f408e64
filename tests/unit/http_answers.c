/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tests/unit/schemas.h"

/* --- answers that violate their schema --- */

static const rk_schema texts = {.kind = RK_KIND_TEXTS, NO_LIMITS, .items = &text};
static const rk_schema *const text_or_texts_options[] = {&text, &texts};
static const char *const text_or_texts_tags[] = {"str", "list[str]"};
static const rk_schema text_or_texts = {.kind = RK_KIND_UNION,
                                        NO_LIMITS,
                                        .options = text_or_texts_options,
                                        .option_tags = text_or_texts_tags,
                                        .option_count = 2};

static const member good = {"ab", 2};
static const member bad_role = {"ab", 9};
static const member bad_id = {"-", 1};
static const member no_id = {NULL, 1};
static const member nothing = {NULL, 0};
static const member two_bad[] = {
    {"ab", 1},
    {"x",  0},
};
static const rk_array one_good = {true, 1, (void *)(uintptr_t)&good};
static const rk_array with_bad = {true, 2, (void *)(uintptr_t)two_bad};
static const rk_array unset = {false, 0, NULL};
static const rk_opt_int eleven = {true, 11}, no_integer = {0};
static const rk_opt_number infinite = {true, INFINITY}, one = {true, 1};
static const rk_opt_int one_unset[] = {
    {true, 1},
    {0   }
};
static const rk_array with_gap = {true, 2, (void *)(uintptr_t)one_unset};
static const rk_union beyond = {3, (void *)(uintptr_t)&good}, no_choice = {1, NULL};

static const struct {
    const rk_schema *schema;
    const void *value;
    const char *text;   /* NULL: it fails */
    const char *fields; /* of the failure */
} answers[] = {
    {&member_schema,  &good,       "{\"id\":\"ab\",\"role\":\"editor\"}",   NULL          },
    {&member_schema,  &bad_role,   NULL,                                    "role"        },
    {&member_schema,  &bad_id,     NULL,                                    "id"          },
    {&member_schema,  &no_id,      NULL,                                    "id"          },
    {&member_schema,  &nothing,    NULL,                                    "id, role"    },
    {&members,        &one_good,   "[{\"id\":\"ab\",\"role\":\"editor\"}]", NULL          },
    {&members,        &with_bad,   NULL,                                    "1.id, 1.role"},
    {&members,        &unset,      "[]",                                    NULL          },
    {&two_or_three,   &unset,      NULL,                                    ""            },
    {&between,        &eleven,     NULL,                                    ""            },
    {&integer,        &no_integer, NULL,                                    ""            },
    {&number,         &infinite,   NULL,                                    ""            },
    {&share,          &one,        NULL,                                    ""            },
    {&two_or_three,   &with_gap,   NULL,                                    "1"           },
    {&maybe_integers, &with_gap,   "[1,null]",                              NULL          },
    {&text_or_texts,  &beyond,     NULL,                                    ""            },
    {&text_or_texts,  &no_choice,  NULL,                                    ""            },
};

/* Spec: foundations.md 4.3 */
START_TEST(an_answer_that_violates_its_schema_is_an_error)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 0);
    int result = rk_schema_write(&buf, op, schema_patterns, answers[_i].schema, answers[_i].value);

    if (answers[_i].text) {
        ck_ok(result);
        ck_assert_str_eq(buf.text, answers[_i].text);
        return;
    }
    ck_fails(result, RK_ERR_RESPONSE);
    ck_assert_str_eq(op->error.message,
                     rk_printf(op,
                               "The server could not construct a valid response. Errors found in "
                               "the following fields: %s",
                               answers[_i].fields));
}
END_TEST

/* What was committed is answered: room for that is made before. */
START_TEST(an_answer_needs_no_memory_beyond_the_arena)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 1024);
    ck_ok(unit_without(1, rk_schema_write(&buf, op, schema_patterns, &member_schema, &good)));
    ck_assert_str_eq(buf.text, "{\"id\":\"ab\",\"role\":\"editor\"}");
}
END_TEST

UNIT_SUITE(http_answers)
{
    TCase *answering = schema_case(suite, "foundations.md 4.3");
    TCase *memory = schema_case(suite, "memory");

    unit_table(answering, an_answer_that_violates_its_schema_is_an_error, answers);
    tcase_add_test(memory, an_answer_needs_no_memory_beyond_the_arena);
}
