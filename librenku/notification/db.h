/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_NOTIFICATION_DB_H
#define RK_NOTIFICATION_DB_H

#include "librenku/notification/notification.h"
#include "notification_api.h" /* generated: rk_alert */

/* What must be known before an alert is made. */
typedef struct {
    rk_opt_bool user_known;
    rk_opt_bool active; /* there is an active alert of this user, event type and session */
} rk_alert_creation;

/* Nobody else makes alerts for the user until the transaction ends. */
int rk_alert_creation_lock(rk_alert_creation *out, rk_op *op, const rk_notice *notice);
/* Queues the alert; @p out is filled at the commit. */
int rk_alert_insert(rk_alert *out, rk_op *op, const rk_notice *notice);
/* Active alerts of a user, newest first; of one session when @p session_name is not NULL. */
int rk_alert_active(rk_array *out, rk_op *op, const char *user_id, const char *session_name);
int rk_alert_lookup(rk_alert *out, bool *found, rk_op *op, const char *alert_id);
int rk_alert_resolve(rk_alert *out, bool *found, rk_op *op, const char *alert_id);

#endif
