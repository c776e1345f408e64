/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/event/change.h"

#include "librenku/base/log.h"
#include "librenku/db/db.h"

int rk_change_record(rk_op *op, const rk_change *change)
{
    RK_ASSERT(rk_db_is_open(op));
    rk_change *copy = rk_new(op, rk_change);

    RK_CHECK(copy);
    *copy = *change;
    copy->next = op->changes;
    op->changes = copy;
    rk_log_debug(op, "event", "change: kind %d, verb %d, %s %s", (int)change->kind,
                 (int)change->verb, change->id, change->user_id ? change->user_id : "");
    return 0;
}

int rk_change_record_member(rk_op *op, rk_change_kind kind, const char *id,
                            const rk_member_change *change)
{
    static const rk_change_verb verbs[] = {
        [RK_MEMBER_ADDED] = RK_ADDED,
        [RK_MEMBER_UPDATED] = RK_UPDATED,
        [RK_MEMBER_REMOVED] = RK_REMOVED,
    };
    const rk_change record = {
        .kind = kind,
        .verb = verbs[change->kind],
        .id = id,
        .user_id = change->member.user_id,
        .role = change->member.role,
    };

    return rk_change_record(op, &record);
}
