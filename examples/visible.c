/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the projects that a user can see, and why.
 *
 * usage: visible SETTINGS USER_ID */
#include "example.h"

/* The relationships that lead from the project to the user, one path a line. */
static void explain(renku_ctx *ctx, const char *project_id, const char *user_id)
{
    renku_result *why =
        must(renku_authz_explain(ctx, "project", project_id, "read", user_id), "explain");
    char pointer[64];

    for (size_t path = 0; path < renku_result_count(why, "/paths"); path++) {
        (void)snprintf(pointer, sizeof(pointer), "/paths/%zu", path);
        size_t steps = renku_result_count(why, pointer);

        for (size_t step = 0; step < steps; step++) {
            (void)snprintf(pointer, sizeof(pointer), "/paths/%zu/%zu", path, step);
            printf("%s%s", step ? " <- " : "  because ", renku_result_text(why, pointer));
        }
        printf("\n");
    }
    renku_result_free(why);
}

static void print_page(renku_ctx *ctx, const renku_result *page, const char *user_id)
{
    char pointer[40];

    for (size_t i = 0; i < renku_result_count(page, ""); i++) {
        (void)snprintf(pointer, sizeof(pointer), "/%zu/namespace", i);
        printf("%s/", renku_result_text(page, pointer));
        (void)snprintf(pointer, sizeof(pointer), "/%zu/slug", i);
        printf("%s\n", renku_result_text(page, pointer));
        (void)snprintf(pointer, sizeof(pointer), "/%zu/id", i);
        explain(ctx, renku_result_text(page, pointer), user_id);
    }
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: %s SETTINGS USER_ID\n", *words);
        return 2;
    }
    renku_ctx *ctx = open_context(words[1]);
    renku_caller *caller = NULL;
    renku_request request = RENKU_REQUEST_INIT;
    renku_result *page;

    renku_result_free(must(renku_caller_from_user(&caller, ctx, words[2]), words[2]));
    request.operation = "project_list";
    renku_pages *pages = renku_pages_new(ctx, caller, &request);

    while ((page = renku_pages_next(pages))) {
        print_page(ctx, must(page, "list the projects"), words[2]);
        renku_result_free(page);
    }
    renku_pages_free(pages);
    renku_caller_free(caller);
    renku_ctx_free(ctx);
}
