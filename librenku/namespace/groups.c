/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/authz/authz.h"
#include "librenku/base/letters.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/event/change.h"
#include "librenku/http/caller.h"
#include "librenku/metric/metric.h"
#include "librenku/namespace/core.h"
#include "librenku/project/project.h"
#include "librenku/user/user.h"

static int missing(rk_op *op, const char *slug)
{
    return rk_fail(op, RK_ERR_NOT_FOUND, "The group with slug \"%s\" does not exist.", slug);
}

static int find(rk_group *out, rk_op *op, const char *slug)
{
    bool found;

    RK_TRY(rk_group_lookup(out, &found, op, slug));
    return found ? 0 : missing(op, slug);
}

static int lock(rk_group *out, rk_op *op, const char *slug)
{
    bool found;

    RK_TRY(rk_group_lock(out, &found, op, slug));
    return found ? 0 : missing(op, slug);
}

static int require(rk_op *op, const rk_group *group, rk_scope scope)
{
    return rk_authz_require(op, RK_OBJECT_GROUP, group->id, group->bits, scope, RK_ERR_NOT_FOUND);
}

/* GET /groups. Spec: namespaces.md 3.1 */
int rk_group_list(rk_group_response_list *out, rk_op *op, const rk_group_list_in *in)
{
    rk_array *groups = (rk_array *)out;

    return in->query.direct_member.value
               ? rk_group_page_direct(groups, &op->reply->total, op, &in->page)
               : rk_group_page(groups, &op->reply->total, op, &in->page);
}

/* The creator owns the group; everybody sees it. Spec: authorization.md 9 */
static int write_relationships(rk_op *op, const char *id)
{
    const rk_relationship_change changes[] = {
        {false, {RK_OBJECT_GROUP, id, RK_RELATION_OWNER, RK_OBJECT_USER, op->caller->id}       },
        {false,
         {RK_OBJECT_GROUP, id, RK_RELATION_GROUP_PLATFORM, RK_OBJECT_PLATFORM, RK_PLATFORM_ID} },
        {false, {RK_OBJECT_GROUP, id, RK_RELATION_PUBLIC_VIEWER, RK_OBJECT_USER, "*"}          },
        {false, {RK_OBJECT_GROUP, id, RK_RELATION_PUBLIC_VIEWER, RK_OBJECT_ANONYMOUS_USER, "*"}},
    };

    return rk_authz_write(op, changes, RK_COUNT(changes));
}

static int check_creation(rk_op *op, const char *slug)
{
    rk_group_creation creation;

    RK_TRY(rk_group_creation_lookup(&creation, op, slug));
    if (!rk_authz_allows(op, RK_OBJECT_PLATFORM, creation.platform_bits, RK_SCOPE_CREATE_GROUPS))
        return rk_fail(op, RK_ERR_FORBIDDEN,
                       "The administrators of this platform restrict who may create groups.");
    if (creation.slug_taken.value)
        return rk_group_slug_taken(op);
    return creation.user_known.value ? 0 : rk_user_ensure(op);
}

/* POST /groups. Spec: namespaces.md 3.2 */
int rk_group_create(rk_group *out, rk_op *op, const rk_group_create_in *in)
{
    char *ids = rk_alloc(op, 2, RK_ULID_LENGTH + 1);

    RK_CHECK(ids);
    rk_ulid_make(ids);
    rk_ulid_make(ids + RK_ULID_LENGTH + 1);
    const rk_group group = {
        .id = ids,
        .namespace_id = ids + RK_ULID_LENGTH + 1,
        .name = in->body.name,
        .slug = in->body.slug,
        .description = in->body.description,
        .created_by = op->caller->id,
    };

    RK_TRY(check_creation(op, group.slug));
    RK_TRY(rk_group_insert(out, op, &group));
    RK_TRY(write_relationships(op, group.id));
    RK_TRY(rk_metric_event(op, "group_created", NULL));
    RK_TRY(rk_change_record(op, RK_CHANGE_GROUP, RK_ADDED, group.id));
    const rk_member_change owner = {
        RK_MEMBER_ADDED, {group.created_by, RK_ROLE_OWNER}
    };

    return rk_change_record_member(op, RK_CHANGE_GROUP_MEMBER, group.id, &owner);
}

