/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/schemas.h"

/* --- the schemas of these tests --- */

static const rk_enum two_roles = {2, role_texts};
static const rk_enum one_role = {1, role_texts};
static const rk_schema short_text = {
    .kind = RK_KIND_TEXT, .min_length = 2, .max_length = 3, .pattern_index = -1};
static const rk_schema one_character = {
    .kind = RK_KIND_TEXT, .min_length = 1, .max_length = 1, .pattern_index = -1};
static const rk_schema empty_text = {
    .kind = RK_KIND_TEXT, .min_length = 0, .max_length = 0, .pattern_index = -1};
static const rk_schema slug = PATTERN(SLUG, "SLUG");
static const rk_schema tolerant = PATTERN(NEWLINE, "^[a-z]+$");
static const rk_schema searched = PATTERN(WORDS, "[a-z]");
static const rk_schema repeated = PATTERN(REPEATED, "^([a-z]+)+$");
static const rk_schema alternating = PATTERN(ALTERNATING, "^(a|b)*$");
static const rk_schema page = {
    .kind = RK_KIND_INT, NO_LIMITS, .has_minimum = true, .minimum = 1, .saturates = true};
static const rk_schema per_page = {.kind = RK_KIND_INT,
                                   NO_LIMITS,
                                   .has_minimum = true,
                                   .has_maximum = true,
                                   .minimum = 1,
                                   .maximum = 100};
static const rk_schema role_of_two = {.kind = RK_KIND_ENUM, NO_LIMITS, .names = &two_roles};
static const rk_schema role_of_one = {.kind = RK_KIND_ENUM, NO_LIMITS, .names = &one_role};
static const rk_schema instant = {.kind = RK_KIND_TIME, NO_LIMITS};
static const rk_schema texts = {.kind = RK_KIND_TEXTS, NO_LIMITS, .items = &text};
static const rk_schema texts_of_two = {.kind = RK_KIND_TEXTS,
                                       .min_length = 1,
                                       .max_length = 2,
                                       .pattern_index = -1,
                                       .items = &one_character};
static const rk_schema different = {
    .kind = RK_KIND_ARRAY, NO_LIMITS, .items = &integer, .unique_items = true};
static const rk_schema map = {.kind = RK_KIND_MAP, NO_LIMITS};
static const rk_schema map_of_integers = {.kind = RK_KIND_MAP, NO_LIMITS, .items = &integer};
static const rk_schema any = {.kind = RK_KIND_ANY, NO_LIMITS};
static const rk_schema raw = {.kind = RK_KIND_RAW, NO_LIMITS};
static const rk_schema *const text_or_texts_options[] = {&short_text, &texts};
static const char *const text_or_texts_tags[] = {"str", "list[str]"};
static const rk_schema text_or_texts = {.kind = RK_KIND_UNION,
                                        NO_LIMITS,
                                        .options = text_or_texts_options,
                                        .option_tags = text_or_texts_tags,
                                        .option_count = 2};
static const rk_schema *const integer_or_text_options[] = {&integer, &text};
static const char *const integer_or_text_tags[] = {"int", "str"};
static const rk_schema integer_or_text = {.kind = RK_KIND_UNION,
                                          NO_LIMITS,
                                          .options = integer_or_text_options,
                                          .option_tags = integer_or_text_tags,
                                          .option_count = 2};

/* Room for the C form of any value. */
typedef union {
    rk_instant instant;
    rk_array array;
    rk_opt_number number;
    char bytes[64];
} box;

/* An object with one member v. */
static rk_schema object_of(const rk_field *field)
{
    return (rk_schema){.kind = RK_KIND_OBJECT,
                       NO_LIMITS,
                       .fields = field,
                       .field_count = 1,
                       .size_bytes = sizeof(box),
                       .extra = RK_EXTRA_FORBID};
}

/* --- 5.3: what is accepted, and what it becomes --- */

