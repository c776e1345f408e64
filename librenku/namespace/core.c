/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/namespace/core.h"

#include "librenku/base/letters.h"

int rk_group_check_slug(rk_op *op, const rk_group *group, const char *slug)
{
    if (rk_letters_equal(group->slug, slug))
        return 0;
    (void)rk_fail(op, RK_ERR_STALE, "The group cannot be changed under its former slug \"%s\".",
                  slug); /* the detail follows */
    return rk_fail_detail(op, "Its current slug is \"%s\": read the group again, then retry.",
                          group->slug);
}

int rk_group_slug_taken(rk_op *op)
{
    (void)rk_fail(op, RK_ERR_INVALID, "%s", RK_GROUP_SLUG_TAKEN); /* the detail follows */
    return rk_fail_detail(op, "Please choose a different slug.");
}

rk_role rk_group_minimum(int minimum_role)
{
    static const rk_role roles[] = {
        [RK_GROUP_ROLE_OWNER] = RK_ROLE_OWNER,
        [RK_GROUP_ROLE_EDITOR] = RK_ROLE_EDITOR,
        [RK_GROUP_ROLE_VIEWER] = RK_ROLE_VIEWER,
    };

    return roles[minimum_role];
}

void rk_group_apply(rk_group *group, const rk_group_patch_request *patch)
{
    if (patch->name)
        group->name = patch->name;
    if (patch->description)
        group->description = *patch->description ? patch->description : NULL;
}
