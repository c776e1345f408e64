/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/http/json.h"
#include "librenku/user/db.h"
#include "librenku/user/tally.h"

/* What Keycloak tells of its users. Spec: users.md 6.3 */

enum { DATE_MAX = sizeof("2026-11-27"), DAY_S = 24 * 60 * 60 };

static const int64_t time_max_ms = INT64_C(253402300799999); /* the end of the year 9999 */

/* One field of one user, or the removal of one; id and the field alone are set. */
typedef struct {
    int64_t time_ms;
    size_t place; /* in the order in which they were read */
    rk_person person;
} happening;

typedef struct {
    happening *items;
    size_t count;
    size_t room;
} happenings;

typedef struct {
    rk_op *op;
    happenings updates;
    happenings removals;
} events;

/* Where the values of a field stand. */
typedef struct {
    const char *name;
    size_t offset; /* in rk_person */
} field;

/* --- collecting ------------------------------------------------------------------------------- */

static int add(happening **out, rk_op *op, happenings *list, const happening *what)
{
    happening *items = rk_grow(op, list->items, list->count, &list->room, sizeof(*list->items));

    RK_CHECK(items);
    list->items = items;
    happening *added = &items[list->count];

    *added = (happening){.time_ms = what->time_ms, .place = list->count};
    added->person.id = rk_strdup(op, what->person.id);
    RK_CHECK(added->person.id);
    list->count++;
    *out = added;
    return 0;
}

/* NULL for anything but a text that is not empty. */
static const char *text_of(json_object *object, const char *name)
{
    json_object *member = json_object_object_get(object, name);

    if (!json_object_is_type(member, json_type_string))
        return NULL;
    const char *text = json_object_get_string(member);

    return *text && strlen(text) == (size_t)json_object_get_string_len(member) ? text : NULL;
}

/* Each value that is there is an update of its own, in the order of the fields. */
static int add_fields(events *e, const happening *what, json_object *values, const field *fields)
{
    for (; fields->name; fields++) {
        const char *value = text_of(values, fields->name);
        happening *added;

        if (!value)
            continue;
        RK_TRY(add(&added, e->op, &e->updates, what));
        const char *owned = rk_strdup(e->op, value);

        RK_CHECK(owned);
        memcpy((char *)&added->person + fields->offset, &owned, sizeof(owned));
    }
    return 0;
}

/* --- reading events --------------------------------------------------------------------------- */

static int ignore(rk_op *op, const char *what)
{
    rk_log_warning(op, "users", "An event of Keycloak is incomplete or unknown: %s.", what);
    return 0;
}

static bool read_time(happening *out, json_object *event)
{
    json_object *time = json_object_object_get(event, "time");

    out->time_ms = json_object_get_int64(time);
    return json_object_is_type(time, json_type_int) && out->time_ms > 0 &&
           out->time_ms <= time_max_ms;
}

static int take_user_event(rk_op *op, void *user, json_object *event)
{
    static const field registered[] = {
        {"email",             offsetof(rk_person, email)},
        {"first_name",                   offsetof(rk_person,                          first_name)},
        {"last_name",        offsetof(rk_person, last_name)},
        {NULL,0 },
    };
    static const field changed[] = {
        {"updated_first_name", offsetof(rk_person, first_name)},
        {"updated_last_name",                    offsetof(rk_person,                    last_name)},
        {"updated_email",          offsetof(rk_person,         email)},
        {NULL,0},
    };
    json_object *details = json_object_object_get(event, "details");
    const char *type = text_of(event, "type");
    happening what = {.person.id = text_of(event, "userId")};

    if (!what.person.id || !read_time(&what, event) ||
        !json_object_is_type(details, json_type_object))
        return ignore(op, "no time, user or details");
    if (type && strcmp(type, "REGISTER") == 0)
        return add_fields(user, &what, details, registered);
    if (type && strcmp(type, "UPDATE_PROFILE") == 0)
        return add_fields(user, &what, details, changed);
    return ignore(op, "another type");
}

/* The time and the user of an event about a user; false for any other. */
static bool read_admin_event(happening *out, json_object *event)
{
    static const char prefix[] = "users/";
    const char *type = text_of(event, "resourceType");
    const char *path = text_of(event, "resourcePath");

    if (!type || strcmp(type, "USER") != 0 || !path || !read_time(out, event) ||
        strncmp(path, prefix, sizeof(prefix) - 1) != 0)
        return false;
    out->person.id = path + sizeof(prefix) - 1;
    return *out->person.id != '\0';
}

static int read_representation(json_object **out, rk_op *op, json_object *event)
{
    const char *text = text_of(event, "representation");
    int result = rk_json_parse(out, op, text ? text : "{}", text ? strlen(text) : 2);

    if (result == RK_ERR_NO_MEMORY)
        return result;
    rk_error_clear(op);
    if (result < 0)
        *out = NULL;
    return 0;
}