/* GET /groups/{group_slug}. Spec: namespaces.md 3.3 */
int rk_group_get(rk_group *out, rk_op *op, const rk_group_get_in *in)
{
    return find(out, op, in->group_slug);
}

static int rename_group(rk_op *op, const rk_group *group, const char *slug)
{
    bool taken;

    if (!slug || rk_letters_equal(slug, group->slug))
        return 0;
    RK_TRY(rk_namespace_slug_is_taken(&taken, op, slug));
    return taken ? rk_group_slug_taken(op) : rk_group_rename(op, group, slug);
}

/* PATCH /groups/{group_slug}. Spec: namespaces.md 3.4 */
int rk_group_patch(rk_group *out, rk_op *op, const rk_group_patch_in *in)
{
    rk_group group;

    RK_TRY(lock(&group, op, in->group_slug));
    RK_TRY(rk_group_check_slug(op, &group, in->group_slug));
    RK_TRY(require(op, &group, RK_SCOPE_DELETE));
    RK_TRY(rename_group(op, &group, in->body.slug));
    rk_group_apply(&group, &in->body);
    RK_TRY(rk_group_update(out, op, &group));
    return rk_change_record(op, RK_CHANGE_GROUP, RK_UPDATED, group.id);
}

/* DELETE /groups/{group_slug}. Spec: namespaces.md 3.5 */
int rk_group_delete(rk_op *op, const rk_group_delete_in *in)
{
    rk_group group;
    bool found;

    RK_TRY(rk_group_lock(&group, &found, op, in->group_slug));
    if (!found)
        return rk_authz_waive(op, RK_OBJECT_GROUP, RK_SCOPE_DELETE);
    RK_TRY(rk_group_check_slug(op, &group, in->group_slug));
    RK_TRY(require(op, &group, RK_SCOPE_DELETE));
    RK_TRY(rk_project_remove_all(op, group.namespace_id));
    RK_TRY(rk_group_remove(op, group.id));
    RK_TRY(rk_authz_forget_resource(op, RK_OBJECT_GROUP, group.id));
    RK_TRY(rk_authz_forget_subject(op, RK_OBJECT_GROUP, group.id));
    return rk_change_record(op, RK_CHANGE_GROUP, RK_REMOVED, group.id);
}

/* GET /groups/{group_slug}/permissions. Spec: namespaces.md 3.9 */
int rk_group_permissions(rk_group_permissions_out *out, rk_op *op,
                         const rk_group_permissions_in *in)
{
    const rk_object_type type = RK_OBJECT_GROUP;
    rk_group group;

    RK_TRY(find(&group, op, in->group_slug));
    out->write = RK_BOOLEAN(rk_authz_allows(op, type, group.bits, RK_SCOPE_WRITE));
    out->delete = RK_BOOLEAN(rk_authz_allows(op, type, group.bits, RK_SCOPE_DELETE));
    out->change_membership =
        RK_BOOLEAN(rk_authz_allows(op, type, group.bits, RK_SCOPE_CHANGE_MEMBERSHIP));
    return 0;
}

/* --- members --- */

static int role_of(const rk_member *members, size_t count, const char *user_id)
{
    int role = 0;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].user_id, user_id) == 0)
            role = members[i].role;
    }
    return role;
}

