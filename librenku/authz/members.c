/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/authz.h"

#include <stdlib.h>
#include <string.h>

#include "librenku/authz/port.h"
#include "librenku/authz/tables.h"

int rk_member_ids(rk_strings *out, rk_op *op, const rk_array *members)
{
    const rk_member *items = members->items;
    const char **ids = rk_new_array(op, const char *, members->count);

    RK_CHECK(ids);
    for (size_t i = 0; i < members->count; i++)
        ids[i] = items[i].user_id;
    *out = (rk_strings){true, members->count, ids};
    return 0;
}

/* --- a change of members --- */

typedef struct {
    rk_op *op;
    rk_object_type type;
    const char *id;
    const rk_member *now; /* all owners and all roles of those to be changed, by user id and role */
    size_t now_count;
    size_t owners; /* as many as there will be */
    rk_relationship_change *changes;
    size_t change_count;
    rk_member_change *reports;
    size_t report_count;
} plan;

static int read_roles(plan *out, const rk_strings *users)
{
    rk_array found;

    RK_TRY(rk_authz_port_of(out->op)->members(&found, out->op, out->type, out->id, users));
    out->now = found.items;
    out->now_count = found.count;
    for (size_t i = 0; i < out->now_count; i++)
        out->owners += out->now[i].role == RK_ROLE_OWNER;
    return 0;
}

static int begin(plan *out, rk_op *op, rk_object_type type, const char *id, const rk_strings *users)
{
    *out = (plan){.op = op, .type = type, .id = id};
    RK_TRY(read_roles(out, users));
    /* each role that is there may go, each entry may bring one */
    size_t most = out->now_count + users->count;

    out->changes = rk_new_array(op, rk_relationship_change, most);
    out->reports = rk_new_array(op, rk_member_change, most);
    RK_CHECK(out->changes && out->reports);
    return 0;
}

/* The first role of a user among those that are there; how many follow is in @p count. */
static const rk_member *roles_of(size_t *count, const plan *in, const char *user_id)
{
    size_t low = 0, high = in->now_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(in->now[middle].user_id, user_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < in->now_count && strcmp(in->now[high].user_id, user_id) == 0; high++)
        ;
    *count = high - low;
    return in->now + low;
}

static void change(plan *to, bool remove, const rk_member *member)
{
    to->changes[to->change_count++] = (rk_relationship_change){
        remove,
        {to->type, to->id, rk_role_relations[member->role], RK_OBJECT_USER, member->user_id},
    };
}

static void report(plan *to, rk_member_change_kind kind, const rk_member *member)
{
    to->reports[to->report_count++] = (rk_member_change){kind, *member};
}

static int finish(rk_array *out, plan *done)
{
    *out = (rk_array){true, done->report_count, done->reports};
    return rk_authz_write(done->op, done->changes, done->change_count);
}

/* --- setting roles --- */

static bool holds(const rk_member *now, size_t count, int role)
{
    for (size_t i = 0; i < count; i++)
        if (now[i].role == role)
            return true;
    return false;
}

/* Afterwards the user has the role that is asked for, and no other. */
static void set(plan *to, const rk_member *wanted)
{
    size_t count;
    const rk_member *now = roles_of(&count, to, wanted->user_id);
    bool kept = holds(now, count, wanted->role);

    to->owners -= holds(now, count, RK_ROLE_OWNER);
    to->owners += wanted->role == RK_ROLE_OWNER;
    if (!kept) {
        change(to, false, wanted);
        report(to, count ? RK_MEMBER_UPDATED : RK_MEMBER_ADDED, wanted);
    }
    /* Of several roles the first is the one that an update replaces. */
    bool replaced = !kept;

    for (size_t i = 0; i < count; i++) {
        if (now[i].role == wanted->role)
            continue;
        change(to, true, &now[i]);
        if (!replaced)
            report(to, RK_MEMBER_REMOVED, wanted);
        replaced = false;
    }
}

typedef struct {
    const char *user_id;
    size_t place;
} entry;

static int by_user(const void *one, const void *other)
{
    const entry *a = one, *b = other;
    int order = strcmp(a->user_id, b->user_id);

    return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* Which entries count: of several for one user the last. */
static int last_entries(bool **out, rk_op *op, const rk_member *members, size_t count)
{
    entry *entries = rk_new_array(op, entry, count);

    *out = rk_new_array(op, bool, count);
    RK_CHECK(entries && *out);
    for (size_t i = 0; i < count; i++)
        entries[i] = (entry){members[i].user_id, i};
    qsort(entries, count, sizeof(entry), by_user);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || strcmp(entries[i].user_id, entries[i + 1].user_id) != 0)
            (*out)[entries[i].place] = true;
    return 0;
}

static int check_user(rk_op *op, const char *user_id)
{
    if (user_id && *user_id && strcmp(user_id, "*") != 0)
        return 0;
    return rk_fail(op, RK_ERR_INVALID, "'%s' is not the id of a user who could be a member.",
                   user_id ? user_id : "");
}

static int check_members(rk_op *op, const rk_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        RK_TRY(check_user(op, members[i].user_id));
        RK_ASSERT(members[i].role >= RK_ROLE_OWNER && members[i].role <= RK_ROLE_VIEWER);
    }
    return 0;
}

/* Spec: authorization.md 10.1 */
int rk_authz_members_set(rk_array *out, rk_op *op, rk_object_type type, const char *id,
                         const rk_array *members)
{
    const rk_member *items = members->items;
    rk_strings users;
    bool *counts;
    plan todo;

    RK_TRY(check_members(op, items, members->count));
    RK_TRY(rk_member_ids(&users, op, members));
    RK_TRY(last_entries(&counts, op, items, members->count));
    RK_TRY(begin(&todo, op, type, id, &users));
    for (size_t i = 0; i < members->count; i++)
        if (counts[i])
            set(&todo, &items[i]);
    if (todo.owners == 0)
        return rk_fail(op, RK_ERR_INVALID,
                       "The change would leave the %s '%s' without an owner: make somebody else an "
                       "owner first.",
                       rk_enum_name(&rk_object_type_names, (int)type), id);
    return finish(out, &todo);
}

/* Spec: authorization.md 10.2 */
int rk_authz_member_remove(rk_array *out, rk_op *op, rk_object_type type, const char *id,
                           const char *user_id)
{
    rk_strings users = {true, 1, &user_id};
    plan todo;
    size_t count;

    RK_TRY(check_user(op, user_id));
    RK_TRY(begin(&todo, op, type, id, &users));
    const rk_member *now = roles_of(&count, &todo, user_id);

    if (todo.owners == 1 && holds(now, count, RK_ROLE_OWNER))
        return rk_fail(op, RK_ERR_INVALID,
                       "'%s' is the only owner of the %s '%s': make somebody else an owner first.",
                       user_id, rk_enum_name(&rk_object_type_names, (int)type), id);
    for (size_t i = 0; i < count; i++) {
        change(&todo, true, &now[i]);
        report(&todo, RK_MEMBER_REMOVED, &now[i]);
    }
    return finish(out, &todo);
}
