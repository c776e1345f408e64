/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"
#include "librenku/http/reply.h"
#include "librenku/user/user.h"
#include "renku/admin.h"

/* What the removal of a user would do: it is done, looked at, and rolled back. */

typedef struct {
    const char *type, *id, *name;
} obstacle;

static const rk_column obstacle_columns[] = {
    {"o.type", RK_COLUMN_TEXT, offsetof(obstacle, type), NULL},
    {"o.id",   RK_COLUMN_TEXT, offsetof(obstacle, id),   NULL},
    {"o.name", RK_COLUMN_TEXT, offsetof(obstacle, name), NULL},
};
static const rk_row obstacle_row = RK_ROW(obstacle, obstacle_columns);

static int find_obstacles(rk_array *out, rk_op *op, const char *user_id)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM ("
               "SELECT 'group', g.id, g.name FROM common.groups g WHERE g.created_by = $1"
               " UNION ALL "
               "SELECT 'data_connector', d.id, d.name FROM storage.data_connectors d"
               " WHERE d.created_by_id = $1"
               " UNION ALL "
               "SELECT 'session_secret_slot', s.id, s.name FROM projects.session_secret_slots s"
               " WHERE s.created_by_id = $1) o (type, id, name)"
               " ORDER BY o.type, o.id",
        .row = &obstacle_row,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_text(user_id)));
}

typedef struct {
    const char *table;
    rk_opt_int rows;
} deletion;

static const rk_column deletion_columns[] = {
    {"s.schemaname || '.' || s.relname", RK_COLUMN_TEXT, offsetof(deletion, table), NULL},
    {"s.n_tup_del",                      RK_COLUMN_INT,  offsetof(deletion, rows),  NULL},
};
static const rk_row deletion_row = RK_ROW(deletion, deletion_columns);

/* How many rows this connection has deleted, what follows from others included. */
static int count_deletions(rk_array *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM pg_stat_xact_user_tables s"
               " WHERE s.schemaname <> 'pg_toast' ORDER BY s.schemaname, s.relname",
        .row = &deletion_row,
    };

    return rk_db_all(out, op, &query, RK_NO_PARAMS);
}

static int check_counters(rk_op *op)
{
    static const rk_column columns[] = {
        {"current_setting('track_counts') = 'on'", RK_COLUMN_BOOL, 0, NULL}
    };
    static const rk_row row = {sizeof(rk_opt_bool), columns, 1, NULL};
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    rk_opt_bool on = {0};

    RK_TRY(rk_db_one(&on, op, &query, RK_NO_PARAMS));
    return on.value ? 0
                    : rk_fail(op, RK_ERR_CONFLICT,
                              "The database does not count rows: its setting track_counts is off.");
}

typedef struct {
    const char *user_id;
    rk_user user;
    rk_array obstacles, before, after;
    const char *reason; /* NULL: it can be removed */
} removal;

static int try_to_remove(removal *work, rk_op *op)
{
    rk_reply reply = {0};

    op->reply = &reply;
    int err = rk_user_delete(op, &(rk_user_delete_in){work->user_id});

    if (err == 0)
        err = count_deletions(&work->after, op);
    op->reply = NULL;
    if (err != RK_ERR_CONFLICT)
        return err;
    work->reason = op->error.message;
    rk_error_clear(op);
    return 0;
}

static int examine(removal *work, rk_op *op)
{
    bool found;

    RK_TRY(rk_db_begin(op));
    RK_TRY(rk_user_lookup(&work->user, &found, op, work->user_id));
    if (!found)
        return rk_fail(op, RK_ERR_NOT_FOUND, "The user with ID %s cannot be found.", work->user_id);
    RK_TRY(check_counters(op));
    RK_TRY(find_obstacles(&work->obstacles, op, work->user_id));
    RK_TRY(count_deletions(&work->before, op));
    return try_to_remove(work, op);
}

static void write_obstacles(rk_buf *out, const rk_array *obstacles)
{
    const obstacle *items = obstacles->items;

    for (size_t i = 0; i < obstacles->count; i++) {
        rk_buf_text(out, i ? ",{\"type\":" : "{\"type\":");
        rk_buf_json_text(out, items[i].type);
        rk_buf_text(out, ",\"id\":");
        rk_buf_json_text(out, items[i].id);
        rk_buf_text(out, ",\"name\":");
        rk_buf_json_text(out, items[i].name);
        rk_buf_char(out, '}');
    }
}

/* Both lists name the same tables. */
static void write_deletions(rk_buf *out, const rk_array *before, const rk_array *after)
{
    const deletion *old = before->items, *items = after->items;
    bool first = true;

    for (size_t i = 0; i < after->count && i < before->count; i++) {
        int64_t rows = items[i].rows.value - old[i].rows.value;

        if (!rows)
            continue;
        rk_buf_text(out, first ? "{\"table\":" : ",{\"table\":");
        rk_buf_json_text(out, items[i].table);
        rk_buf_printf(out, ",\"rows\":%lld}", (long long)rows);
        first = false;
    }
}

static int write_removal(rk_buf *out, const removal *work)
{
    rk_buf_text(out, "{\"id\":");
    rk_buf_json_text(out, work->user.id);
    rk_buf_text(out, ",\"username\":");
    rk_buf_json_text(out, work->user.username);
    rk_buf_printf(out, ",\"possible\":%s", work->reason ? "false" : "true");
    if (work->reason) {
        rk_buf_text(out, ",\"reason\":");
        rk_buf_json_text(out, work->reason);
    }
    rk_buf_text(out, ",\"stopped_by\":[");
    write_obstacles(out, &work->obstacles);
    rk_buf_text(out, "],\"removed\":[");
    write_deletions(out, &work->before, &work->after);
    rk_buf_text(out, "]}");
    return rk_buf_finish(out);
}

static int preview(rk_op *op, rk_buf *out, void *user)
{
    removal work = {.user_id = user};
    int err = examine(&work, op);

    rk_db_end(op);
    RK_TRY(err);
    return write_removal(out, &work);
}

renku_result *renku_user_delete_preview(renku_ctx *ctx, const char *user_id)
{
    if (!user_id)
        return rk_result_refused(RK_ERR_INTERNAL,
                                 "renku_user_delete_preview: the user id is NULL.");
    return rk_tool_run(ctx, preview, (void *)(uintptr_t)user_id, RK_TOOL_JSON);
}