static const struct {
    const rk_schema *schema;
    const char *given, *becomes;
} accepted[] = {
    {&text,            "\"\"",                                           "\"\""                                },
    {&text,            "\"a b\"",                                        "\"a b\""                             },
    {&text,            "\"\\u00fc\\ud83d\\ude00\"",                      "\"\\u00fc\\ud83d\\ude00\""           },
    {&short_text,      "\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"",
     "\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\""                                                          },
    {&text,            "\"\\ud55c\"",                                    "\"\\ud55c\""                         },
    {&empty_text,      "\"\"",                                           "\"\""                                },
    {&slug,            "\"a-b.c_d\"",                                    "\"a-b.c_d\""                         },
    {&slug,            "\"a.git-x\"",                                    "\"a.git-x\""                         },
    {&tolerant,        "\"abc\"",                                        "\"abc\""                             },
    {&tolerant,        "\"abc\\n\"",                                     "\"abc\\n\""                          },
    {&searched,        "\"12x34\"",                                      "\"12x34\""                           },
    {&integer,         "0",                                              "0"                                   },
    {&integer,         "-0",                                             "0"                                   },
    {&integer,         "9223372036854775807",                            "9223372036854775807"                 },
    {&integer,         "-9223372036854775808",                           "-9223372036854775808"                },
    {&integer,         "1.0",                                            "1"                                   },
    {&integer,         "-2.50e1",                                        "-25"                                 },
    {&integer,         "1e3",                                            "1000"                                },
    {&integer,         "true",                                           "1"                                   },
    {&integer,         "false",                                          "0"                                   },
    {&integer,         "\"5\"",                                          "5"                                   },
    {&integer,         "\" +5 \"",                                       "5"                                   },
    {&integer,         "\"\\t-5\\n\"",                                   "-5"                                  },
    {&integer,         "\"1_0\"",                                        "10"                                  },
    {&integer,         "\"1_0_0\"",                                      "100"                                 },
    {&integer,         "\"007\"",                                        "7"                                   },
    {&integer,         "\"5.0\"",                                        "5"                                   },
    {&integer,         "\"5.000\"",                                      "5"                                   },
    {&integer,         "\"-0.0\"",                                       "0"                                   },
    {&integer,         "\"9223372036854775807\"",                        "9223372036854775807"                 },
    {&page,            "9223372036854775808",                            "9223372036854775807"                 },
    {&page,            "\"99999999999999999999999\"",                    "9223372036854775807"                 },
    {&page,            "1e30",                                           "9223372036854775807"                 },
    {&per_page,        "100",                                            "100"                                 },
    {&between,         "1",                                              "1"                                   },
    {&number,          "1",                                              "1.0"                                 },
    {&number,          "1.5",                                            "1.5"                                 },
    {&number,          "1e-7",                                           "1e-7"                                },
    {&number,          "100000000000000000000",                          "1e+20"                               },
    {&number,          "true",                                           "1.0"                                 },
    {&number,          "\"1.5\"",                                        "1.5"                                 },
    {&number,          "\" -1.5e3 \"",                                   "-1500.0"                             },
    {&number,          "\".5\"",                                         "0.5"                                 },
    {&number,          "\"1_0\"",                                        "10.0"                                },
    {&share,           "0.5",                                            "0.5"                                 },
    {&boolean,         "true",                                           "true"                                },
    {&boolean,         "false",                                          "false"                               },
    {&boolean,         "0",                                              "false"                               },
    {&boolean,         "1",                                              "true"                                },
    {&boolean,         "0.0",                                            "false"                               },
    {&boolean,         "1.0",                                            "true"                                },
    {&boolean,         "\"0\"",                                          "false"                               },
    {&boolean,         "\"off\"",                                        "false"                               },
    {&boolean,         "\"F\"",                                          "false"                               },
    {&boolean,         "\"False\"",                                      "false"                               },
    {&boolean,         "\"n\"",                                          "false"                               },
    {&boolean,         "\"NO\"",                                         "false"                               },
    {&boolean,         "\"1\"",                                          "true"                                },
    {&boolean,         "\"oN\"",                                         "true"                                },
    {&boolean,         "\"t\"",                                          "true"                                },
    {&boolean,         "\"TRUE\"",                                       "true"                                },
    {&boolean,         "\"y\"",                                          "true"                                },
    {&boolean,         "\"yes\"",                                        "true"                                },
    {&role,            "\"editor\"",                                     "\"editor\""                          },
    {&instant,         "\"2026-03-04T05:06:07Z\"",                       "\"2026-03-04T05:06:07Z\""            },
    {&instant,         "\"2026-03-04 05:06:07.5+01:00\"",                "\"2026-03-04T05:06:07.500000+01:00\""},
    {&instant,         "\"2026-03-04\"",                                 "\"2026-03-04T00:00:00\""             },
    {&instant,         "1772600767",                                     "\"2026-03-04T05:06:07Z\""            },
    {&instant,         "1772600767891",                                  "\"2026-03-04T05:06:07.891000Z\""     },
    {&instant,         "1772600767.5",                                   "\"2026-03-04T05:06:07.500000Z\""     },
    {&instant,         "\"1772600767\"",                                 "\"2026-03-04T05:06:07Z\""            },
    {&texts,           "[]",                                             "[]"                                  },
    {&texts,           "[\"a\",\"\"]",                                   "[\"a\",\"\"]"                        },
    {&texts_of_two,    "[\"a\",\"b\"]",                                  "[\"a\",\"b\"]"                       },
    {&two_or_three,    "[1,\"2\",true]",                                 "[1,2,1]"                             },
    {&different,       "[1,2,3]",                                        "[1,2,3]"                             },
    {&maybe_integers,  "[null,1]",                                       "[null,1]"                            },
    {&map,             "{\"b\":1,\"a\":[{\"c\":null}]}",                 "{\"b\":1,\"a\":[{\"c\":null}]}"      },
    {&map_of_integers, "{\"b\":1,\"a\":\"2\"}",                          "{\"b\":1,\"a\":\"2\"}"               },
    {&any,             "[1,1.0,1e2,true,\"\\u00e4\",null]",              "[1,1.0,100.0,true,\"\\u00e4\",null]" },
    {&any,             "123456789012345678901234567890",                 "123456789012345678901234567890"      },
    {&any,             "{\"\\ufffd\":1,\"\\ud83d\\ude00\":2}",           "{\"\\ufffd\":1,\"\\ud83d\\ude00\":2}"},
    {&raw,             "{\"a\": [1, 2]}",                                "{\"a\":[1,2]}"                       },
    {&text_or_texts,   "\"abc\"",                                        "\"abc\""                             },
    {&text_or_texts,   "[\"abcd\"]",                                     "[\"abcd\"]"                          },
    {&integer_or_text, "\"5\"",                                          "\"5\""                               },
    {&integer_or_text, "5",                                              "5"                                   },
    {&integer_or_text, "true",                                           "1"                                   },
    {&member_schema,   "{\"role\":\"owner\",\"id\":\"ab\"}",             "{\"id\":\"ab\",\"role\":\"owner\"}"  },
    {&members,         "[{\"id\":\"ab\",\"role\":\"owner\"}]",           "[{\"id\":\"ab\",\"role\":\"owner\"}]"},
};

