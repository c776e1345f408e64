/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/authz.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/event/change.h"
#include "librenku/http/caller.h"
#include "librenku/metric/metric.h"
#include "librenku/user/core.h"
#include "librenku/user/db.h"

/* Everybody sees a user's namespace; the user owns it. Spec: authorization.md 9 */
static int write_relationships(rk_op *op, const char *namespace_id, const char *user_id)
{
    const rk_object_type type = RK_OBJECT_USER_NAMESPACE;
    const rk_relationship_change changes[] = {
        {false, {type, namespace_id, RK_RELATION_OWNER, RK_OBJECT_USER, user_id}              },
        {false,
         {type, namespace_id, RK_RELATION_USER_NAMESPACE_PLATFORM, RK_OBJECT_PLATFORM,
          RK_PLATFORM_ID}                                                                     },
        {false, {type, namespace_id, RK_RELATION_PUBLIC_VIEWER, RK_OBJECT_USER, "*"}          },
        {false, {type, namespace_id, RK_RELATION_PUBLIC_VIEWER, RK_OBJECT_ANONYMOUS_USER, "*"}},
    };

    return rk_authz_write(op, changes, RK_COUNT(changes));
}

static int identify(rk_op *op, const rk_person *person, const char *username)
{
    const rk_identity identity = {person->id, person->email, person->first_name, person->last_name,
                                  username};

    return rk_metric_identify(op, &identity);
}

/* Spec: users.md 4.1, insert */
static int insert(rk_user *out, rk_op *op, const rk_person *person)
{
    char *namespace_id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);
    rk_strings candidates;
    const char *slug;

    RK_CHECK(namespace_id);
    RK_TRY(rk_user_id_check(op, person->id));
    rk_ulid_make(namespace_id);
    RK_TRY(rk_user_slug_candidates(&candidates, op, person));
    RK_TRY(rk_user_free_slug(&slug, op, &candidates));
    RK_TRY(rk_user_insert(out, op, person, namespace_id, slug));
    RK_TRY(write_relationships(op, namespace_id, person->id));
    RK_TRY(rk_change_record(op, RK_CHANGE_USER, RK_ADDED, person->id));
    return identify(op, person, slug);
}

typedef struct {
    const rk_person *person;
    rk_user *out;
} missing;

static int insert_missing(rk_op *op, void *user)
{
    missing *work = user;
    bool found;

    RK_TRY(rk_user_lookup(work->out, &found, op, work->person->id));
    return found ? 0 : insert(work->out, op, work->person);
}

static rk_person person_of(const rk_caller *caller)
{
    return (rk_person){caller->id, caller->email, caller->first_name, caller->last_name};
}

int rk_user_ensure(rk_op *op)
{
    const rk_person person = person_of(op->caller);
    rk_user *user = rk_new(op, rk_user);
    bool found;

    RK_CHECK(user);
    RK_TRY(rk_user_lookup(user, &found, op, person.id));
    return found ? 0 : insert(user, op, &person);
}

int rk_user_of_caller(rk_user *out, rk_op *op)
{
    const rk_person person = person_of(op->caller);
    missing work = {.person = &person, .out = out};
    bool found;

    RK_TRY(rk_user_lookup(out, &found, op, person.id));
    return found ? 0 : rk_db_transaction(op, insert_missing, &work);
}

/* Spec: users.md 4.1, update */
static int update(rk_upsert *out, rk_op *op, rk_user *user, const rk_person *person)
{
    bool changed = rk_user_merge(user, person);
    const rk_person merged = {user->id, user->email, user->first_name, user->last_name};

    *out = changed ? RK_UPSERT_UPDATED : RK_UPSERT_SAME;
    if (changed) {
        RK_TRY(rk_user_update(op, user));
        RK_TRY(rk_change_record(op, RK_CHANGE_USER, RK_UPDATED, user->id));
    }
    return identify(op, &merged, user->username);
}

typedef struct {
    const rk_person *person;
    rk_upsert *out;
} upserting;

static int upsert(rk_op *op, void *user)
{
    const upserting *work = user;
    rk_user *stored = rk_new(op, rk_user);
    bool found;

    RK_CHECK(stored);
    RK_TRY(rk_user_lock(stored, &found, op, work->person->id));
    if (found)
        return update(work->out, op, stored, work->person);
    *work->out = RK_UPSERT_ADDED;
    return insert(stored, op, work->person);
}

int rk_user_upsert(rk_upsert *out, rk_op *op, const rk_person *person)
{
    upserting work = {person, out};

    return rk_db_transaction(op, upsert, &work);
}

int rk_user_upsert_preview(rk_upsert *out, rk_op *op, const rk_person *person)
{
    rk_strings candidates;
    rk_user stored;
    bool found;

    RK_TRY(rk_user_lookup(&stored, &found, op, person->id));
    if (found) {
        *out = rk_user_merge(&stored, person) ? RK_UPSERT_UPDATED : RK_UPSERT_SAME;
        return 0;
    }
    *out = RK_UPSERT_ADDED;
    RK_TRY(rk_user_id_check(op, person->id));
    return rk_user_slug_candidates(&candidates, op, person);
}
