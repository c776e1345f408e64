/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/user/sync.h"

#include <string.h>

#include <json-c/json.h>

#include "librenku/db/db.h"
#include "librenku/user/core.h"
#include "librenku/user/db.h"
#include "librenku/user/tally.h"

/* --- one page --------------------------------------------------------------------------------- */

static int read_person(rk_person *out, rk_op *op, json_object *user)
{
    RK_TRY(rk_keycloak_text(&out->id, op, user, "id"));
    RK_TRY(rk_keycloak_text(&out->email, op, user, "email"));
    RK_TRY(rk_keycloak_text(&out->first_name, op, user, "firstName"));
    RK_TRY(rk_keycloak_text(&out->last_name, op, user, "lastName"));
    if (out->id && *out->id)
        return 0;
    return rk_fail(op, RK_ERR_REMOTE, "Keycloak gives a user without id.");
}

static bool is_enabled(json_object *user)
{
    json_object *enabled = json_object_object_get(user, "enabled");

    return json_object_is_type(enabled, json_type_boolean) && json_object_get_boolean(enabled);
}

/* Those of a page that are enabled. */
static int read_people(rk_array *out, rk_op *op, json_object *page)
{
    size_t length = json_object_array_length(page);
    rk_person *people = rk_new_array(op, rk_person, length);

    RK_CHECK(people);
    *out = (rk_array){true, 0, people};
    for (size_t i = 0; i < length; i++) {
        json_object *user = json_object_array_get_idx(page, i);

        if (is_enabled(user))
            RK_TRY(read_person(&people[out->count++], op, user));
    }
    return 0;
}

/* Their records, in one statement. */
static int find_records(rk_array *out, rk_op *op, const rk_array *people)
{
    const char **ids = rk_new_array(op, const char *, people->count);
    const rk_person *items = people->items;

    RK_CHECK(ids);
    for (size_t i = 0; i < people->count; i++)
        ids[i] = items[i].id;
    return rk_user_find_many(out, op, &(rk_strings){true, people->count, ids});
}

/* Spec: users.md 4.3 */
static bool is_up_to_date(const rk_array *records, const rk_person *person)
{
    const rk_user *items = records->items;

    for (size_t i = 0; i < records->count; i++) {
        rk_user record = items[i];

        if (strcmp(record.id, person->id) == 0)
            return !rk_user_merge(&record, person);
    }
    return false;
}

static int take_page(rk_op *op, void *user, json_object *page)
{
    rk_tally *tally = user;
    rk_array people, records;

    RK_TRY(read_people(&people, op, page));
    RK_TRY(find_records(&records, op, &people));
    const rk_person *items = people.items;

    for (size_t i = 0; i < people.count; i++) {
        RK_TRY(rk_op_check(op));
        if (!is_up_to_date(&records, &items[i]))
            RK_TRY(rk_tally_upsert(tally, op, &items[i]));
        tally->seen++;
    }
    rk_tally_tell(tally, op);
    return 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

static int sync_all(rk_op *op, rk_tally *tally)
{
    const rk_keycloak_list users = {.path = "/users"};

    return rk_keycloak_pages(op, tally->keycloak, &users, take_page, tally);
}

static int sync_if_empty(rk_op *op, rk_tally *tally)
{
    return tally->expected ? 0 : sync_all(op, tally);
}

static int sync_events(rk_op *op, rk_tally *tally)
{
    RK_TRY(sync_if_empty(op, tally));
    return rk_events_apply(op, tally);
}

typedef int work(rk_op *op, rk_tally *tally);

static int run(rk_op *op, rk_buf *out, const rk_sync_manner *how, work *sync)
{
    rk_tally tally;

    RK_TRY(rk_tally_begin(&tally, op, how));
    RK_TRY(sync(op, &tally));
    return rk_tally_write(out, op, &tally);
}

static int quietly(rk_op *op, rk_sync_work *sync)
{
    static const rk_sync_manner how = {.dry_run = false};
    rk_buf out;

    rk_buf_begin(&out, op, 256);
    return sync(op, &out, &how);
}

int rk_users_sync(rk_op *op)
{
    return quietly(op, rk_users_sync_with);
}

int rk_users_sync_if_empty(rk_op *op)
{
    return quietly(op, rk_users_sync_if_empty_with);
}

int rk_users_sync_events(rk_op *op)
{
    return quietly(op, rk_users_sync_events_with);
}

int rk_admins_sync(rk_op *op)
{
    return quietly(op, rk_admins_sync_with);
}

int rk_users_sync_with(rk_op *op, rk_buf *out, const rk_sync_manner *how)
{
    return run(op, out, how, sync_all);
}

int rk_users_sync_if_empty_with(rk_op *op, rk_buf *out, const rk_sync_manner *how)
{
    return run(op, out, how, sync_if_empty);
}

int rk_users_sync_events_with(rk_op *op, rk_buf *out, const rk_sync_manner *how)
{
    return run(op, out, how, sync_events);
}
