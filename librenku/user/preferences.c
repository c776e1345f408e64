/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/base/settings.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"
#include "librenku/http/reply.h"
#include "librenku/user/core.h"

enum { PATH_MAX_LENGTH = 99 + 1 + 99 };

/* The row of a requester. Spec: user-preferences.md 2 */
typedef struct {
    const char *user_id;
    rk_strings pins;
    rk_opt_bool has_pins;
    rk_opt_bool banner;
} preferences;

static const rk_column preferences_columns[] = {
    {"f.user_id",                                                                     RK_COLUMN_TEXT,  offsetof(preferences, user_id),  NULL},
    {"ARRAY(SELECT e.slug"
     "        FROM jsonb_array_elements_text("
     "               CASE jsonb_typeof(f.pinned_projects -> 'project_slugs')"
     "                 WHEN 'array' THEN f.pinned_projects -> 'project_slugs'"
     "                 ELSE '[]' END) WITH ORDINALITY AS e (slug, n)"
     "       WHERE e.slug IS NOT NULL"
     "       ORDER BY e.n)",                                                     RK_COLUMN_TEXTS, offsetof(preferences, pins),     NULL},
    {"coalesce(jsonb_typeof(f.pinned_projects -> 'project_slugs') = 'array', false)",
     RK_COLUMN_BOOL,                                                                                   offsetof(preferences, has_pins), NULL},
    {"f.show_project_migration_banner",                                               RK_COLUMN_BOOL,  offsetof(preferences, banner),   NULL},
};
static const rk_row preferences_row = RK_ROW(preferences, preferences_columns);

static const char missing[] = "Preferences not found for user.";

static int find(preferences *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM users.user_preferences f WHERE f.user_id = $1",
        .row = &preferences_row,
        .missing = missing,
    };

    return rk_db_one(out, op, &query, RK_PARAMS(rk_text(op->caller->id)));
}

static int lock(preferences *out, bool *found, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM users.user_preferences f WHERE f.user_id = $1 FOR UPDATE",
        .row = &preferences_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(rk_text(op->caller->id)));
}

/* Queues the whole row. Two first writes at once: the loser looks again. */
static int insert(rk_op *op, const preferences *row)
{
    static const rk_query query = {
        .sql = "INSERT INTO users.user_preferences"
               "       (user_id, pinned_projects, show_project_migration_banner)"
               " VALUES ($1, jsonb_build_object('project_slugs', to_jsonb($2::text[])), $3)",
        .duplicate = RK_ERR_RETRY,
    };

    return rk_db_defer(
        NULL, op, &query,
        RK_PARAMS(rk_text(row->user_id), rk_texts(op, &row->pins), rk_maybe_bool(row->banner)));
}

static int update_pins(rk_op *op, const preferences *row)
{
    static const rk_query query = {
        .sql = "UPDATE users.user_preferences"
               "   SET pinned_projects = jsonb_build_object('project_slugs', to_jsonb($2::text[]))"
               " WHERE user_id = $1",
    };

    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(row->user_id), rk_texts(op, &row->pins)));
}

static int update_banner(rk_op *op, const preferences *row)
{
    static const rk_query query = {
        .sql = "UPDATE users.user_preferences SET show_project_migration_banner = $2"
               " WHERE user_id = $1",
    };

    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(row->user_id), rk_maybe_bool(row->banner)));
}

static int answer(rk_user_preferences *out, rk_op *op, const preferences *row)
{
    out->pinned_projects = rk_new(op, rk_pinned_projects);
    RK_CHECK(out->pinned_projects);
    out->user_id = row->user_id;
    out->show_project_migration_banner = row->banner;
    if (row->has_pins.value)
        out->pinned_projects->project_slugs = row->pins;
    return 0;
}

/* A row that starts with the given pins. */
static int create(preferences *row, rk_op *op, bool banner)
{
    row->user_id = op->caller->id;
    row->pins.set = true;
    row->has_pins = RK_BOOLEAN(true);
    row->banner = RK_BOOLEAN(banner);
    return insert(op, row);
}

/* Only in development mode can an id be that short. Spec: user-preferences.md 4.3 */
static int check_id(rk_op *op)
{
    if (strlen(op->caller->id) < 3)
        return rk_fail(op, RK_ERR_INVALID, "The user id \"%s\" is too short.", op->caller->id);
    return rk_user_id_check(op, op->caller->id);
}