/* Spec: foundations.md 5.3, 10.4 */
START_TEST(a_value_is_accepted_in_its_forms)
{
    const rk_field field = {RK_MEMBER("v"), .schema = accepted[_i].schema, .required = true};
    const rk_schema schema = object_of(&field);
    const char *json = rk_printf(op, "{\"v\":%s}", accepted[_i].given);
    box out;

    ck_ok(schema_read(&out, &schema, json));
    ck_assert_str_eq(schema_written(&schema, &out),
                     rk_printf(op, "{\"v\":%s}", accepted[_i].becomes));
}
END_TEST

/* --- 5.4: what is refused, and why --- */

#define NOT_TEXT "v: Input should be a valid string"
#define NOT_UNICODE                                                                                \
    "v: Input should be a valid string, unable to parse raw data as a unicode string"
#define NOT_INTEGER "v: Input should be a valid integer"
#define NO_INTEGER_TEXT "v: Input should be a valid integer, unable to parse string as an integer"
#define FRACTION "v: Input should be a valid integer, got a number with a fractional part"
#define BEYOND "v: Input should be a valid integer, it is beyond 64 bits"
#define NOT_NUMBER "v: Input should be a valid number"
#define NO_NUMBER_TEXT "v: Input should be a valid number, unable to parse string as a number"
#define NOT_BOOLEAN "v: Input should be a valid boolean"
#define NO_BOOLEAN_TEXT "v: Input should be a valid boolean, unable to interpret input"
#define NOT_ROLE "v: Input should be 'owner', 'editor' or 'viewer'"
#define NOT_TIME "v: Input should be a valid datetime"
#define NOT_LIST "v: Input should be a valid list"
#define NOT_MAP "v: Input should be a valid dictionary"
#define NOT_OBJECT "v: Input should be a valid dictionary or object to extract fields from"
#define NOT_SLUG "v: String should match pattern 'SLUG'"

