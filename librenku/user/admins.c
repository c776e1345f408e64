/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>

#include "librenku/authz/authz.h"
#include "librenku/base/log.h"
#include "librenku/db/db.h"
#include "librenku/keycloak/keycloak.h"
#include "librenku/user/sync.h"
#include "librenku/user/user.h"

/* The administrators of Keycloak and those of the platform, both in the order of their ids. */
typedef struct {
    rk_op *op;
    const rk_sync_manner *how;
    rk_strings wanted;
    size_t room;
    rk_strings before;
} appointing;

static bool holds(const rk_strings *sorted, const char *id)
{
    return rk_strings_place(sorted, id) < sorted->count;
}

/* --- who there is in Keycloak ----------------------------------------------------------------- */

/* Only what is the id of a user is taken: "*" would be everybody. */
static int take_admin(appointing *a, rk_op *op, json_object *user)
{
    const char *id;

    RK_TRY(rk_keycloak_text(&id, op, user, "id"));
    if (!id)
        return rk_fail(op, RK_ERR_REMOTE, "Keycloak gives an administrator without id.");
    RK_TRY(rk_user_id_check(op, id));
    const char **items = rk_grow(a->op, (void *)(uintptr_t)a->wanted.items, a->wanted.count,
                                 &a->room, sizeof(*items));
    const char *owned = rk_strdup(a->op, id);

    RK_CHECK(items && owned);
    a->wanted.items = items;
    items[a->wanted.count++] = owned;
    return 0;
}

static int take_page(rk_op *op, void *user, json_object *page)
{
    appointing *a = user;

    for (size_t i = 0; i < json_object_array_length(page); i++)
        RK_TRY(take_admin(a, op, json_object_array_get_idx(page, i)));
    return 0;
}

static int read_wanted(appointing *a)
{
    const rk_keycloak_list admins = {.path = "/roles/renku-admin/users"};
    rk_keycloak *keycloak;

    RK_TRY(rk_keycloak_open_settings(&keycloak, a->op));
    RK_TRY(rk_keycloak_pages(a->op, keycloak, &admins, take_page, a));
    rk_strings_sort(&a->wanted);
    return 0;
}

/* --- who shall be one ------------------------------------------------------------------------- */

static int read_before(appointing *a, rk_op *op)
{
    RK_TRY(rk_authz_admins(&a->before, op));
    rk_strings_sort(&a->before);
    return 0;
}

/* In one transaction: nobody sees a part of it. */
static int appoint(rk_op *op, void *user)
{
    appointing *a = user;

    RK_TRY(read_before(a, op));
    for (size_t i = 0; i < a->wanted.count; i++)
        RK_TRY(rk_authz_admin_set(op, a->wanted.items[i], true));
    for (size_t i = 0; i < a->before.count; i++)
        if (!holds(&a->wanted, a->before.items[i]))
            RK_TRY(rk_authz_admin_set(op, a->before.items[i], false));
    return 0;
}

/* --- what came of it -------------------------------------------------------------------------- */

static size_t write_missing(rk_buf *out, const rk_strings *ids, const rk_strings *from)
{
    size_t count = 0;

    for (size_t i = 0; i < ids->count; i++) {
        if (holds(from, ids->items[i]))
            continue;
        if (count++)
            rk_buf_char(out, ',');
        rk_buf_json_text(out, ids->items[i]);
    }
    return count;
}

static void report(const appointing *a, size_t added, size_t removed)
{
    const char *would = a->how->dry_run ? " (nothing is changed)" : "";

    if (!a->wanted.count && a->before.count)
        rk_log_error(a->op, "authz",
                     "Keycloak has nobody with the role renku-admin: all %zu administrators of the "
                     "platform are removed%s.",
                     a->before.count, would);
    rk_log_info(a->op, "authz",
                "Administrators as in Keycloak%s: %zu in all, %zu added, %zu removed.", would,
                a->wanted.count, added, removed);
}

int rk_admins_sync_with(rk_op *op, rk_buf *out, const rk_sync_manner *how)
{
    appointing a = {.op = op, .how = how};

    RK_TRY(read_wanted(&a));
    RK_TRY(how->dry_run ? read_before(&a, op) : rk_db_transaction(op, appoint, &a));
    rk_buf_printf(out, "{\"dry_run\":%s,\"admins\":%zu,\"added\":[",
                  how->dry_run ? "true" : "false", a.wanted.count);
    size_t added = write_missing(out, &a.wanted, &a.before);

    rk_buf_text(out, "],\"removed\":[");
    size_t removed = write_missing(out, &a.before, &a.wanted);

    rk_buf_text(out, "]}");
    report(&a, added, removed);
    return rk_buf_finish(out);
}
