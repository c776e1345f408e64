/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/notification/db.h"

#include "librenku/base/log.h"
#include "librenku/db/db.h"

static const rk_column alert_columns[] = {
    {"a.id",            RK_COLUMN_TEXT, offsetof(rk_alert, id),            NULL},
    {"a.title",         RK_COLUMN_TEXT, offsetof(rk_alert, title),         NULL},
    {"a.message",       RK_COLUMN_TEXT, offsetof(rk_alert, message),       NULL},
    {"a.event_type",    RK_COLUMN_TEXT, offsetof(rk_alert, event_type),    NULL},
    {"a.user_id",       RK_COLUMN_TEXT, offsetof(rk_alert, user_id),       NULL},
    {"a.session_name",  RK_COLUMN_TEXT, offsetof(rk_alert, session_name),  NULL},
    {"a.creation_date", RK_COLUMN_TIME, offsetof(rk_alert, creation_date), NULL},
    {"a.resolved_date", RK_COLUMN_TIME, offsetof(rk_alert, resolved_date), NULL},
};
static const rk_row alert_row = RK_ROW(rk_alert, alert_columns);

/* Queues. References to the user do not wait for it. */
static int lock_user(rk_op *op, const char *user_id)
{
    static const rk_query query = {
        .sql = "SELECT FROM users.users u WHERE u.keycloak_id = $1 FOR NO KEY UPDATE",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(user_id)));
}

int rk_alert_creation_lock(rk_alert_creation *out, rk_op *op, const rk_notice *notice)
{
    static const rk_column columns[] = {
        {"EXISTS (SELECT FROM users.users u WHERE u.keycloak_id = $1)",                                 RK_COLUMN_BOOL,
         offsetof(rk_alert_creation,                                                                                                                user_known), NULL},
        {"EXISTS (SELECT FROM notifications.alerts a"
         "         WHERE a.user_id = $1 AND a.event_type = $2"
         "           AND a.session_name IS NOT DISTINCT FROM $3 AND a.resolved_date IS NULL)", RK_COLUMN_BOOL, offsetof(rk_alert_creation, active),     NULL},
    };
    static const rk_row row = RK_ROW(rk_alert_creation, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};

    RK_TRY(lock_user(op, notice->user_id));
    return rk_db_one(out, op, &query,
                     RK_PARAMS(rk_text(notice->user_id), rk_text(notice->event_type),
                               rk_text(notice->session_name)));
}

static rk_params texts_of(rk_param out[5], const rk_notice *notice)
{
    out[0] = rk_text(notice->user_id);
    out[1] = rk_text(notice->event_type);
    out[2] = rk_text(notice->session_name);
    out[3] = rk_text(notice->title);
    out[4] = rk_text(notice->message);
    return (rk_params){out, 5};
}

int rk_alert_insert(rk_alert *out, rk_op *op, const rk_notice *notice)
{
    static const rk_query query = {
        .sql = "INSERT INTO notifications.alerts AS a"
               " (user_id, event_type, session_name, title, message)"
               " VALUES ($1, $2, $3, $4, $5) RETURNING {row}",
        .row = &alert_row,
    };
    rk_param params[5];

    return rk_db_defer(out, op, &query, texts_of(params, notice));
}

int rk_alert_active(rk_array *out, rk_op *op, const char *user_id, const char *session_name)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM notifications.alerts a"
               " WHERE a.user_id = $1 AND a.resolved_date IS NULL"
               "   AND ($2::text IS NULL OR a.session_name = $2)"
               " ORDER BY a.id DESC",
        .row = &alert_row,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_text(user_id), rk_text(session_name)));
}

int rk_alert_lookup(rk_alert *out, bool *found, rk_op *op, const char *alert_id)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM notifications.alerts a WHERE a.id = $1",
        .row = &alert_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(rk_text(alert_id)));
}

int rk_alert_resolve(rk_alert *out, bool *found, rk_op *op, const char *alert_id)
{
    static const rk_query query = {
        .sql = "UPDATE notifications.alerts AS a SET resolved_date = now()"
               " WHERE a.id = $1 RETURNING {row}",
        .row = &alert_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(rk_text(alert_id)));
}

/* Makes the alert or changes the texts of what is active. */
static int upsert(rk_op *op, void *user)
{
    static const rk_column columns[] = {
        {"EXISTS (SELECT FROM known)", RK_COLUMN_BOOL, 0, NULL},
    };
    static const rk_row row = RK_ROW(rk_opt_bool, columns);
    static const rk_query query = {
        .sql = "WITH known AS ("
               "  SELECT u.keycloak_id FROM users.users u WHERE u.keycloak_id = $1),"
               " changed AS ("
               "  UPDATE notifications.alerts a SET title = $4, message = $5"
               "   WHERE a.user_id = $1 AND a.event_type = $2 AND a.resolved_date IS NULL"
               "     AND ($3::text IS NULL OR a.session_name = $3)"
               "  RETURNING a.id),"
               " added AS ("
               "  INSERT INTO notifications.alerts"
               "   (user_id, event_type, session_name, title, message)"
               "  SELECT k.keycloak_id, $2, $3, $4, $5"
               "    FROM known k WHERE NOT EXISTS (SELECT FROM changed))"
               " SELECT {row}",
        .row = &row,
    };
    const rk_notice *notice = user;
    rk_opt_bool known;
    rk_param params[5];

    RK_TRY(lock_user(op, notice->user_id));
    RK_TRY(rk_db_one(&known, op, &query, texts_of(params, notice)));
    if (!known.value)
        rk_log_warning(op, "notifications", "an alert is for the user %.80s, who does not exist",
                       notice->user_id);
    return 0;
}

int rk_notice_raise(rk_op *op, const rk_notice *notice)
{
    rk_notice copy = *notice;

    return rk_db_transaction(op, upsert, &copy);
}

int rk_notice_resolve(rk_op *op, const rk_notice *notice)
{
    static const rk_query query = {
        .sql = "UPDATE notifications.alerts SET resolved_date = now()"
               " WHERE user_id = $1 AND session_name = $2 AND title = $3 AND message = $4"
               "   AND resolved_date IS NULL",
    };

    return rk_db_run(NULL, op, &query,
                     RK_PARAMS(rk_text(notice->user_id), rk_text(notice->session_name),
                               rk_text(notice->title), rk_text(notice->message)));
}