static const struct {
    const rk_schema *schema;
    const char *given, *message;
} refused[] = {
    {&text,            "1",                                     NOT_TEXT                                                      },
    {&text,            "true",                                  NOT_TEXT                                                      },
    {&text,            "null",                                  NOT_TEXT                                                      },
    {&text,            "[\"a\"]",                               NOT_TEXT                                                      },
    {&text,            "{}",                                    NOT_TEXT                                                      },
    {&text,            "\"\\ud800\"",                           NOT_UNICODE                                                   },
    {&text,            "\"\\ud83d\\u0041\"",                    NOT_UNICODE                                                   },
    {&text,            "\"a\\udfffb\"",                         NOT_UNICODE                                                   },
    {&short_text,      "\"a\"",                                 "v: String should have at least 2 characters"                 },
    {&short_text,      "\"abcd\"",                              "v: String should have at most 3 characters"                  },
    {&one_character,   "\"\"",                                  "v: String should have at least 1 character"                  },
    {&one_character,   "\"ab\"",                                "v: String should have at most 1 character"                   },
    {&empty_text,      "\"a\"",                                 "v: String should have at most 0 characters"                  },
    {&slug,            "\"a--b\"",                              NOT_SLUG                                                      },
    {&slug,            "\"a.git\"",                             NOT_SLUG                                                      },
    {&slug,            "\"a.atom\"",                            NOT_SLUG                                                      },
    {&slug,            "\"A\"",                                 NOT_SLUG                                                      },
    {&slug,            "\"\"",                                  NOT_SLUG                                                      },
    {&slug,            "\"abc\\n\"",                            NOT_SLUG                                                      },
    {&tolerant,        "\"abc\\n\\n\"",                         "v: String should match pattern '^[a-z]+$'"                   },
    {&tolerant,        "\"abc\\r\\n\"",                         "v: String should match pattern '^[a-z]+$'"                   },
    {&searched,        "\"123\"",                               "v: String should match pattern '[a-z]'"                      },
    {&integer,         "null",                                  NOT_INTEGER                                                   },
    {&integer,         "[1]",                                   NOT_INTEGER                                                   },
    {&integer,         "{}",                                    NOT_INTEGER                                                   },
    {&integer,         "\"x\"",                                 NO_INTEGER_TEXT                                               },
    {&integer,         "\"\"",                                  NO_INTEGER_TEXT                                               },
    {&integer,         "\"5e1\"",                               NO_INTEGER_TEXT                                               },
    {&integer,         "\"5.5\"",                               NO_INTEGER_TEXT                                               },
    {&integer,         "\"0x10\"",                              NO_INTEGER_TEXT                                               },
    {&integer,         "\"_1\"",                                NO_INTEGER_TEXT                                               },
    {&integer,         "\"1_\"",                                NO_INTEGER_TEXT                                               },
    {&integer,         "\"1__0\"",                              NO_INTEGER_TEXT                                               },
    {&integer,         "\"1 0\"",                               NO_INTEGER_TEXT                                               },
    {&integer,         "\"+-1\"",                               NO_INTEGER_TEXT                                               },
    {&integer,         "\"\\u0665\"",                           NO_INTEGER_TEXT                                               },
    {&integer,         "1.5",                                   FRACTION                                                      },
    {&integer,         "1e-400",                                NULL                                                          },
    {&integer,         "1e-4",                                  FRACTION                                                      },
    {&integer,         "1e400",                                 "v: Input should be a finite number"                          },
    {&integer,         "9223372036854775808",                   BEYOND                                                        },
    {&integer,         "-9223372036854775809",                  BEYOND                                                        },
    {&integer,         "1e30",                                  BEYOND                                                        },
    {&integer,         "\"9223372036854775808\"",               BEYOND                                                        },
    {&page,            "0",                                     "v: Input should be greater than or equal to 1"               },
    {&page,            "-1e30",                                 "v: Input should be greater than or equal to 1"               },
    {&page,            "-9223372036854775809",                  "v: Input should be greater than or equal to 1"               },
    {&per_page,        "101",                                   "v: Input should be less than or equal to 100"                },
    {&per_page,        "9223372036854775808",                   "v: Input should be less than or equal to 100"                },
    {&between,         "0",                                     "v: Input should be greater than 0"                           },
    {&between,         "10",                                    "v: Input should be less than 10"                             },
    {&number,          "null",                                  NOT_NUMBER                                                    },
    {&number,          "[]",                                    NOT_NUMBER                                                    },
    {&number,          "\"x\"",                                 NO_NUMBER_TEXT                                                },
    {&number,          "\"\"",                                  NO_NUMBER_TEXT                                                },
    {&number,          "\"0x1\"",                               NO_NUMBER_TEXT                                                },
    {&number,          "\"nan\"",                               NO_NUMBER_TEXT                                                },
    {&number,          "\"1e\"",                                NO_NUMBER_TEXT                                                },
    {&number,          "1e400",                                 "v: Input should be a finite number"                          },
    {&number,          "\"1e400\"",                             "v: Input should be a finite number"                          },
    {&share,           "0",                                     "v: Input should be greater than 0"                           },
    {&share,           "0.75",                                  "v: Input should be less than or equal to 0.5"                },
    {&boolean,         "2",                                     NO_BOOLEAN_TEXT                                               },
    {&boolean,         "-1",                                    NO_BOOLEAN_TEXT                                               },
    {&boolean,         "0.5",                                   NO_BOOLEAN_TEXT                                               },
    {&boolean,         "\"maybe\"",                             NO_BOOLEAN_TEXT                                               },
    {&boolean,         "\"\"",                                  NO_BOOLEAN_TEXT                                               },
    {&boolean,         "\" true\"",                             NO_BOOLEAN_TEXT                                               },
    {&boolean,         "null",                                  NOT_BOOLEAN                                                   },
    {&boolean,         "[]",                                    NOT_BOOLEAN                                                   },
    {&role,            "\"boss\"",                              NOT_ROLE                                                      },
    {&role,            "\"OWNER\"",                             NOT_ROLE                                                      },
    {&role,            "\"\"",                                  NOT_ROLE                                                      },
    {&role,            "1",                                     NOT_ROLE                                                      },
    {&role,            "null",                                  NOT_ROLE                                                      },
    {&role_of_two,     "\"x\"",                                 "v: Input should be 'owner' or 'editor'"                      },
    {&role_of_one,     "\"x\"",                                 "v: Input should be 'owner'"                                  },
    {&instant,         "null",                                  NOT_TIME                                                      },
    {&instant,         "true",                                  NOT_TIME                                                      },
    {&instant,         "[]",                                    NOT_TIME                                                      },
    {&instant,         "\"x\"",                                 NOT_TIME " or date, input is too short"                       },
    {&instant,         "\"2030-11-01T17:32:28UTC+01:00\"",
     NOT_TIME " or date, unexpected extra characters at the end of the input"                                                 },
    {&instant,         "1e300",                                 NOT_TIME " or date, the number is out of range"               },
    {&texts,           "\"a\"",                                 NOT_LIST                                                      },
    {&texts,           "{\"0\":\"a\"}",                         NOT_LIST                                                      },
    {&texts,           "null",                                  NOT_LIST                                                      },
    {&texts,           "[\"a\",1]",                             "v.1: Input should be a valid string"                         },
    {&texts,           "[null]",                                "v.0: Input should be a valid string"                         },
    {&texts_of_two,    "[]",                                    "v: List should have at least 1 item after validation, not 0" },
    {&texts_of_two,    "[\"a\",\"b\",\"c\"]",
     "v: List should have at most 2 items after validation, not 3"                                                            },
    {&two_or_three,    "[1]",                                   "v: List should have at least 2 items after validation, not 1"},
    {&two_or_three,    "[\"x\"]",
     "v.0: Input should be a valid integer, unable to parse string as an integer"                                             },
    {&different,       "[1,2,1]",                               "v: Value error, the items should be unique"                  },
    {&map,             "[]",                                    NOT_MAP                                                       },
    {&map,             "null",                                  NOT_MAP                                                       },
    {&map,             "{\"a\":[\"\\ud800\"]}",
     "v.a.0: Input should be a valid string, unable to parse raw data as a unicode string"                                    },
    {&map_of_integers, "{\"a\":1,\"b\":\"x\"}",
     "v.b: Input should be a valid integer, unable to parse string as an integer"                                             },
    {&any,             "{\"a\":\"\\udead\"}",
     "v.a: Input should be a valid string, unable to parse raw data as a unicode string"                                      },
    {&map,             "{\"\\ud800\":1,\"\\ufffd\":2}",
     "v.\xed\xa0\x80: Input should be a valid string, unable to parse raw data as a unicode "
     "string"                                                                                                                 },
    {&raw,             "[{\"a\\udfff\":1}]",
     "v.0.a\xed\xbf\xbf: Input should be a valid string, unable to parse raw data as a unicode "
     "string"                                                                                                                 },
    {&any,             "[1e400,-1e400]",
     "v.0: Input should be a finite number, v.1: Input should be a finite number"                                             },
    {&raw,             "{\"a\":1e400}",                         "v.a: Input should be a finite number"                        },
    {&text_or_texts,   "1",
     "v.str: Input should be a valid string, v.list[str]: Input should be a valid list"                                       },
    {&text_or_texts,   "\"abcd\"",
     "v.str: String should have at most 3 characters, v.list[str]: Input should be a valid list"                              },
    {&text_or_texts,   "[1]",
     "v.str: Input should be a valid string, v.list[str].0: Input should be a valid string"                                   },
    {&member_schema,   "[]",                                    NOT_OBJECT                                                    },
    {&member_schema,   "null",                                  NOT_OBJECT                                                    },
    {&member_schema,   "{}",                                    "v.id: Field required, v.role: Field required"                },
    {&member_schema,   "{\"zz\":1,\"role\":\"x\",\"aa\":2}",
     "v.id: Field required, v.role: Input should be 'owner', 'editor' or 'viewer', "
     "v.zz: Extra inputs are not permitted, v.aa: Extra inputs are not permitted"                                             },
    {&members,         "[1,{\"id\":\"-\",\"role\":\"owner\"}]",
     "v.0: Input should be a valid dictionary or object to extract fields from, "
     "v.1.id: String should match pattern '^[A-Za-z0-9]{1}[A-Za-z0-9-]+$'"                                                    },
};

