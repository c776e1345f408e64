/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CHANGE_H
#define RK_CHANGE_H

#include "librenku/authz/authz.h"
#include "librenku/base/op.h"

/* The one place through which every change of a user, group, project or membership passes, inside
 * its transaction. The event outbox and the search outbox are fed from here, and from nowhere else.
 */

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

typedef struct rk_change {
    struct rk_change *next;
    rk_change_kind kind;
    rk_change_verb verb;
    const char *id;      /* of the user, group, project or data connector */
    const char *user_id; /* of the member; else NULL */
    int role;            /* of the member; else 0 */
    const void *model;   /* the room's model of the new state (rk_user, rk_group, rk_project); NULL
                            when removed */
} rk_change;

/* Records one change; the transaction must be open. What is recorded goes when it rolls back. */
int rk_change_record(rk_op *op, const rk_change *change);
/* Records one reported change of a membership of the object @p id; also that of its first owner,
 * after the object. */
int rk_change_record_member(rk_op *op, rk_change_kind kind, const char *id,
                            const rk_member_change *change);

#endif
