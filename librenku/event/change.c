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
