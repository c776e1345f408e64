/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/caller.h"

bool rk_caller_is_logged_in(const rk_caller *caller)
{
    return caller && caller->kind != RK_CALLER_ANONYMOUS && caller->id && caller->access_token;
}

bool rk_caller_is_admin(const rk_caller *caller)
{
    return rk_caller_is_logged_in(caller) && caller->is_admin;
}

bool rk_caller_has_role(const rk_caller *caller, const char *role)
{
    return rk_caller_is_logged_in(caller) && rk_strings_has(&caller->roles, role);
}
