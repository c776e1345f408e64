/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/project/core.h"

#include <string.h>

#include "librenku/http/etag.h"
#include "tests/unit/unit.h"

/* Spec: projects.md 5.3 */
static const struct {
    const char *path, *normal;
} mounts[] = {
    {"/a//b/./c/",   "/a/b/c"   },
    {"./x",          "x"        },
    {"a/../b",       "a/../b"   },
    {"//x",          "//x"      },
    {"///x",         "/x"       },
    {"/",            "/"        },
    {"//",           "//"       },
    {".",            "."        },
    {"./",           "."        },
    {"/secrets",     "/secrets" },
    {"/a/b/../c///", "/a/b/../c"},
};

START_TEST(a_mount_directory_has_one_spelling)
{
    const char *normal;

    ck_ok(rk_mount_directory(&normal, op, mounts[_i].path));
    ck_assert_str_eq(normal, mounts[_i].normal);
}
END_TEST

/* Spec: projects.md 2.2; 2026-03-04T05:06:07.891011Z */
START_TEST(the_etag_hashes_time_and_path)
{
    const rk_project project = {
        .updated_at = {.set = true, .micros = INT64_C(1772600767891011)},
        .namespace = "jane.doe",
        .slug = "weather-model",
    };
    const char *etag;

    ck_ok(rk_project_etag(&etag, op, &project));
    ck_assert_str_eq(etag, "\"1A1413B3745BAF2EB563245B88B19DA5\"");
}
END_TEST

/* Spec: foundations.md 8 */
static const struct {
    const char *text, *etag;
} etags[] = {
    {"2024-05-01T12:34:56.789012+00:00",         "\"3BAC9649D6266B753B6A604488E90E8A\""},
    {"2024-05-01T12:34:56+00:00",                "\"A35A5403B8BD68229812E63CDCE19121\""},
    {"2024-05-01T12:34:56+00:00-my-group/my-dc", "\"EF35B6D19F5D969F7F433B9031E49422\""},
};

START_TEST(an_etag_is_quoted_upper_case_md5)
{
    const char *etag;

    ck_ok(rk_etag_of(&etag, op, etags[_i].text));
    ck_assert_str_eq(etag, etags[_i].etag);
}
END_TEST

START_TEST(repositories_are_normalised_without_doubles)
{
    const char *items[] = {"https://a.org/x/", "https://b.org", " https://a.org/x"};
    const rk_strings urls = {true, 3, items};
    rk_strings normal;

    ck_ok(rk_project_repositories(&normal, op, &urls));
    ck_assert_uint_eq(normal.count, 2);
    ck_assert_str_eq(normal.items[0], "https://a.org/x");
    ck_assert_str_eq(normal.items[1], "https://b.org");
}
END_TEST

START_TEST(a_bad_repository_is_named)
{
    const char *items[] = {"git@host:org/repo.git"};
    const rk_strings urls = {true, 1, items};
    rk_strings normal;

    ck_fails(rk_project_repositories(&normal, op, &urls), RK_ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(op->error.message, "\"git@host:org/repo.git\""));
    ck_assert_ptr_nonnull(strstr(op->error.message, "is not a valid HTTP or HTTPS URL"));
}
END_TEST

/* --- patches. Spec: projects.md 2.2, 4.4 --- */

static rk_project stored(void)
{
    return (rk_project){
        .id = "01J00000000000000000000000",
        .name = "name",
        .namespace = "ns",
        .slug = "slug",
        .visibility = RK_VISIBILITY_PRIVATE,
        .description = "text",
        .keywords = {.set = true},
        .repositories = {.set = true},
        .is_template = RK_BOOLEAN(false),
        .template_id = "01J00000000000000000000001",
        .secrets_mount_directory = "/secrets",
    };
}

