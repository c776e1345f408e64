/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/authz/authz.h"
#include "librenku/db/db.h"
#include "librenku/event/change.h"
#include "librenku/http/caller.h"
#include "librenku/http/reply.h"
#include "librenku/user/core.h"
#include "librenku/user/db.h"

static bool is_caller(const rk_op *op, const char *user_id)
{
    return rk_caller_is_logged_in(op->caller) && strcmp(op->caller->id, user_id) == 0;
}

/* GET /user. Spec: users.md 3.1 */
int rk_user_me(rk_self *out, rk_op *op, const rk_user_me_in *in)
{
    rk_user user;

    (void)in;
    RK_TRY(rk_user_of_caller(&user, op));
    *out = (rk_self){.id = user.id,
                     .username = user.username,
                     .email = user.email,
                     .first_name = user.first_name,
                     .last_name = user.last_name,
                     .is_admin = RK_BOOLEAN(rk_caller_is_admin(op->caller))};
    return 0;
}

static bool holds_caller(const rk_op *op, const rk_array *users)
{
    const rk_user *items = users->items;

    for (size_t i = 0; i < users->count; i++) {
        if (is_caller(op, items[i].id))
            return true;
    }
    return false;
}

/* The administrator who lists users is one of them. */
static int add_caller(rk_array *users, rk_op *op)
{
    rk_user *items = rk_new_array(op, rk_user, users->count + 1);

    RK_CHECK(items);
    if (users->count)
        memcpy(items, users->items, users->count * sizeof(*items));
    RK_TRY(rk_user_of_caller(&items[users->count], op));
    users->items = items;
    users->count++;
    return 0;
}

static int list_all(rk_array *out, rk_op *op)
{
    if (!rk_caller_is_admin(op->caller))
        return rk_fail_default(op, RK_ERR_NOT_PERMITTED);
    RK_TRY(rk_user_all(out, op));
    if (op->caller->kind == RK_CALLER_SERVICE || holds_caller(op, out))
        return 0;
    return add_caller(out, op);
}

/* GET /users. Spec: users.md 3.2 */
int rk_user_list(rk_users_with_id *out, rk_op *op, const rk_user_list_in *in)
{
    rk_array *users = (rk_array *)out;
    const char *email = rk_text_or_null(in->query.exact_email);

    return email ? rk_user_by_email(users, op, email) : list_all(users, op);
}

/* GET /users/{user_id}. Spec: users.md 3.3 */
int rk_user_get(rk_user *out, rk_op *op, const rk_user_get_in *in)
{
    bool found;

    RK_TRY(rk_user_lookup(out, &found, op, in->user_id));
    if (!found && !is_caller(op, in->user_id))
        return rk_fail(op, RK_ERR_NOT_FOUND, "The user with ID %s cannot be found.", in->user_id);
    if (!found)
        RK_TRY(rk_user_of_caller(out, op));
    if (!is_caller(op, in->user_id) && !rk_caller_is_admin(op->caller))
        out->email = NULL;
    return 0;
}

/* DELETE /users/{user_id}. Spec: users.md 3.4 */
int rk_user_delete(rk_op *op, const rk_user_delete_in *in)
{
    rk_user_removal removal;
    bool found;

    RK_TRY(rk_user_removal_lookup(&removal, &found, op, in->user_id));
    if (!found)
        return rk_authz_waive(op, RK_OBJECT_PLATFORM, RK_SCOPE_IS_ADMIN);
    RK_TRY(rk_authz_require(op, RK_OBJECT_PLATFORM, RK_PLATFORM_ID, removal.platform_bits,
                            RK_SCOPE_IS_ADMIN, RK_ERR_NOT_FOUND));
    if (removal.in_use.value)
        return rk_fail(op, RK_ERR_CONFLICT,
                       "The user %s created groups, data connectors or secret slots that still "
                       "exist: delete those first.",
                       in->user_id);
    RK_TRY(rk_user_remove(op, in->user_id));
    RK_TRY(rk_authz_forget_subject(op, RK_OBJECT_USER, in->user_id));
    if (removal.namespace_id)
        RK_TRY(rk_authz_forget_resource(op, RK_OBJECT_USER_NAMESPACE, removal.namespace_id));
    return rk_change_record(op, RK_CHANGE_USER, RK_REMOVED, in->user_id);
}

/* GET /user/secret_key. Spec: users.md 3.5, secrets.md 3.6 */
int rk_user_secret_key(rk_user_secret_key_out *out, rk_op *op, const rk_user_secret_key_in *in)
{
    (void)in;
    return rk_user_secret_key_of(&out->secret_key, op, op->caller->id);
}
