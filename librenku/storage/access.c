/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/storage/access.h"

#include <string.h>

#include <json-c/json.h>

#include "librenku/base/settings.h"
#include "librenku/http/caller.h"
#include "librenku/http/schema.h"
#include "librenku/net/gitlab.h"
#include "librenku/net/http_client.h"

enum { TIMEOUT_MS = 10000, OWNER_LEVEL = 30 };

/* --- the question ----------------------------------------------------------------------------- */

/* The text of the query, and around it the JSON that carries it. */
static int write_body(const char **out, rk_op *op, const char *project_id, const char *name)
{
    const char *id = rk_printf(op, "gid://gitlab/Project/%s", project_id);
    rk_buf query, body;

    RK_CHECK(id);
    rk_buf_begin(&query, op, 512);
    rk_buf_text(&query, "{projects(ids: [");
    rk_buf_json_text(&query, id);
    rk_buf_text(&query, "]) {pageInfo {hasNextPage} nodes {id projectMembers(search: ");
    rk_buf_json_text(&query, name);
    rk_buf_text(&query, ") {nodes {user {id name} accessLevel {integerValue}}}}}}");
    RK_TRY(rk_buf_finish(&query));
    rk_buf_begin(&body, op, 512);
    rk_buf_text(&body, "{\"query\":");
    rk_buf_json_text(&body, query.text);
    rk_buf_char(&body, '}');
    *out = body.text;
    return rk_buf_finish(&body);
}

static int ask(struct json_object **out, rk_op *op, const char *project_id)
{
    const rk_net_header headers[] = {
        {"Authorization",            rk_printf(op, "Bearer %s", op->caller->access_token)},
        {"Content-Type", "application/json"            },
    };
    const char *base, *body;
    rk_net_answer answer;

    RK_CHECK(headers[0].value);
    RK_TRY(rk_gitlab_url(&base, op, op->settings));
    RK_TRY(write_body(&body, op, project_id, op->caller->full_name));
    const rk_net_request request = {
        .method = "POST",
        .url = rk_printf(op, "%s/api/graphql", base ? base : ""),
        .headers = headers,
        .header_count = RK_COUNT(headers),
        .body = body,
        .body_size = strlen(body),
        .timeout_ms = TIMEOUT_MS,
        .traced = true,
    };

    RK_CHECK(request.url);
    RK_TRY(rk_net_send(&answer, op, &request));
    if (answer.status != 200)
        return rk_fail(op, RK_ERR_REMOTE, "GitLab answers the question about a project with %d.",
                       answer.status);
    return rk_json_parse(out, op, answer.body, answer.body_size);
}

/* --- the answer ------------------------------------------------------------------------------- */

static struct json_object *step(struct json_object *value, const char *name)
{
    return json_object_is_type(value, json_type_object) ? json_object_object_get(value, name)
                                                        : NULL;
}

static struct json_object *nodes_of(struct json_object *value)
{
    struct json_object *nodes = step(value, "nodes");

    return json_object_is_type(nodes, json_type_array) ? nodes : NULL;
}

static const char *last_segment(struct json_object *id)
{
    const char *text = json_object_is_type(id, json_type_string) ? json_object_get_string(id) : "";
    const char *slash = strrchr(text, '/');

    return slash ? slash + 1 : text;
}

/* Whoever is found by name is a member; the rights are those of the very user. */
static rk_storage_level level_among(const rk_op *op, struct json_object *members)
{
    size_t count = members ? json_object_array_length(members) : 0;
    rk_storage_level level = count ? RK_STORAGE_MEMBER : RK_STORAGE_STRANGER;

    for (size_t i = 0; i < count; i++) {
        struct json_object *member = json_object_array_get_idx(members, i);
        struct json_object *right = step(step(member, "accessLevel"), "integerValue");

        if (strcmp(last_segment(step(step(member, "user"), "id")), op->caller->id) == 0 &&
            json_object_get_int(right) >= OWNER_LEVEL)
            level = RK_STORAGE_OWNER;
    }
    return level;
}

static int read_answer(rk_storage_level *out, rk_op *op, struct json_object *answer,
                       const char *project_id)
{
    struct json_object *projects = step(step(answer, "data"), "projects");
    struct json_object *nodes = nodes_of(projects);

    if (!nodes || json_object_get_boolean(step(step(projects, "pageInfo"), "hasNextPage")))
        return rk_fail(op, RK_ERR_REMOTE, "GitLab does not tell about the project.");
    for (size_t i = 0; i < json_object_array_length(nodes); i++) {
        struct json_object *node = json_object_array_get_idx(nodes, i);

        if (strcmp(last_segment(step(node, "id")), project_id) == 0)
            *out = level_among(op, nodes_of(step(node, "projectMembers")));
    }
    return 0;
}

/* --- levels ----------------------------------------------------------------------------------- */

/* Development mode knows one person. Spec: storage.md 9 */
static rk_storage_level level_in_development(const rk_op *op, const char *project_id)
{
    if (strcmp(op->caller->full_name, "Admin Doe") != 0)
        return RK_STORAGE_STRANGER;
    if (strcmp(project_id, "123456") == 0)
        return RK_STORAGE_OWNER;
    return strcmp(project_id, "999999") == 0 ? RK_STORAGE_MEMBER : RK_STORAGE_STRANGER;
}

int rk_storage_level_of(rk_storage_level *out, rk_op *op, const char *project_id)
{
    const rk_caller *caller = op->caller;
    struct json_object *answer;

    *out = RK_STORAGE_STRANGER;
    if (!rk_caller_is_logged_in(caller) || !caller->full_name || !*caller->full_name)
        return 0;
    if (rk_settings_bool(op->settings, RK_SET_DUMMY_STORES)) {
        *out = level_in_development(op, project_id);
        return 0;
    }
    int result = ask(&answer, op, project_id);

    if (result == RK_ERR_BAD_REQUEST) {
        rk_error_clear(op);
        return rk_fail(op, RK_ERR_REMOTE, "GitLab answers something that is no JSON.");
    }
    RK_TRY(result);
    return read_answer(out, op, answer, project_id);
}

int rk_storage_require(rk_op *op, const char *project_id, rk_storage_level level)
{
    rk_storage_level found;

    RK_TRY(rk_storage_level_of(&found, op, project_id));
    return found >= level ? 0 : rk_fail_default(op, RK_ERR_NOT_PERMITTED);
}
