/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/slug.h"

#include <string.h>

#include "tests/unit/unit.h"

/* Spec: foundations.md 9.3, namespaces.md 4.1 */
static const struct {
    const char *text;
    bool valid;
} slugs[] = {
    {"a",             true },
    {"0",             true },
    {"my-project",    true },
    {"My_Project.v1", true },
    {"abc-",          true },
    {"abc.",          true },
    {"abc_",          true },
    {"abc.GIT",       true },
    {"abc.Atom",      true },
    {"abcgit",        true },
    {"git",           true },
    {"a.git.b",       true },
    {"",              false},
    {"-abc",          false},
    {".abc",          false},
    {"_abc",          false},
    {"a--b",          false},
    {"a._b",          false},
    {"abc--",         false},
    {"abc.git",       false},
    {"abc.atom",      false},
    {"a.git.git",     false},
    {"a b",           false},
    {"a/b",           false},
    {"a%20b",         false},
    {"abc\n",         false},
    {"\xc3\xbc"
     "ber",      false},
};

START_TEST(only_the_accepted_form_is_a_slug)
{
    ck_assert_int_eq(rk_slug_is_valid(slugs[_i].text), slugs[_i].valid);
}
END_TEST

START_TEST(a_bad_slug_is_named_with_the_pattern)
{
    ck_ok(rk_slug_check(op, "good"));
    ck_fails(rk_slug_check(op, "a--b"), RK_ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(op->error.message, "\"a--b\""));
    ck_assert_ptr_nonnull(
        strstr(op->error.message,
               "^(?!.*\\.git$|.*\\.atom$|.*[\\-._][\\-._].*)[a-zA-Z0-9][a-zA-Z0-9\\-_.]*$"));
}
END_TEST

/* Spec: foundations.md 9.4, namespaces.md 4.2; a slug of NULL is an error */
static const struct {
    const char *name, *slug;
} names[] = {
    {"My Great Project!",                              "my-great-project"},
    {"  \xc3\x9c"
     "bung  Nr. 7 ",                              "ubung-nr.7"      },
    {"a--b..c__d",                                     "a-b.c_d"         },
    {"x.git.atom",                                     "x"               },
    {"project.GIT",                                    "project"         },
    {"_.git",                                          "git"             },
    {"..a..b..",                                       "a.b"             },
    {"Stra\xc3\x9f"
     "e",                                         "strae"           },
    {"Z\xc3\xbcrich\xe2\x80\x93Gen\xc3\xa8ve",         "zurichgeneve"    },
    {"\xc2\xbd cup",                                   "12-cup"          },
    {"\xe2\x84\x96 12",                                "No-12"           },
    {"5 GHz \xe3\x8e\x90 band",                        "5-ghz-Hz-band"   },
    {"C++",                                            "c"               },
    {"\xe6\x97\xa5\xe6\x9c\xac",                       NULL              },
    {"--",                                             NULL              },
    {"",                                               NULL              },
    {"Ada Lovelace",                                   "ada-lovelace"    },
    {"\xc5\x81ukasz \xc5\xbb\xc3\xb3\xc5\x82\xc4\x87", "ukasz-zoc"       },
    {"J. R. R. Tolkien",                               "j.r.r.tolkien"   },
    {"\xc3\x9cn\xc3\xaf"
     "c\xc3\xb6"
     "d\xc3\xa9 Project!!",                       "unicode-project" },
    {"tool.git.atom",                                  "tool"            },
    {"foo.GIT",                                        "foo"             },
    {"o'brien",                                        "o-brien"         },
    {"-.-x",                                           "x"               },
    {"\xc3\x9f",                                       NULL              },
    {"\xe9\x80\xa3\xe5\x8f\xa5",                       NULL              },
    {"__",                                             NULL              },
    {"\xc4\xb0stanbul",                                "istanbul"        },
    {"a\xc2\xa0"
     "b\xe3\x80\x80"
     "c\x1c"
     "d\xc2\x85"
     "e",                                         "a-b-c-d-e"       },
    {"a\xe2\x80\x8b"
     "b",                                         "ab"              },
    {"a\tb\r\nc",                                      "a-b-c"           },
    {"a\xc2\xb4"
     "b",                                         "a-b"             },
    {"\xef\xbc\xa1\xef\xbc\xa2\xef\xbc\x93",           "ab3"             },
    {"\xf0\x9d\x90\x80\xf0\x9d\x90\x81",               "AB"              },
    {"a.git",                                          "a"               },
    {"a.atom.git.atom",                                "a"               },
    {".git",                                           "git"             },
    {"\xff\xfe"
     "a",                                         "a"               },
};

