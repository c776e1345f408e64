/* SPDX-License-Identifier: Apache-2.0 */
/* Creates a project and gives other people a role in it.
 *
 * usage: RENKU_TOKEN=... create_project SETTINGS NAME NAMESPACE [USER_ID:ROLE...] */
#include "example.h"

#include <json-c/json.h>
#include <string.h>

static renku_result *create(renku_ctx *ctx, renku_caller *caller, const char *name,
                            const char *namespace_)
{
    struct json_object *body = json_object_new_object();

    json_object_object_add(body, "name", json_object_new_string(name));
    json_object_object_add(body, "namespace", json_object_new_string(namespace_));
    renku_result *result =
        renku_project_create(ctx, caller, json_object_to_json_string(body), NULL);

    json_object_put(body);
    return must(result, "create the project");
}

/* "USER_ID:ROLE" as {"id":..,"role":..} */
static struct json_object *member_of(const char *text)
{
    const char *colon = strrchr(text, ':');
    struct json_object *member = json_object_new_object();

    if (!colon) {
        fprintf(stderr, "'%s' is not USER_ID:ROLE\n", text);
        exit(2);
    }
    json_object_object_add(member, "id", json_object_new_string_len(text, (int)(colon - text)));
    json_object_object_add(member, "role", json_object_new_string(colon + 1));
    return member;
}

static void add_members(renku_ctx *ctx, renku_caller *caller, const char *project_id, char **words)
{
    struct json_object *body = json_object_new_array();

    for (; *words; words++)
        json_object_array_add(body, member_of(*words));
    renku_result_free(must(
        renku_project_member_set(ctx, caller, project_id, json_object_to_json_string(body), NULL),
        "add the members"));
    json_object_put(body);
}

static void print_members(renku_ctx *ctx, renku_caller *caller, const char *project_id)
{
    renku_result *members =
        must(renku_project_member_list(ctx, caller, project_id, NULL), "list the members");
    char pointer[40];

    for (size_t i = 0; i < renku_result_count(members, ""); i++) {
        (void)snprintf(pointer, sizeof(pointer), "/%zu/role", i);
        printf("  %-8s", renku_result_text(members, pointer));
        (void)snprintf(pointer, sizeof(pointer), "/%zu/namespace", i);
        printf("%s\n", renku_result_text(members, pointer));
    }
    renku_result_free(members);
}

int main(int count, char **words)
{
    if (count < 4) {
        fprintf(stderr, "usage: %s SETTINGS NAME NAMESPACE [USER_ID:ROLE...]\n", *words);
        return 2;
    }
    renku_ctx *ctx = open_context(words[1]);
    renku_caller *caller = open_caller(ctx);
    renku_result *project = create(ctx, caller, words[2], words[3]);
    const char *id = renku_result_text(project, "/id");

    if (words[4])
        add_members(ctx, caller, id, words + 4);
    printf("%s/%s\n", renku_result_text(project, "/namespace"),
           renku_result_text(project, "/slug"));
    print_members(ctx, caller, id);
    renku_result_free(project);
    renku_caller_free(caller);
    renku_ctx_free(ctx);
}
