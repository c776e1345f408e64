/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_NOTIFICATION_H
#define RK_NOTIFICATION_H

#include "librenku/base/op.h"

/* What an alert says, wherever it comes from. */
typedef struct {
    const char *user_id;
    const char *session_name; /* NULL is none */
    const char *event_type;
    const char *title;
    const char *message;
} rk_notice;

/* Creates the user's active alert of this event type and session, or gives the one that is there
 * these texts; without a session, those of every session. A user who is unknown gets none: that is
 * logged only. In a transaction of its own. No guard. Spec: notifications.md 4.1 */
int rk_notice_raise(rk_op *op, const rk_notice *notice);
/* Resolves the user's active alerts with these texts and this session, whatever their event type.
 * No guard. Spec: notifications.md 4.2 */
int rk_notice_resolve(rk_op *op, const rk_notice *notice);

#endif