START_TEST(a_name_becomes_a_slug)
{
    const char *slug = NULL;

    if (!names[_i].slug) {
        ck_fails(rk_slug_from_name(&slug, op, names[_i].name), RK_ERR_INVALID);
        ck_assert_ptr_nonnull(strstr(op->error.message, "too many invalid characters"));
        return;
    }
    ck_ok(rk_slug_from_name(&slug, op, names[_i].name));
    ck_assert_str_eq(slug, names[_i].slug);
    ck_assert(rk_slug_is_valid(slug));
}
END_TEST

START_TEST(the_longest_decomposition_fits)
{
    const char *slug;

    ck_ok(rk_slug_from_name(&slug, op,
                            "a\xef\xb7\xba"
                            "b"));
    ck_assert_str_eq(slug, "a-b");
}
END_TEST

START_TEST(a_slug_is_not_cut)
{
    char name[1001];
    const char *slug;

    memset(name, 'A', 1000);
    name[1000] = '\0';
    ck_ok(rk_slug_from_name(&slug, op, name));
    ck_assert_uint_eq(strlen(slug), 1000);
}
END_TEST

#define TEN "1234567890"
#define UMLAUTS "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"

/* Spec: foundations.md 9.5, namespaces.md 4.4; a slug of NULL is an error */
static const struct {
    const char *email, *first, *last, *slug;
} users[] = {
    {"kim.lee@x.org",                                                        "Ada", "Lovelace", "kim.lee"                      },
    {"Jane@Doe@x.org",                                                       NULL,  NULL,       "jane"                         },
    {"no-at-sign",                                                           NULL,  NULL,       "no-at-sign"                   },
    {NULL,                                                                   "Ada", "Lovelace", "ada-lovelace"                 },
    {"",                                                                     "Ada", "Lovelace", "ada-lovelace"                 },
    {NULL,                                                                   NULL,  "Lovelace", "lovelace"                     },
    {NULL,                                                                   "",    "Lovelace", "lovelace"                     },
    {NULL,                                                                   "Ada", NULL,       "ada"                          },
    {NULL,                                                                   "Ada", "",         "ada"                          },
    {NULL,                                                                   NULL,  NULL,       "user_42-x"                    },
    {"@corp",                                                                "Ada", "Lovelace", NULL                           },
    {TEN TEN TEN TEN TEN TEN TEN TEN "xyz@x.org",                            NULL,  NULL,       TEN TEN TEN TEN TEN TEN TEN TEN},
    {UMLAUTS UMLAUTS UMLAUTS UMLAUTS UMLAUTS UMLAUTS UMLAUTS "123456789"
                                                             "\xc3\xa4"
                                                             "x@x.org", NULL,  NULL,
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa123456789a"                                        },
};

START_TEST(a_user_becomes_a_slug)
{
    const char *slug = NULL;
    rk_user_names known = {"42-x", users[_i].email, users[_i].first, users[_i].last};
    int result = rk_slug_from_user(&slug, op, &known);

    if (!users[_i].slug) {
        ck_fails(result, RK_ERR_INVALID);
        return;
    }
    ck_ok(result);
    ck_assert_str_eq(slug, users[_i].slug);
}
END_TEST

static const struct {
    const char *text, *lower;
} cases[] = {
    {"",             ""            },
    {"Marine-LAB",   "marine-lab"  },
    {"\xc3\x9c"
     "BER",     "\xc3\xbc"
     "ber"         },
    {"\xc8\xba",     "\xe2\xb1\xa5"},
    {"\xc4\xb0",     "i"           },
    {"\xe6\x97\xa5", "\xe6\x97\xa5"},
    {"A\xff"
     "B",       "a\xff"
     "b"             },
};

START_TEST(a_text_becomes_lower_case)
{
    const char *lower;

    ck_ok(rk_text_lower(&lower, op, cases[_i].text));
    ck_assert_str_eq(lower, cases[_i].lower);
}
END_TEST

/* Spec: foundations.md 5.3 */
START_TEST(the_length_of_a_text_counts_code_points)
{
    ck_assert_uint_eq(rk_text_length(""), 0);
    ck_assert_uint_eq(rk_text_length("abc"), 3);
    ck_assert_uint_eq(rk_text_length("\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80"), 3);
    ck_assert_uint_eq(rk_text_length("e\xcc\x81"), 2);
}
END_TEST

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t length;
    bool good;
} encodings[] = {
    {BYTES(""),                     true },
    {BYTES("plain"),                true },
    {BYTES("\0"),                   true },
    {BYTES("\xc3\xbc"),             true },
    {BYTES("\xed\x9f\xbf"),         true },
    {BYTES("\xee\x80\x80"),         true },
    {BYTES("\xf4\x8f\xbf\xbf"),     true },
    {BYTES("\xc3"),                 false},
    {BYTES("a\xc3"),                false},
    {BYTES("\xbc"),                 false},
    {BYTES("\xc0\x80"),             false},
    {BYTES("\xc1\xbf"),             false},
    {BYTES("\xe0\x9f\xbf"),         false},
    {BYTES("\xf0\x8f\xbf\xbf"),     false},
    {BYTES("\xed\xa0\x80"),         false},
    {BYTES("\xed\xbf\xbf"),         false},
    {BYTES("\xf4\x90\x80\x80"),     false},
    {BYTES("\xf5\x80\x80\x80"),     false},
    {BYTES("\xff"),                 false},
    {BYTES("ok\xe6\x97"),           false},
    {BYTES("eight at a time"),      true },
    {BYTES("seven..\xc3\xbc"),      true },
    {BYTES("eight...\xc3"),         false},
    {BYTES("seven..\xc3"),          false},
    {BYTES("eight...\xff 2345678"), false},
};

