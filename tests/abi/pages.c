/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROJECTS = 7 };

typedef struct {
    renku_ctx *ctx;
    renku_caller *jane;
    char group[64];
} room;

/* A group of Jane with some projects. */
static room enter(void)
{
    room here = {.ctx = abi_open()};
    char body[256];

    here.jane = abi_jane(here.ctx);
    snprintf(here.group, sizeof(here.group), "%s", abi_unique("group"));
    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"slug\":\"%s\"}", here.group, here.group);
    DONE(renku_group_create(here.ctx, here.jane, body, NULL));
    for (int i = 0; i < PROJECTS; i++)
        abi_project(here.ctx, here.jane, here.group);
    return here;
}

static void leave(room here)
{
    renku_caller_free(here.jane);
    renku_ctx_free(here.ctx);
}

/* How many items each page had: "3 3 1". */
static char *walk(renku_pages *pages)
{
    static char text[256];
    size_t length = 0;
    renku_result *page;

    text[0] = '\0';
    while ((page = renku_pages_next(pages))) {
        GOOD(page);
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%zu", length ? " " : "",
                                   renku_result_count(page, ""));
        renku_result_free(page);
    }
    return text;
}

static char *walk_with(const room *here, const char *page, const char *per_page)
{
    renku_parameter parameters[] = {
        {"namespace", here->group},
        {"page",      page       },
        {"per_page",  per_page   }
    };
    renku_request request = RENKU_REQUEST_INIT;

    request.operation = "project_list";
    request.parameters = parameters;
    request.parameter_count = 3;
    renku_pages *pages = renku_pages_new(here->ctx, here->jane, &request);

    EXPECT(pages);
    SAME_INT(renku_pages_total(pages), -1);
    memset(parameters, 0, sizeof(parameters)); /* they were copied */
    char *text = walk(pages);

    SAME_INT(renku_pages_total(pages), PROJECTS);
    EXPECT(!renku_pages_next(pages));
    renku_pages_free(pages);
    return text;
}

TEST(a_list_is_read_page_by_page)
{
    room here = enter();

    SAME_TEXT(walk_with(&here, NULL, "3"), "3 3 1");
    SAME_TEXT(walk_with(&here, "2", "3"), "3 1");
    SAME_TEXT(walk_with(&here, "1", "7"), "7");
    SAME_TEXT(walk_with(&here, NULL, NULL), "7");
    SAME_TEXT(walk_with(&here, "99", "3"), "0");
    leave(here);
}

static void refuse_page(const room *here, const char *page)
{
    renku_parameter parameter = {"page", page};
    renku_request request = RENKU_REQUEST_INIT;

    request.operation = "project_list";
    request.parameters = &parameter;
    request.parameter_count = 1;
    renku_pages *pages = renku_pages_new(here->ctx, here->jane, &request);

    REFUSED(renku_pages_next(pages), RENKU_EINVALID, "page");
    EXPECT(!renku_pages_next(pages));
    SAME_INT(renku_pages_total(pages), -1);
    renku_pages_free(pages);
}

TEST(a_first_page_that_is_none_is_refused)
{
    room here = enter();

    refuse_page(&here, "0");
    refuse_page(&here, "-1");
    refuse_page(&here, "x");
    refuse_page(&here, "2x");
    refuse_page(&here, "99999999999999999999999999");
    leave(here);
}

TEST(pages_of_no_list_are_refused_and_nothing_runs)
{
    room here = enter();
    char id[32];
    renku_parameter parameter = {"project_id", id};
    renku_request request = RENKU_REQUEST_INIT;

    snprintf(id, sizeof(id), "%s", abi_project(here.ctx, here.jane, here.group));
    request.operation = "project_delete";
    request.parameters = &parameter;
    request.parameter_count = 1;
    renku_pages *pages = renku_pages_new(here.ctx, here.jane, &request);

    REFUSED(renku_pages_next(pages), RENKU_EINVALID, "no list");
    EXPECT(!renku_pages_next(pages));
    renku_pages_free(pages);
    DONE(renku_project_get(here.ctx, here.jane, id, NULL, NULL));
    request.operation = "user_me";
    request.parameter_count = 0;
    pages = renku_pages_new(here.ctx, here.jane, &request);
    REFUSED(renku_pages_next(pages), RENKU_EINVALID, "no list");
    renku_pages_free(pages);
    request.operation = "nonsense";
    pages = renku_pages_new(here.ctx, here.jane, &request);
    REFUSED(renku_pages_next(pages), RENKU_ENOTFOUND, "'nonsense'");
    renku_pages_free(pages);
    request.operation = NULL;
    pages = renku_pages_new(here.ctx, here.jane, &request);
    REFUSED(renku_pages_next(pages), RENKU_ENOTFOUND, "no operation");
    renku_pages_free(pages);
    leave(here);
}

TEST(pages_take_null_as_the_end)
{
    renku_ctx *ctx = abi_open();
    renku_request request = RENKU_REQUEST_INIT;

    EXPECT(!renku_pages_new(ctx, NULL, NULL));
    EXPECT(!renku_pages_next(NULL));
    SAME_INT(renku_pages_total(NULL), -1);
    renku_pages_free(NULL);
    request.parameter_count = 3;
    EXPECT(!renku_pages_new(ctx, NULL, &request));
    request.parameter_count = 0;
    request.operation = "project_list";
    renku_pages *pages = renku_pages_new(NULL, NULL, &request);

    REFUSED(renku_pages_next(pages), RENKU_EINTERNAL, "NULL");
    EXPECT(!renku_pages_next(pages));
    renku_pages_free(pages);
    renku_ctx_free(ctx);
}
