/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/platform/core.h"

#include "librenku/http/etag.h"
#include "tests/unit/unit.h"

#define NOT_CANONICAL(of) "The " of " URL path is not canonical."
#define PARAMETERS(of) "The " of " URL must not include parameters, a query, or a fragment."
#define HTTPS(of) "The " of " URL must use HTTPS."
#define NO_HOST(of) "The " of " URL has no host that can be read."
#define OTHER_HOST "The source URL host must be gitlab.renkulab.io."
#define ANY_HOST "The source URL should not include a host."
#define NO_PROJECT "The source URL must start with /projects/."
#define NO_ULID "The target URL path must match the pattern /p/ULID."

typedef struct {
    const char *url, *normal, *message;
} url_case;

/* Spec: platform.md 5; the rows of its table first */
static const url_case sources[] = {
    {"/projects/ns/slug",                "/projects/ns/slug",              NULL                   },
    {"/projects/ns/slug/",               NULL,                             NOT_CANONICAL("source")},
    {"/projects",                        NULL,                             NO_PROJECT             },
    {"https://gitlab.renkulab.io/a/b",   "https://gitlab.renkulab.io/a/b", NULL                   },
    {"https://gitlab.renkulab.io/a//",   NULL,                             NOT_CANONICAL("source")},
    {"https://gitlab.renkulab.io/a/../", NULL,                             NOT_CANONICAL("source")},
    {"https://gitlab.renkulab.io",       NULL,                             NOT_CANONICAL("source")},
    {"http://gitlab.renkulab.io/a",      NULL,                             HTTPS("source")        },
    {"https://other.example.org/a",      NULL,                             OTHER_HOST             },
    {"//gitlab.renkulab.io/a",           NULL,                             ANY_HOST               },
    {" \t\x01/projects/n\ts/s\r\nlug",   "/projects/ns/slug",              NULL                   },
    {"HTTPS://gitlab.renkulab.io/a",     "https://gitlab.renkulab.io/a",   NULL                   },
    {"https://gitlab.renkulab.io/",      "https://gitlab.renkulab.io/",    NULL                   },
    {"https://gitlab.renkulab.io//a",    "https://gitlab.renkulab.io//a",  NULL                   },
    {"https://gitlab.renkulab.io///a",   NULL,                             NOT_CANONICAL("source")},
    {"https://GitLab.renkulab.io/a",     NULL,                             OTHER_HOST             },
    {"https://gitlab.renkulab.io:443/a", NULL,                             OTHER_HOST             },
    {"https://me@gitlab.renkulab.io/a",  NULL,                             OTHER_HOST             },
    {"https:/a",                         NULL,                             OTHER_HOST             },
    {"https://[gitlab.renkulab.io/a",    NULL,                             NO_HOST("source")      },
    {"/projects/a?",                     "/projects/a",                    NULL                   },
    {"/projects/a;?#",                   "/projects/a",                    NULL                   },
    {"/projects/a;b/c",                  "/projects/a;b/c",                NULL                   },
    {"/projects/a;b",                    NULL,                             PARAMETERS("source")   },
    {"/projects/a?b",                    NULL,                             PARAMETERS("source")   },
    {"/projects/a#b",                    NULL,                             PARAMETERS("source")   },
    {"/projects/a/?b",                   NULL,                             PARAMETERS("source")   },
    {"/projects/./a",                    NULL,                             NOT_CANONICAL("source")},
    {"/projects/a//b",                   NULL,                             NOT_CANONICAL("source")},
    {"//",                               NULL,                             NOT_CANONICAL("source")},
    {"",                                 NULL,                             NOT_CANONICAL("source")},
    {"projects/a",                       NULL,                             NO_PROJECT             },
    {"..",                               NULL,                             NOT_CANONICAL("source")},
    {"../../a",                          NULL,                             NOT_CANONICAL("source")},
    {".x/../a",                          NULL,                             NOT_CANONICAL("source")},
    {"a/..",                             NULL,                             NOT_CANONICAL("source")},
    {"1a:/projects/b",                   NULL,                             NO_PROJECT             },
    {"ftp:/projects/a",                  NULL,                             HTTPS("source")        },
    {"/projects/gr\xc3\xb6\xc3\x9f"
     "e/a b",                       "/projects/gr\xc3\xb6\xc3\x9f"
     "e/a b",                                            NULL                   },
};