START_TEST(only_utf8_is_utf8)
{
    ck_assert_int_eq(rk_text_is_utf8(encodings[_i].bytes, encodings[_i].length),
                     encodings[_i].good);
}
END_TEST

START_TEST(no_memory_is_passed_on)
{
    const char *out;
    char name[20001];

    memset(name, 'a', 20000);
    name[20000] = '\0';
    ck_fails(unit_without(1, rk_slug_from_name(&out, op, name)), RK_ERR_NO_MEMORY);
    ck_fails(unit_without(1, rk_text_lower(&out, op, name)), RK_ERR_NO_MEMORY);
    ck_fails(unit_without(1, rk_slug_from_user(&out, op, &(rk_user_names){"x", name, NULL, NULL})),
             RK_ERR_NO_MEMORY);
}
END_TEST

UNIT_SUITE(base_slug)
{
    TCase *tcase = unit_case(suite, "foundations.md 9.3");

    unit_table(tcase, only_the_accepted_form_is_a_slug, slugs);
    tcase_add_test(tcase, a_bad_slug_is_named_with_the_pattern);

    tcase = unit_case(suite, "foundations.md 9.4");
    unit_table(tcase, a_name_becomes_a_slug, names);
    tcase_add_test(tcase, the_longest_decomposition_fits);
    tcase_add_test(tcase, a_slug_is_not_cut);

    tcase = unit_case(suite, "foundations.md 9.5");
    unit_table(tcase, a_user_becomes_a_slug, users);

    tcase = unit_case(suite, "texts");
    unit_table(tcase, a_text_becomes_lower_case, cases);
    tcase_add_test(tcase, the_length_of_a_text_counts_code_points);
    unit_table(tcase, only_utf8_is_utf8, encodings);
    tcase_add_test(tcase, no_memory_is_passed_on);
}
