/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/authz.h"

int rk_authz_waive(rk_op *op, rk_object_type type, rk_scope scope)
{
    op->checked[type] |= UINT32_C(1) << scope;
    return 0;
}

int rk_member_ids(rk_strings *out, rk_op *op, const rk_array *members)
{
    const rk_member *items = members->items;
    const char **ids = rk_new_array(op, const char *, members->count);

    RK_CHECK(ids);
    for (size_t i = 0; i < members->count; i++)
        ids[i] = items[i].user_id;
    *out = (rk_strings){true, members->count, ids};
    return 0;
}
