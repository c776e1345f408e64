/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/url.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct {
    const char *text, *scheme, *authority, *path, *query, *fragment;
} urls[] = {
    {"",                         "",        "",         "",              "",       ""   },
    {"https://a.org:8/b/c?d#e",  "https",   "a.org:8",  "/b/c",          "d",      "e"  },
    {"a+b-c.d:e",                "a+b-c.d", "",         "e",             "",       ""   },
    {"//host",                   "",        "host",     "",              "",       ""   },
    {"http://[::1]:80?q=://x#?", "http",    "[::1]:80", "",              "q=://x", "?"  },
    {"1a:b",                     "",        "",         "1a:b",          "",       ""   },
    {"a b:c",                    "",        "",         "a b:c",         "",       ""   },
    {"git@host:path",            "",        "",         "git@host:path", "",       ""   },
    {"a#b?c",                    "",        "",         "a",             "",       "b?c"},
};

static void ck_part(rk_part part, const char *expected)
{
    ck_assert_uint_eq(part.length, strlen(expected));
    ck_assert_int_eq(memcmp(part.text, expected, part.length), 0);
}

START_TEST(a_url_is_taken_apart)
{
    rk_url url = rk_url_split(urls[_i].text);

    ck_part(url.scheme, urls[_i].scheme);
    ck_part(url.authority, urls[_i].authority);
    ck_part(url.path, urls[_i].path);
    ck_part(url.query, urls[_i].query);
    ck_part(url.fragment, urls[_i].fragment);
}
END_TEST

static const struct {
    const char *authority, *host;
} hosts[] = {
    {"",                ""       },
    {"a.org",           "a.org"  },
    {"a.org:8",         "a.org"  },
    {"user:pw@a.org:8", "a.org"  },
    {"u@v@a.org",       "a.org"  },
    {"user@",           ""       },
    {":8",              ""       },
    {"[::1]",           "::1"    },
    {"[fe80::1]:80",    "fe80::1"},
    {"user@[::1]:80",   "::1"    },
    {"[::1",            ""       },
    {"[]",              ""       },
    {"[",               ""       },
};

START_TEST(an_authority_names_its_host)
{
    const rk_part authority = {hosts[_i].authority, strlen(hosts[_i].authority)};

    ck_part(rk_authority_host(&authority), hosts[_i].host);
}
END_TEST

static const struct {
    const char *text, *encoded;
} segments[] = {
    {"",             ""                        },
    {"aZ09-._~",     "aZ09-._~"                },
    {"a b/c?d#e%f&", "a%20b%2Fc%3Fd%23e%25f%26"},
    {"\xc3\xa9\x01", "%C3%A9%01"               },
};

START_TEST(nothing_in_a_segment_is_taken_for_another_part)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 8);
    rk_url_add_encoded(&buf, segments[_i].text);
    ck_ok(rk_buf_finish(&buf));
    ck_assert_str_eq(buf.text, segments[_i].encoded);
}
END_TEST

static const struct {
    const char *url, *shown;
} shown_urls[] = {
    {"https://jane:secret@x.org:8443/a/b?token=s#t", "https://x.org:8443/a/b"},
    {"https://x.org/a@b",                            "https://x.org/a@b"     },
    {"https://a@b@x.org",                            "https://x.org"         },
    {"jane:secret@x.org/a",                          "x.org/a"               },
    {"https://x.org#s",                              "https://x.org"         },
    {"",                                             ""                      },
};

START_TEST(people_see_no_secret_of_a_url)
{
    ck_assert_str_eq(rk_url_shown(op, shown_urls[_i].url), shown_urls[_i].shown);
}
END_TEST

UNIT_SUITE(base_url)
{
    TCase *tcase = unit_case(suite, "URLs");

    unit_table(tcase, a_url_is_taken_apart, urls);
    unit_table(tcase, an_authority_names_its_host, hosts);
    unit_table(tcase, people_see_no_secret_of_a_url, shown_urls);
    unit_table(tcase, nothing_in_a_segment_is_taken_for_another_part, segments);
}
