/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/event/change.h"

#include "librenku/base/log.h"
#include "librenku/db/db.h"

static const char *const kinds[] = {
    [RK_CHANGE_USER] = "user",
    [RK_CHANGE_GROUP] = "group",
    [RK_CHANGE_PROJECT] = "project",
    [RK_CHANGE_GROUP_MEMBER] = "group member",
    [RK_CHANGE_PROJECT_MEMBER] = "project member",
    [RK_CHANGE_DATA_CONNECTOR] = "data connector",
};

static const char *const verbs[] = {
    [RK_ADDED] = "added",
    [RK_UPDATED] = "updated",
    [RK_REMOVED] = "removed",
    [RK_REMOVED_ALONG] = "removed along",
};

int rk_change_record(rk_op *op, rk_change_kind kind, rk_change_verb verb, const char *id)
{
    RK_ASSERT(rk_db_is_open(op));
    rk_log_debug(op, "event", "change: %s %s: %s", kinds[kind], verbs[verb], id);
    return 0;
}

int rk_change_record_member(rk_op *op, rk_change_kind kind, const char *id,
                            const rk_member_change *change)
{
    static const rk_change_verb reported[] = {
        [RK_MEMBER_ADDED] = RK_ADDED,
        [RK_MEMBER_UPDATED] = RK_UPDATED,
        [RK_MEMBER_REMOVED] = RK_REMOVED,
    };
    const rk_member *member = &change->member;
    const char *role = member->role ? rk_enum_name(&rk_role_names, member->role) : "";

    RK_ASSERT(rk_db_is_open(op));
    rk_log_debug(op, "event", "change: %s %s: %s %s%s%s", kinds[kind],
                 verbs[reported[change->kind]], id, member->user_id, *role ? " " : "", role);
    return 0;
}