/* Nothing can be pinned that no project can be called. */
static int check_slug(rk_op *op, const char *slug)
{
    if (strlen(slug) > PATH_MAX_LENGTH)
        return rk_fail(op, RK_ERR_INVALID, "The slug of a project has at most %d characters.",
                       PATH_MAX_LENGTH);
    return 0;
}

static bool holds(const preferences *row, const char *slug)
{
    for (size_t i = 0; i < row->pins.count; i++) {
        if (rk_pin_matches(row->pins.items[i], slug))
            return true;
    }
    return false;
}

static int append(preferences *row, rk_op *op, const char *slug)
{
    const char **items = rk_new_array(op, const char *, row->pins.count + 1);

    RK_CHECK(items);
    if (row->pins.count)
        memcpy(items, row->pins.items, row->pins.count * sizeof(*items));
    items[row->pins.count] = slug;
    row->pins = (rk_strings){true, row->pins.count + 1, items};
    row->has_pins = RK_BOOLEAN(true);
    return 0;
}

/* GET /user/preferences. Spec: user-preferences.md 3 */
int rk_user_preferences_get(rk_user_preferences *out, rk_op *op,
                            const rk_user_preferences_get_in *in)
{
    preferences row;

    (void)in;
    RK_TRY(check_id(op));
    RK_TRY(find(&row, op));
    return answer(out, op, &row);
}

/* POST /user/preferences/pinned_projects. Spec: user-preferences.md 4.1 */
int rk_user_pin_add(rk_user_preferences *out, rk_op *op, const rk_user_pin_add_in *in)
{
    int64_t limit = rk_settings_int(op->settings, RK_SET_MAX_PINNED_PROJECTS);
    preferences row = {0};
    bool found;

    RK_TRY(check_id(op));
    RK_TRY(check_slug(op, in->body.project_slug));
    RK_TRY(lock(&row, &found, op));
    if (found && holds(&row, in->body.project_slug))
        return answer(out, op, &row);
    if (found && limit > 0 && (int64_t)row.pins.count >= limit)
        return rk_fail(op, RK_ERR_INVALID,
                       "Maximum number of pinned projects already allocated (limit: %lld, current "
                       "number: %zu)",
                       (long long)limit, row.pins.count);
    RK_TRY(append(&row, op, in->body.project_slug));
    RK_TRY(found ? update_pins(op, &row) : create(&row, op, true));
    return answer(out, op, &row);
}

/* DELETE /user/preferences/pinned_projects. Spec: user-preferences.md 4.2 */
int rk_user_pin_remove(rk_user_preferences *out, rk_op *op, const rk_user_pin_remove_in *in)
{
    const char *slug = rk_text_or_null(in->query.project_slug);
    size_t kept = 0;
    preferences row;
    bool found;

    RK_TRY(check_id(op));
    RK_TRY(lock(&row, &found, op));
    if (!found)
        return rk_fail(op, RK_ERR_NOT_FOUND, "%s", missing);
    for (size_t i = 0; slug && i < row.pins.count; i++) {
        if (!rk_pin_matches(row.pins.items[i], slug))
            row.pins.items[kept++] = row.pins.items[i];
    }
    if (slug && kept == row.pins.count)
        return answer(out, op, &row);
    row.pins = (rk_strings){true, kept, row.pins.items};
    row.has_pins = RK_BOOLEAN(true);
    RK_TRY(update_pins(op, &row));
    return answer(out, op, &row);
}

/* POST /user/preferences/dismiss_project_migration_banner. Spec: user-preferences.md 3 */
int rk_user_banner_dismiss(rk_user_preferences *out, rk_op *op, const rk_user_banner_dismiss_in *in)
{
    preferences row = {0};
    bool found;

    (void)in;
    RK_TRY(check_id(op));
    RK_TRY(lock(&row, &found, op));
    row.banner = RK_BOOLEAN(false);
    RK_TRY(found ? update_banner(op, &row) : create(&row, op, false));
    return answer(out, op, &row);
}

/* DELETE /user/preferences/dismiss_project_migration_banner. Spec: user-preferences.md 3 */
int rk_user_banner_restore(rk_user_preferences *out, rk_op *op, const rk_user_banner_restore_in *in)
{
    preferences row;
    bool found;

    (void)in;
    RK_TRY(check_id(op));
    RK_TRY(lock(&row, &found, op));
    if (!found)
        return rk_fail(op, RK_ERR_NOT_FOUND, "%s", missing);
    row.banner = RK_BOOLEAN(true);
    RK_TRY(update_banner(op, &row));
    return answer(out, op, &row);
}