/* The members that have a record, with their names. */
static int describe(rk_array *out, rk_op *op, const rk_array *members)
{
    const rk_member *items = members->items;
    rk_array users;
    rk_strings ids;

    RK_TRY(rk_member_ids(&ids, op, members));
    RK_TRY(rk_user_find_many(&users, op, &ids));
    rk_group_member_response *described = rk_new_array(op, rk_group_member_response, users.count);

    RK_CHECK(described);
    for (size_t i = 0; i < users.count; i++) {
        const rk_user *user = &((const rk_user *)users.items)[i];

        described[i] = (rk_group_member_response){
            .id = user->id,
            .namespace = user->username,
            .first_name = user->first_name,
            .last_name = user->last_name,
            .role = role_of(items, members->count, user->id),
        };
    }
    *out = (rk_array){true, users.count, described};
    return 0;
}

/* GET /groups/{group_slug}/members. Spec: namespaces.md 3.6 */
int rk_group_member_list(rk_group_member_response_list *out, rk_op *op,
                         const rk_group_member_list_in *in)
{
    rk_array members;
    rk_group group;

    RK_TRY(find(&group, op, in->group_slug));
    RK_TRY(require(op, &group, RK_SCOPE_READ));
    RK_TRY(rk_authz_members(&members, op, RK_OBJECT_GROUP, group.id));
    return describe((rk_array *)out, op, &members);
}

/* Records the changes, and answers them as the request named them. */
static int report(rk_array *out, rk_op *op, const char *group_id, const rk_array *changes)
{
    const rk_member_change *items = changes->items;
    rk_group_member_patch_request *reported =
        rk_new_array(op, rk_group_member_patch_request, changes->count);
    bool added = false;

    RK_CHECK(reported);
    for (size_t i = 0; i < changes->count; i++) {
        reported[i].id = items[i].member.user_id;
        reported[i].role = items[i].member.role;
        added |= items[i].kind == RK_MEMBER_ADDED;
        RK_TRY(rk_change_record_member(op, RK_CHANGE_GROUP_MEMBER, group_id, &items[i]));
    }
    *out = (rk_array){true, changes->count, reported};
    return added ? rk_metric_event(op, "group_member_added", NULL) : 0;
}

static int wanted(rk_array *out, rk_op *op, const rk_group_member_patch_request_list *body)
{
    rk_member *members = rk_new_array(op, rk_member, body->count);

    RK_CHECK(members);
    for (size_t i = 0; i < body->count; i++) {
        RK_TRY(rk_user_id_check(op, body->items[i].id));
        members[i] = (rk_member){body->items[i].id, body->items[i].role};
    }
    *out = (rk_array){true, body->count, members};
    return 0;
}

/* PATCH /groups/{group_slug}/members. Spec: namespaces.md 3.7 */
int rk_group_member_set(rk_group_member_patch_request_list *out, rk_op *op,
                        const rk_group_member_set_in *in)
{
    rk_array members, changes;
    rk_group group;

    RK_TRY(lock(&group, op, in->group_slug));
    RK_TRY(require(op, &group, RK_SCOPE_READ));
    RK_TRY(rk_group_check_slug(op, &group, in->group_slug));
    RK_TRY(require(op, &group, RK_SCOPE_CHANGE_MEMBERSHIP));
    RK_TRY(wanted(&members, op, &in->body));
    RK_TRY(rk_authz_members_set(&changes, op, RK_OBJECT_GROUP, group.id, &members));
    return report((rk_array *)out, op, group.id, &changes);
}

/* DELETE /groups/{group_slug}/members/{user_id}. Spec: namespaces.md 3.8 */
int rk_group_member_remove(rk_op *op, const rk_group_member_remove_in *in)
{
    rk_array changes, reported;
    rk_group group;

    RK_TRY(lock(&group, op, in->group_slug));
    RK_TRY(require(op, &group, RK_SCOPE_CHANGE_MEMBERSHIP));
    RK_TRY(rk_authz_member_remove(&changes, op, RK_OBJECT_GROUP, group.id, in->user_id));
    return report(&reported, op, group.id, &changes);
}
