/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/router.h"

#include <string.h>

#include "tests/unit/unit.h"

static const rk_path_param ulid_param[] = {
    {"project_id", RK_PATH_ULID, 0, NULL, false}
};
static const rk_path_param slug_param[] = {
    {"group_slug", RK_PATH_SLUG, 0, NULL, false}
};
static const rk_path_param int_param[] = {
    {"v1_id", RK_PATH_INT, 0, NULL, false}
};
static const rk_path_param text_param[] = {
    {"user_id", RK_PATH_TEXT, 0, NULL, false}
};
static const rk_path_param decoded_param[] = {
    {"source_url", RK_PATH_TEXT, 0, NULL, true}
};
static const rk_path_param two_slugs[] = {
    {"first",  RK_PATH_SLUG, 0,                    NULL, false},
    {"second", RK_PATH_SLUG, sizeof(const char *), NULL, false},
};

#define PLAIN(name, verb, pattern)                                                                 \
    {                                                                                              \
        .id = name, .method = verb, .path = pattern                                                \
    }
#define OPERATION(name, verb, pattern, params)                                                     \
    {                                                                                              \
        .id = name, .method = verb, .path = pattern, .path_params = params,                        \
        .path_count = sizeof(params) / sizeof(*(params))                                           \
    }

static const rk_operation operations[] = {
    PLAIN("version", "GET", "/version"),
    OPERATION("project", "GET", "/projects/{project_id}", ulid_param),
    OPERATION("remove", "DELETE", "/projects/{project_id}", ulid_param),
    OPERATION("group", "GET", "/groups/{group_slug}", slug_param),
    PLAIN("all", "GET", "/renku_v1_projects/migrations"),
    OPERATION("one", "GET", "/renku_v1_projects/{v1_id}/migrations", int_param),
    OPERATION("redirect", "GET", "/redirects/{source_url}", decoded_param),
    OPERATION("user", "GET", "/users/{user_id}", text_param),
    OPERATION("pair", "GET", "/namespaces/{first}/{second}", two_slugs),
    OPERATION("path", "GET", "/namespaces/{first}/projects/{second}", two_slugs),
};

/* Spec: foundations.md 2.1; an id of NULL is no route */
static const struct {
    const char *path, *id, *param;
} paths[] = {
    {"/version",                              "version", NULL                        },
    {"/version/",                             "version", NULL                        },
    {"/version///",                           "version", NULL                        },
    {"/Version",                              NULL,      NULL                        },
    {"//version",                             NULL,      NULL                        },
    {"version",                               NULL,      NULL                        },
    {"",                                      NULL,      NULL                        },
    {"/",                                     NULL,      NULL                        },
    {"/%76ersion",                            NULL,      NULL                        },
    {"/projects/01J2F86WS7S8N6159WA3X4042H",  "project", "01J2F86WS7S8N6159WA3X4042H"},
    {"/projects/01j2f86ws7s8n6159wa3x4042h",  NULL,      NULL                        },
    {"/projects/81J2F86WS7S8N6159WA3X4042H",  NULL,      NULL                        },
    {"/projects/01J2F86WS7S8N6159WA3X4042",   NULL,      NULL                        },
    {"/projects//01J2F86WS7S8N6159WA3X4042H", NULL,      NULL                        },
    {"/groups/marine-lab",                    "group",   "marine-lab"                },
    {"/groups/a--b",                          NULL,      NULL                        },
    {"/groups/a%20b",                         NULL,      NULL                        },
    {"/renku_v1_projects/migrations",         "all",     NULL                        },
    {"/renku_v1_projects/12/migrations",      "one",     "12"                        },
    {"/renku_v1_projects/1_0/migrations",     "one",     "1_0"                       },
    {"/renku_v1_projects/-3/migrations",      "one",     "-3"                        },
    {"/renku_v1_projects/1__0/migrations",    NULL,      NULL                        },
    {"/renku_v1_projects/x/migrations",       NULL,      NULL                        },
    {"/users/a%20b%2Fc",                      "user",    "a%20b%2Fc"                 },
    {"/namespaces/a/b",                       "pair",    "a"                         },
    {"/namespaces/a/projects",                "pair",    "a"                         },
    {"/namespaces/a/projects/b",              "path",    "a"                         },
    {"/namespaces/a/other/b",                 NULL,      NULL                        },
};

START_TEST(a_path_leads_to_its_operation)
{
    rk_router *router;
    rk_route route;

    ck_ok(rk_router_new(&router, op, operations, RK_COUNT(operations)));
    bool found = rk_router_find(&route, router, paths[_i].path, strlen(paths[_i].path));

    ck_assert_int_eq(found, paths[_i].id != NULL);
    if (!found)
        return;
    ck_assert_str_eq(rk_route_method(&route, "GET")->id, paths[_i].id);
    if (paths[_i].param)
        ck_assert_mem_eq(route.params[0].text, paths[_i].param, route.params[0].length);
}
END_TEST

/* Spec: foundations.md 2.2 */
START_TEST(head_is_get_and_others_are_not_offered)
{
    static const char path[] = "/projects/01J2F86WS7S8N6159WA3X4042H";
    rk_router *router;
    rk_route route;

    ck_ok(rk_router_new(&router, op, operations, RK_COUNT(operations)));
    ck_assert(rk_router_find(&route, router, path, strlen(path)));
    ck_assert_str_eq(rk_route_method(&route, "HEAD")->id, "project");
    ck_assert_str_eq(rk_route_method(&route, "DELETE")->id, "remove");
    ck_assert_ptr_null(rk_route_method(&route, "PATCH"));
    ck_assert_ptr_null(rk_route_method(&route, "get"));
}
END_TEST

/* Spec: platform.md 4.6, 7 (6); foundations.md 6 for what is no UTF-8 */
static const struct {
    const char *path, *value;
} escapes[] = {
    {"/redirects/%2Fprojects%2fns%2Fslug", "/projects/ns/slug"   },
    {"/redirects/a+b%2B%20c",              "a+b+ c"              },
    {"/redirects/%252F",                   "%2F"                 },
    {"/redirects/%zz%",                    "%zz%"                },
    {"/redirects/%00%ff",                  "\xc0\x80\xef\xbf\xbd"},
    {"/users/a%20b%2Fc",                   "a%20b%2Fc"           },
};

START_TEST(escapes_are_resolved_after_routing_where_that_is_wanted)
{
    rk_router *router;
    rk_route route;

    ck_ok(rk_router_new(&router, op, operations, RK_COUNT(operations)));
    ck_assert(rk_router_find(&route, router, escapes[_i].path, strlen(escapes[_i].path)));
    ck_ok(rk_route_decode(&route, op, rk_route_method(&route, "GET")));
    ck_assert_uint_eq(route.params[0].length, strlen(escapes[_i].value));
    ck_assert_mem_eq(route.params[0].text, escapes[_i].value, route.params[0].length);
}
END_TEST

UNIT_SUITE(api_router)
{
    unit_table(unit_case(suite, "platform.md 4.6"),
               escapes_are_resolved_after_routing_where_that_is_wanted, escapes);
    unit_table(unit_case(suite, "foundations.md 2.1"), a_path_leads_to_its_operation, paths);
    tcase_add_test(unit_case(suite, "foundations.md 2.2"), head_is_get_and_others_are_not_offered);
}