static const struct {
    const char *what;
    rk_project_changes patch;
    bool touches;
    rk_scope scope;
} patches[] = {
    {"nothing",               {.name = NULL},                        false, RK_SCOPE_WRITE },
    {"the same name",         {.name = "name"},                      false, RK_SCOPE_WRITE },
    {"another name",          {.name = "other"},                     true,  RK_SCOPE_WRITE },
    {"the same namespace",    {.namespace = "ns"},                   false, RK_SCOPE_WRITE },
    {"another namespace",     {.namespace = "other"},                true,  RK_SCOPE_DELETE},
    {"the same slug",         {.slug = "slug"},                      false, RK_SCOPE_WRITE },
    {"another slug",          {.slug = "other"},                     true,  RK_SCOPE_DELETE},
    {"the same visibility",   {.visibility = RK_VISIBILITY_PRIVATE}, false, RK_SCOPE_WRITE },
    {"publishing",            {.visibility = RK_VISIBILITY_PUBLIC},  true,  RK_SCOPE_DELETE},
    {"the same description",  {.description = "text"},               false, RK_SCOPE_WRITE },
    {"no description",        {.description = ""},                   true,  RK_SCOPE_WRITE },
    {"documentation",         {.documentation = ""},                 true,  RK_SCOPE_WRITE },
    {"no template",           {.template_id = ""},                   true,  RK_SCOPE_WRITE },
    {"the same flag",         {.is_template = {true, false}},        false, RK_SCOPE_WRITE },
    {"another flag",          {.is_template = {true, true}},         true,  RK_SCOPE_WRITE },
    {"no keywords",           {.keywords = {.set = true}},           false, RK_SCOPE_WRITE },
    {"the same repositories", {.repositories = {.set = true}},       true,  RK_SCOPE_WRITE },
    {"the default mount",     {.secrets_mount_directory = ""},       false, RK_SCOPE_WRITE },
    {"another mount",         {.secrets_mount_directory = "/a//b"},  true,  RK_SCOPE_WRITE },
};

START_TEST(a_patch_touches_what_it_changes)
{
    rk_project project = stored();
    rk_project_plan plan;

    ck_ok(rk_project_apply(&plan, &project, op, &patches[_i].patch));
    ck_assert_msg(plan.touches == patches[_i].touches, "%s", patches[_i].what);
    ck_assert_msg(rk_project_plan_scope(&plan) == patches[_i].scope, "%s", patches[_i].what);
}
END_TEST

/* No client can store a NULL among them; another program may have. */
START_TEST(keywords_replace_what_are_none)
{
    const char *holes[] = {NULL, "a"}, *words[] = {"b", "a"};
    const rk_project_changes patch = {
        .keywords = {true, 2, words}
    };
    rk_project project = stored();
    rk_project_plan plan;

    project.keywords = (rk_strings){true, 2, holes};
    ck_ok(rk_project_apply(&plan, &project, op, &patch));
    ck_assert(plan.touches);
    ck_assert_str_eq(project.keywords.items[0], "b");
}
END_TEST

/* Spec: projects.md 4.6 */
START_TEST(a_copy_inherits_what_its_body_leaves_empty)
{
    const char *words[] = {"one"};
    rk_project source = stored();
    rk_project_post body = {.name = "copy", .namespace = "ns", .description = ""};
    rk_project draft = {.name = "copy", .visibility = RK_VISIBILITY_PRIVATE, .description = ""};

    source.visibility = RK_VISIBILITY_PUBLIC;
    source.keywords = (rk_strings){true, 1, words};
    source.documentation = "docs";
    rk_project_inherit(&draft, &body, &source);
    ck_assert_str_eq(draft.description, "text");
    ck_assert_uint_eq(draft.keywords.count, 1);
    ck_assert_int_eq(draft.visibility, RK_VISIBILITY_PUBLIC);
    ck_assert_str_eq(draft.documentation, "docs");
    ck_assert_str_eq(draft.template_id, source.id);
}
END_TEST

UNIT_SUITE(project)
{
    TCase *mount = unit_case(suite, "projects.md 5.3");
    TCase *etag = unit_case(suite, "projects.md 2.2");
    TCase *repository = unit_case(suite, "projects.md 5.2");
    TCase *patch = unit_case(suite, "projects.md 4.4");

    unit_table(mount, a_mount_directory_has_one_spelling, mounts);
    tcase_add_test(etag, the_etag_hashes_time_and_path);
    unit_table(etag, an_etag_is_quoted_upper_case_md5, etags);
    tcase_add_test(repository, repositories_are_normalised_without_doubles);
    tcase_add_test(repository, a_bad_repository_is_named);
    unit_table(patch, a_patch_touches_what_it_changes, patches);
    tcase_add_test(patch, keywords_replace_what_are_none);
    tcase_add_test(unit_case(suite, "projects.md 4.6"), a_copy_inherits_what_its_body_leaves_empty);
}
