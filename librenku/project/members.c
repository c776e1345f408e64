/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/db/db.h"
#include "librenku/event/change.h"
#include "librenku/metric/metric.h"
#include "librenku/project/change.h"
#include "librenku/project/db.h"
#include "librenku/user/user.h"

/* The API counts roles from the viewer up, relationships from the owner down. */
static const int roles[] = {
    [RK_PROJECT_ROLE_VIEWER] = RK_ROLE_VIEWER,
    [RK_PROJECT_ROLE_EDITOR] = RK_ROLE_EDITOR,
    [RK_PROJECT_ROLE_OWNER] = RK_ROLE_OWNER,
};

static int api_role(int role)
{
    for (int i = 1; i < (int)RK_COUNT(roles); i++) {
        if (roles[i] == role)
            return i;
    }
    return 0;
}

static const rk_user *user_of(const rk_array *users, const char *id)
{
    const rk_user *items = users->items;

    for (size_t i = 0; i < users->count; i++) {
        if (strcmp(items[i].id, id) == 0)
            return &items[i];
    }
    return NULL;
}

/* NOT_FOUND names the ids that no record has. */
static int check_users(rk_op *op, const rk_strings *ids, const rk_array *users)
{
    bool complete = true;
    rk_buf buf;

    rk_buf_begin(&buf, op, 256);
    for (size_t i = 0; i < ids->count; i++) {
        if (user_of(users, ids->items[i]))
            continue;
        rk_buf_printf(&buf, "%s%s", complete ? "" : ", ", ids->items[i]);
        complete = false;
    }
    RK_TRY(rk_buf_finish(&buf));
    if (complete)
        return 0;
    return rk_fail(op, RK_ERR_NOT_FOUND, "Users with these ids do not exist: %s.", buf.text);
}

static int describe(rk_array *out, rk_op *op, const rk_array *members)
{
    const rk_member *items = members->items;
    rk_project_member_response *described =
        rk_new_array(op, rk_project_member_response, members->count);
    rk_strings ids;
    rk_array users;

    RK_CHECK(described);
    RK_TRY(rk_member_ids(&ids, op, members));
    RK_TRY(rk_user_find_many(&users, op, &ids));
    RK_TRY(check_users(op, &ids, &users));
    for (size_t i = 0; i < members->count; i++) {
        const rk_user *user = user_of(&users, items[i].user_id);

        described[i] = (rk_project_member_response){
            .id = user->id,
            .namespace = user->username,
            .first_name = user->first_name,
            .last_name = user->last_name,
            .role = api_role(items[i].role),
        };
    }
    *out = (rk_array){true, members->count, described};
    return 0;
}

/* GET /projects/{project_id}/members. Spec: projects.md 4.7 */
int rk_project_member_list(rk_project_member_list_response *out, rk_op *op,
                           const rk_project_member_list_in *in)
{
    rk_project project;
    rk_array members;
    bool found;

    RK_TRY(rk_project_lookup(&project, &found, op, in->project_id, false));
    RK_TRY(rk_project_require(op, &project, found, in->project_id, RK_SCOPE_READ));
    RK_TRY(rk_authz_members(&members, op, RK_OBJECT_PROJECT, in->project_id));
    return describe((rk_array *)out, op, &members);
}

static int record(rk_op *op, const char *project_id, const rk_array *changes)
{
    const rk_member_change *items = changes->items;
    bool added = false;

    for (size_t i = 0; i < changes->count; i++) {
        added |= items[i].kind == RK_MEMBER_ADDED;
        RK_TRY(rk_change_record_member(op, RK_CHANGE_PROJECT_MEMBER, project_id, &items[i]));
    }
    return added ? rk_metric_event(op, "project_member_added", NULL) : 0;
}

static int wanted(rk_array *out, rk_op *op, const rk_project_member_list_patch_request *body)
{
    rk_member *members = rk_new_array(op, rk_member, body->count);

    RK_CHECK(members);
    for (size_t i = 0; i < body->count; i++) {
        RK_TRY(rk_user_id_check(op, body->items[i].id));
        members[i] = (rk_member){body->items[i].id, roles[body->items[i].role]};
    }
    *out = (rk_array){true, body->count, members};
    return 0;
}

static int check_wanted(rk_op *op, const rk_array *members)
{
    rk_strings ids;
    rk_array users;

    RK_TRY(rk_member_ids(&ids, op, members));
    RK_TRY(rk_user_find_many(&users, op, &ids));
    return check_users(op, &ids, &users);
}

/* PATCH /projects/{project_id}/members. Spec: projects.md 4.7 */
int rk_project_member_set(rk_op *op, const rk_project_member_set_in *in)
{
    rk_array members, changes;
    rk_project project;
    bool found;

    RK_TRY(rk_project_lock(&project, &found, op, in->project_id));
    if (!found)
        return rk_project_missing(op, in->project_id);
    if (!in->body.count)
        return rk_fail(op, RK_ERR_INVALID, "Please name at least one member.");
    RK_TRY(wanted(&members, op, &in->body));
    RK_TRY(check_wanted(op, &members));
    RK_TRY(rk_project_require(op, &project, true, project.id, RK_SCOPE_CHANGE_MEMBERSHIP));
    RK_TRY(rk_authz_members_set(&changes, op, RK_OBJECT_PROJECT, project.id, &members));
    return record(op, project.id, &changes);
}

/* DELETE /projects/{project_id}/members/{member_id}. Spec: projects.md 4.7 */
int rk_project_member_remove(rk_op *op, const rk_project_member_remove_in *in)
{
    rk_project project;
    rk_array changes;
    bool found;

    RK_TRY(rk_project_lock(&project, &found, op, in->project_id));
    RK_TRY(rk_project_require(op, &project, found, in->project_id, RK_SCOPE_CHANGE_MEMBERSHIP));
    RK_TRY(rk_authz_member_remove(&changes, op, RK_OBJECT_PROJECT, in->project_id, in->member_id));
    return record(op, project.id, &changes);
}
