/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/repository/repository.h"

#include "tests/unit/unit.h"

/* Spec: repositories.md 3; either a normal form or an error code */
static const struct {
    const char *url, *normal, *why;
} urls[] = {
    {"  https://git.example.org/team/app//  ", "https://git.example.org/team/app", NULL                },
    {"HTTPS://Git.Example.org/Team",           "https://Git.Example.org/Team",     NULL                },
    {"https://git.example.org",                "https://git.example.org",          NULL                },
    {"https://git.example.org/a/?x=1",         "https://git.example.org/a?x=1",    NULL                },
    {"http://u@h.org:81/a/#f",                 "http://u@h.org:81/a#f",            NULL                },
    {"https://h.org/a?#",                      "https://h.org/a",                  NULL                },
    {"https://h.org/a\tb\n",                   "https://h.org/ab",                 NULL                },
    {"http://[::1]/a",                         "http://[::1]/a",                   NULL                },
    {"http://LOCALHOST/a",                     "http://LOCALHOST/a",               NULL                },
    {"http://0.0.0.0/a",                       "http://0.0.0.0/a",                 NULL                },
    {"git@git.example.org:team/app.git",       NULL,                               "no_url_scheme"     },
    {"git.example.org:team/app",               NULL,                               "invalid_url_scheme"},
    {"localhost/team/app",                     NULL,                               "no_url_scheme"     },
    {"abc",                                    NULL,                               "no_url_scheme"     },
    {"",                                       NULL,                               "no_url_scheme"     },
    {"ftp://git.example.org/a",                NULL,                               "invalid_url_scheme"},
    {"http://",                                NULL,                               "no_url_host"       },
    {"https:/host/a",                          NULL,                               "no_url_host"       },
    {"http://localhost:3000/a",                NULL,                               "invalid_git_url"   },
    {"http://localhost/a",                     NULL,                               "invalid_git_url"   },
    {"http://127.0.0.1/a",                     NULL,                               "invalid_git_url"   },
    {"http://127.example.org/a",               NULL,                               "invalid_git_url"   },
    {"http://[::1/a",                          NULL,                               "invalid_git_url"   },
    {"http://a]b/a",                           NULL,                               "invalid_git_url"   },
};

START_TEST(a_url_has_a_normal_form_or_a_reason)
{
    const char *normal = NULL, *why;

    ck_ok(rk_git_url_normalize(&normal, &why, op, urls[_i].url));
    ck_assert_pstr_eq(why, urls[_i].why);
    ck_assert_pstr_eq(normal, urls[_i].normal);
}
END_TEST

UNIT_SUITE(git_url)
{
    unit_table(unit_case(suite, "repositories.md 3"), a_url_has_a_normal_form_or_a_reason, urls);
}
