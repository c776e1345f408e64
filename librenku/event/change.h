/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CHANGE_H
#define RK_CHANGE_H

#include "librenku/authz/authz.h"
#include "librenku/base/op.h"

/* The one place through which every change of a user, group, project or membership passes, inside
 * its transaction. The log tells it at the level DEBUG. Outboxes for events and search are to be
 * fed from here, and from nowhere else. */

typedef enum {
    RK_CHANGE_USER = 1,
    RK_CHANGE_GROUP,
    RK_CHANGE_PROJECT,
    RK_CHANGE_GROUP_MEMBER,
    RK_CHANGE_PROJECT_MEMBER,
    RK_CHANGE_DATA_CONNECTOR,
} rk_change_kind;

/* What is removed along with what holds it has no event of its own: search alone forgets it. Spec:
 * events.md 7.2 */
typedef enum { RK_ADDED = 1, RK_UPDATED, RK_REMOVED, RK_REMOVED_ALONG } rk_change_verb;

/* Records a change of the user, group, project or data connector @p id; the transaction must be
 * open. */
int rk_change_record(rk_op *op, rk_change_kind kind, rk_change_verb verb, const char *id);
/* Records one reported change of a membership of the object @p id; also that of its first owner,
 * after the object. */
int rk_change_record_member(rk_op *op, rk_change_kind kind, const char *id,
                            const rk_member_change *change);

#endif
