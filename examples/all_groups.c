/* SPDX-License-Identifier: Apache-2.0 */
/* A batch job over all groups: how many members and projects each of them has, as CSV. It runs as a
 * service, which may see everything.
 *
 * usage: all_groups SETTINGS */
#include "example.h"

static size_t count_members(renku_ctx *ctx, renku_caller *caller, const char *slug)
{
    renku_result *members =
        must(renku_group_member_list(ctx, caller, slug, NULL), "list the members");
    size_t count = renku_result_count(members, "");

    renku_result_free(members);
    return count;
}

/* One project on the page suffices: the header tells how many there are. */
static const char *count_projects(renku_result **page, renku_ctx *ctx, renku_caller *caller,
                                  const char *slug)
{
    renku_project_list_query query = RENKU_PROJECT_LIST_QUERY_INIT;

    query.namespace_ = slug;
    query.per_page = 1;
    *page = must(renku_project_list(ctx, caller, &query, NULL), "count the projects");
    return renku_result_header_find(*page, "total");
}

static void print_group(renku_ctx *ctx, renku_caller *caller, const char *slug)
{
    renku_result *page;
    const char *projects = count_projects(&page, ctx, caller, slug);

    printf("%s,%zu,%s\n", slug, count_members(ctx, caller, slug), projects);
    renku_result_free(page);
}

int main(int count, char **words)
{
    renku_ctx *ctx = open_context(count > 1 ? words[1] : NULL);
    renku_caller *caller = NULL;
    renku_request request = RENKU_REQUEST_INIT;
    renku_result *page;
    char pointer[40];

    renku_result_free(must(renku_caller_from_service(&caller, ctx, "migrations"), "service"));
    request.operation = "group_list";
    renku_pages *pages = renku_pages_new(ctx, caller, &request);

    printf("group,members,projects\n");
    while ((page = renku_pages_next(pages))) {
        must(page, "list the groups");
        for (size_t i = 0; i < renku_result_count(page, ""); i++) {
            (void)snprintf(pointer, sizeof(pointer), "/%zu/slug", i);
            print_group(ctx, caller, renku_result_text(page, pointer));
        }
        renku_result_free(page);
    }
    renku_pages_free(pages);
    renku_caller_free(caller);
    renku_ctx_free(ctx);
}
