/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/log.h"
#include "librenku/http/caller.h"
#include "librenku/notification/core.h"
#include "librenku/notification/db.h"

/* POST /alerts. Spec: notifications.md 3.1 */
int rk_alert_create(rk_alert *out, rk_op *op, const rk_alert_create_in *in)
{
    const rk_notice notice = {
        .user_id = in->body.user_id,
        .session_name = in->body.session_name,
        .event_type = in->body.event_type,
        .title = in->body.title,
        .message = in->body.message,
    };
    rk_alert_creation creation;

    RK_TRY(rk_alert_creation_lock(&creation, op, &notice));
    if (!creation.user_known.value)
        return rk_fail(op, RK_ERR_INVALID, "The user with ID %s does not exist.", notice.user_id);
    if (creation.active.value)
        return rk_fail(op, RK_ERR_CONFLICT,
                       "The user has an active alert of this event type and session already.");
    return rk_alert_insert(out, op, &notice);
}

/* GET /alerts. Spec: notifications.md 3.2 */
int rk_alert_list(rk_alerts *out, rk_op *op, const rk_alert_list_in *in)
{
    if (!rk_caller_is_logged_in(op->caller))
        return 0;
    return rk_alert_active((rk_array *)out, op, op->caller->id, in->query.session_name);
}

/* PATCH /alerts/{alert_id}. Spec: notifications.md 3.3 */
int rk_alert_patch(rk_alert *out, rk_op *op, const rk_alert_patch_in *in)
{
    bool found;

    RK_TRY(in->body.resolved.value ? rk_alert_resolve(out, &found, op, in->alert_id)
                                   : rk_alert_lookup(out, &found, op, in->alert_id));
    return found ? 0
                 : rk_fail(op, RK_ERR_NOT_FOUND, "The alert with ID %s does not exist.",
                           in->alert_id);
}

/* --- Alertmanager ----------------------------------------------------------------------------- */

/* The notice of an alert, false when it is to be skipped. */
static bool read_notice(rk_notice *out, rk_op *op, const rk_alertmanager_alert *alert)
{
    const rk_notice_source *missing = rk_notice_read(out, alert);

    if (missing && !missing->quiet)
        rk_log_warning(op, "notifications", "an alert of Alertmanager has no %s '%s'",
                       missing->kind, missing->name);
    return !missing;
}

static int fire(rk_op *op, const rk_notice *notice)
{
    if (rk_session_name_fits(notice->session_name))
        return rk_notice_raise(op, notice);
    rk_log_warning(op, "notifications", "an alert of Alertmanager names the session %.80s...",
                   notice->session_name);
    return 0;
}

/* What was not taken because of us, and not because of what the alert says, shall be sent again. */
static void note_failure(rk_error *first, rk_op *op)
{
    rk_log_error(op, "notifications", "an alert of Alertmanager was not taken: %s",
                 op->error.message);
    if (!first->err && rk_error_row_of(op->error.err)->status >= 500)
        *first = op->error;
    rk_error_clear(op);
}

/* A failure of one does not stop the others. */
static void take_all(rk_error *first, rk_op *op, const rk_alertmanager_notification *all,
                     int status)
{
    bool firing = status == RK_ALERTMANAGER_STATUS_FIRING;

    for (size_t i = 0; i < all->alerts.count; i++) {
        const rk_alertmanager_alert *alert = &all->alerts.items[i];
        rk_notice notice;

        if (alert->status != status || !read_notice(&notice, op, alert))
            continue;
        if ((firing ? fire(op, &notice) : rk_notice_resolve(op, &notice)) < 0)
            note_failure(first, op);
    }
}

/* POST /webhooks/alertmanager. Spec: notifications.md 3.4 */
int rk_alertmanager_notify(rk_alertmanager_notify_out *out, rk_op *op,
                           const rk_alertmanager_notify_in *in)
{
    rk_error first = {0};

    (void)out; /* stays empty */
    take_all(&first, op, &in->body, RK_ALERTMANAGER_STATUS_FIRING);
    take_all(&first, op, &in->body, RK_ALERTMANAGER_STATUS_RESOLVED);
    op->error = first;
    return first.err;
}