/* Spec: foundations.md 5.3, 5.4 */
START_TEST(a_violation_is_named_with_its_place)
{
    const rk_field field = {RK_MEMBER("v"), .schema = refused[_i].schema, .required = true};
    const rk_schema schema = object_of(&field);
    const char *json = rk_printf(op, "{\"v\":%s}", refused[_i].given);
    box out;

    if (!refused[_i].message) {
        ck_ok(schema_read(&out, &schema, json));
        return;
    }
    ck_fails(schema_read(&out, &schema, json), RK_ERR_INVALID);
    ck_assert_str_eq(
        op->error.message,
        rk_printf(op, "There are errors in the following fields, %s", refused[_i].message));
}
END_TEST

/* Spec: foundations.md 5.3 */
START_TEST(a_costly_pattern_ends_without_a_match)
{
    const rk_field field = {RK_MEMBER("v"), .schema = &repeated, .required = true};
    const rk_schema schema = object_of(&field);
    box out;

    ck_fails(
        schema_read(&out, &schema, "{\"v\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}"),
        RK_ERR_INVALID);
}
END_TEST

static const struct {
    const rk_schema *schema;
    size_t length;
} long_texts[] = {
    {&repeated,    200 * 1000},
    {&alternating, 20 * 1000 }, /* more than the stack of compiled patterns holds */
};