static const url_case targets[] = {
    {"/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ",    "/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ",    NULL                   },
    {"/p/ns/slug",                       NULL,                               NO_ULID                },
    {"https://code.example.org/a",       "https://code.example.org/a",       NULL                   },
    {"https://code.example.org",         NULL,                               NOT_CANONICAL("target")},
    {"https://code.example.org/",        "https://code.example.org/",        NULL                   },
    {"http://code.example.org/a",        NULL,                               HTTPS("target")        },
    {"https://code.example.org/a?x=1",   NULL,                               PARAMETERS("target")   },
    {"https://code.example.org/a#f",     NULL,                               PARAMETERS("target")   },
    {"/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ/",   NULL,                               NOT_CANONICAL("target")},
    {"/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZ",     NULL,                               NO_ULID                },
    {"/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZZ",   NULL,                               NO_ULID                },
    {"/p/01fz8rsz9kakyqz1zzzzzzzzzz",    NULL,                               NO_ULID                },
    {"/p/81FZ8RSZ9KAKYQZ1ZZZZZZZZZZ",    NULL,                               NO_ULID                },
    {"/q/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ",    NULL,                               NO_ULID                },
    {"//code.example.org/a",             NULL,                               HTTPS("target")        },
    {"javascript:alert(1)",              NULL,                               HTTPS("target")        },
    {"https://me@Code.Example.org:81/a", "https://me@Code.Example.org:81/a", NULL                   },
    {"https://[::1]:81/a",               "https://[::1]:81/a",               NULL                   },
    {"https://[::1/a",                   NULL,                               NO_HOST("target")      },
    {"https://::1]/a",                   NULL,                               NO_HOST("target")      },
    {"https://[x]/a",                    NULL,                               NO_HOST("target")      },
    {"https://b\xc3\xbc"
     "cher.example/a",              "https://b\xc3\xbc"
     "cher.example/a",                            NULL                   },
    {"https://e\xe2\x84\x80x.example/a", NULL,                               NO_HOST("target")      },
    {"https:a",                          "https:///a",                       NULL                   },
    {"https:../a",                       NULL,                               NOT_CANONICAL("target")},
    {"https:////a",                      "https:////a",                      NULL                   },
};

static void check(int (*read)(const char **out, rk_op *op, const char *url), const url_case *row)
{
    const char *normal = NULL;
    int result = read(&normal, op, row->url);

    if (row->normal) {
        ck_assert_msg(result == 0, "%s: %s", row->url, op->error.message);
        ck_assert_str_eq(normal, row->normal);
    } else {
        ck_assert_int_eq(result, RK_ERR_INVALID);
        ck_assert_str_eq(op->error.message, row->message);
    }
}

START_TEST(a_source_has_a_normal_form_or_a_reason)
{
    check(rk_redirect_source, &sources[_i]);
}
END_TEST

START_TEST(a_target_has_a_normal_form_or_a_reason)
{
    check(rk_redirect_target, &targets[_i]);
}
END_TEST

START_TEST(without_memory_a_url_is_not_read)
{
    const char *normal;

    for (int n = 1; n <= 2; n++) {
        rk_error_clear(op);
        ck_assert_int_le(unit_without(n, rk_redirect_source(&normal, op, sources[0].url)), 0);
    }
}
END_TEST

/* Spec: platform.md 3.1 */
static const struct {
    int64_t micros;
    const char *etag;
} times[] = {
    {INT64_C(1715331262031163), "\"51AE94DA3A4DF801A433D81DAF019592\""},
    {INT64_C(1715331262000000), "\"F37D44474D60F02C892EC348EAF05A43\""},
};

START_TEST(the_etag_of_a_time_is_that_of_its_text)
{
    const rk_instant when = {.set = true, .micros = times[_i].micros};
    const char *etag;

    ck_ok(rk_etag_of_time(&etag, op, &when));
    ck_assert_str_eq(etag, times[_i].etag);
}
END_TEST

/* Spec: platform.md 3.2 */
static const struct {
    int projects, groups;
    const char *etag;
} configurations[] = {
    {RK_CREATORS_REGISTERED_USERS, RK_CREATORS_REGISTERED_USERS,
     "\"34DB2F0F8727FD4128F7380322CFA9B5\""                                                            },
    {RK_CREATORS_REGISTERED_USERS, RK_CREATORS_ADMINS_ONLY,      "\"A04A9373DE839E18947917BA5AB2AC1A\""},
    {RK_CREATORS_ADMINS_ONLY,      RK_CREATORS_REGISTERED_USERS, "\"05F07EFCBB11AA02D7B8952E4717640E\""},
    {RK_CREATORS_ADMINS_ONLY,      RK_CREATORS_ADMINS_ONLY,      "\"89862D04B03890324EFDF1F937E313AC\""},
};

START_TEST(the_etag_of_the_authorization_configuration_is_that_of_its_values)
{
    const rk_authorization_config config = {.create_projects = configurations[_i].projects,
                                            .create_groups = configurations[_i].groups};
    const char *etag;

    ck_ok(rk_authorization_etag(&etag, op, &config));
    ck_assert_str_eq(etag, configurations[_i].etag);
}
END_TEST

UNIT_SUITE(platform)
{
    TCase *urls = unit_case(suite, "platform.md 5");

    unit_table(urls, a_source_has_a_normal_form_or_a_reason, sources);
    unit_table(urls, a_target_has_a_normal_form_or_a_reason, targets);
    tcase_add_test(urls, without_memory_a_url_is_not_read);
    unit_table(unit_case(suite, "platform.md 3.1"), the_etag_of_a_time_is_that_of_its_text, times);
    unit_table(unit_case(suite, "platform.md 3.2"),
               the_etag_of_the_authorization_configuration_is_that_of_its_values, configurations);
}
