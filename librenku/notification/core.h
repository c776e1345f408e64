/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_NOTIFICATION_CORE_H
#define RK_NOTIFICATION_CORE_H

#include "librenku/notification/notification.h"
#include "notification_api.h" /* generated: rk_alertmanager_alert */

/* Where a notice takes one of its texts from. */
typedef struct {
    const char *kind; /* "label" or "annotation" */
    const char *name;
    size_t offset; /* in rk_notice */
    bool quiet;    /* alerts without it are skipped without a word */
} rk_notice_source;

/* The notice of an alert of Alertmanager. NULL, or the first source that is missing or empty.
 * Spec: notifications.md 3.4 */
const rk_notice_source *rk_notice_read(rk_notice *out, const rk_alertmanager_alert *alert);
/* Whether alerts can show this name of a session. Spec: notifications.md 2 */
bool rk_session_name_fits(const char *name);

#endif