/* Spec: foundations.md 5.3 */
START_TEST(a_long_text_matches_too)
{
    const size_t length = long_texts[_i].length;
    const rk_field field = {RK_MEMBER("v"), .schema = long_texts[_i].schema, .required = true};
    const rk_schema schema = object_of(&field);
    char *json = rk_alloc(op, length + 32, 1);
    box out;

    strcpy(json, "{\"v\":\"");
    memset(json + 6, 'a', length);
    strcat(json, "\"}");
    ck_ok(schema_read(&out, &schema, json));
}
END_TEST

/* --- the whole body --- */

static const struct {
    const rk_schema *schema;
    const char *given, *message;
} wholes[] = {
    {&member_schema, "null",                                         "The validation failed because the provided input has the wrong type"     },
    {&member_schema, "[]",                                           "The validation failed because the provided input has the wrong type"     },
    {&member_schema, "\"x\"",
     "The validation failed because the provided input has the wrong type"                                                                     },
    {&members,       "null",                                         "There are errors in the following fields, : Input should be a valid list"},
    {&members,       "{}",                                           "There are errors in the following fields, : Input should be a valid list"},
    {&members,       "[{\"id\":\"ab\",\"role\":\"owner\"},{}]",
     "There are errors in the following fields, 1.id: Field required, 1.role: Field required"                                                  },
    {&member_schema, "{\"id\":\"ab\",\"role\":\"owner\",\"\":1}",
     "There are errors in the following fields, : Extra inputs are not permitted"                                                              },
    {&member_schema, "{\"id\":\"ab\",\"role\":\"owner\",\"a.b\":1}",
     "There are errors in the following fields, a.b: Extra inputs are not permitted"                                                           },
};