static int take_admin_event(rk_op *op, void *user, json_object *event)
{
    static const field fields[] = {
        {"firstName",         offsetof(rk_person, first_name)},
        {"lastName",                   offsetof(rk_person,                            last_name)},
        {"email",         offsetof(rk_person,email)},
        {NULL,0     },
    };
    const char *operation = text_of(event, "operationType");
    json_object *values;
    happening what = {0};

    if (!read_admin_event(&what, event))
        return ignore(op, "no time or no user");
    if (!operation || (strcmp(operation, "CREATE") != 0 && strcmp(operation, "UPDATE") != 0))
        return ignore(op, "another operation");
    RK_TRY(read_representation(&values, op, event));
    if (!json_object_is_type(values, json_type_object))
        return ignore(op, "its representation is no JSON object");
    return add_fields(user, &what, values, fields);
}

static int take_removal(rk_op *op, void *user, json_object *event)
{
    const char *operation = text_of(event, "operationType");
    events *e = user;
    happening what = {0}, *added;

    if (!read_admin_event(&what, event))
        return ignore(op, "no time or no user");
    if (!operation || strcmp(operation, "DELETE") != 0)
        return ignore(op, "another operation");
    return add(&added, e->op, &e->removals, &what);
}

/* --- reading all of them ---------------------------------------------------------------------- */

typedef int take_event(rk_op *op, void *user, json_object *event);

typedef struct {
    take_event *take;
    events *events;
} taking;

static int take_page(rk_op *op, void *user, json_object *page)
{
    const taking *t = user;

    for (size_t i = 0; i < json_object_array_length(page); i++)
        RK_TRY(t->take(op, t->events, json_object_array_get_idx(page, i)));
    return 0;
}

/* Yesterday, in UTC. */
static void print_start(char out[DATE_MAX])
{
    time_t yesterday = (time_t)(rk_time_now() / 1000000) - DAY_S;
    struct tm parts;

    gmtime_r(&yesterday, &parts);
    (void)strftime(out, DATE_MAX, "%Y-%m-%d", &parts); /* it fits */
}

/* Those of administrators first: of two at one time they come first. */
static int read_events(events *e, rk_keycloak *keycloak)
{
    static const struct {
        const char *path, *query;
        take_event *take;
    } lists[] = {
        {"/admin-events", "operationTypes=CREATE&operationTypes=UPDATE&resourceTypes=USER",
         take_admin_event                                                                                  },
        {"/admin-events", "operationTypes=DELETE&resourceTypes=USER",                       take_removal   },
        {"/events",       "type=UPDATE_PROFILE&type=REGISTER",                              take_user_event},
    };
    char start[DATE_MAX];

    print_start(start);
    for (size_t i = 0; i < RK_COUNT(lists); i++) {
        const char *query = rk_printf(e->op, "dateFrom=%s&%s", start, lists[i].query);
        taking list = {lists[i].take, e};

        RK_CHECK(query);
        RK_TRY(rk_keycloak_pages(e->op, keycloak, &(rk_keycloak_list){lists[i].path, query},
                                 take_page, &list));
    }
    return 0;
}

/* --- applying them ---------------------------------------------------------------------------- */

static int by_time(const void *one, const void *other)
{
    const happening *a = one, *b = other;

    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* In the order of their times, without those that are not after the last ones applied. */
static void prepare(happenings *list, const rk_opt_int *previous)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!previous->set || list->items[i].time_ms * 1000 > previous->value)
            list->items[kept++] = list->items[i];
    list->count = kept;
    if (kept)
        qsort(list->items, kept, sizeof(*list->items), by_time);
}

typedef int apply_one(rk_tally *tally, rk_op *op, const rk_person *person);

static int remove_one(rk_tally *tally, rk_op *op, const rk_person *person)
{
    return rk_tally_remove(tally, op, person->id);
}

/* Each in a part of the work of its own. */
static int apply(rk_op *op, rk_tally *tally, const happenings *list, apply_one *one)
{
    for (size_t i = 0; i < list->count; i++) {
        rk_op part;

        RK_TRY(rk_op_check(op));
        RK_TRY(rk_op_begin_part(&part, op));
        int result = one(tally, &part, &list->items[i].person);

        rk_db_end(&part);
        RK_TRY(rk_op_end_part(&part, op, result));
        rk_tally_tell(tally, op);
    }
    return 0;
}

static int64_t last_time(const happenings *list)
{
    return list->count ? list->items[list->count - 1].time_ms * 1000 : 0;
}

static int store_time(rk_op *op, void *user)
{
    return rk_user_event_time_set(op, *(const int64_t *)user);
}

int rk_events_apply(rk_op *op, rk_tally *tally)
{
    events e = {.op = op};
    rk_opt_int previous;

    RK_TRY(rk_user_event_time(&previous, op));
    RK_TRY(read_events(&e, tally->keycloak));
    prepare(&e.updates, &previous);
    prepare(&e.removals, &previous);
    RK_TRY(apply(op, tally, &e.updates, rk_tally_upsert));
    RK_TRY(apply(op, tally, &e.removals, remove_one));
    int64_t updated = last_time(&e.updates), removed = last_time(&e.removals);
    int64_t newest = updated > removed ? updated : removed;

    return newest && !tally->how->dry_run ? rk_db_transaction(op, store_time, &newest) : 0;
}