/* Spec: foundations.md 4.3, 5.4 */
START_TEST(a_body_of_the_wrong_kind_is_invalid)
{
    box out;

    ck_fails(schema_read(&out, wholes[_i].schema, wholes[_i].given), RK_ERR_INVALID);
    ck_assert_str_eq(op->error.message, wholes[_i].message);
}
END_TEST

START_TEST(a_message_does_not_grow_without_limit)
{
    const size_t count = 40 * 1000;
    char *json = rk_alloc(op, 2 * count + 2, 1);
    box out;

    for (size_t i = 0; i < count; i++)
        memcpy(json + 2 * i, i ? ",1" : "[1", 2);
    json[2 * count] = ']';
    ck_fails(schema_read(&out, &members, json), RK_ERR_INVALID);
    ck_assert_uint_lt(strlen(op->error.message), 80 * 1024);
}
END_TEST

UNIT_SUITE(http_schema)
{
    TCase *accepting = schema_case(suite, "foundations.md 5.3");
    TCase *refusing = schema_case(suite, "foundations.md 5.4");

    unit_table(accepting, a_value_is_accepted_in_its_forms, accepted);
    tcase_add_test(accepting, a_costly_pattern_ends_without_a_match);
    unit_table(accepting, a_long_text_matches_too, long_texts);
    unit_table(refusing, a_violation_is_named_with_its_place, refused);
    unit_table(refusing, a_body_of_the_wrong_kind_is_invalid, wholes);
    tcase_add_test(refusing, a_message_does_not_grow_without_limit);
}
