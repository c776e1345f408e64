/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/identity.h"

#include <string.h>

#include <json-c/json.h>

#include "librenku/crypto/claims.h"
#include "librenku/crypto/json.h"

static int read_user(rk_caller *caller, rk_op *op, json_object *user)
{
    RK_TRY(rk_claims_name(&caller->email, op, user, "email"));
    RK_TRY(rk_claims_name(&caller->full_name, op, user, "full_name"));
    RK_TRY(rk_claims_name(&caller->first_name, op, user, "first_name"));
    RK_TRY(rk_claims_name(&caller->last_name, op, user, "last_name"));
    RK_TRY(rk_claims_texts(&caller->roles, op, json_object_object_get(user, "roles")));
    if (!caller->email)
        caller->email = "";
    caller->is_admin = json_object_get_boolean(json_object_object_get(user, "is_admin"));
    return 0;
}

/* NULL when the text is no JSON object with an id. */
static int read_id(const char **id, json_object **user, rk_op *op, const char *text)
{
    int result = rk_crypto_json_read(user, op, text, strlen(text));

    *id = NULL;
    if (result == 0)
        return rk_claims_name(id, op, *user, "id");
    if (result != RK_ERR_INVALID_TOKEN)
        return result;
    rk_error_clear(op);
    return 0;
}

int rk_identity_development(rk_caller **out, rk_op *op, const rk_credentials *credentials)
{
    const char *text = rk_bearer_token(credentials->authorization);
    json_object *user = NULL;
    const char *id;

    *out = NULL;
    if (!text)
        return 0;
    RK_TRY(read_id(&id, &user, op, text));
    if (id && !*id)
        id = NULL;
    rk_caller *caller = rk_identity_new(op, id ? RK_CALLER_USER : RK_CALLER_ANONYMOUS, credentials);

    RK_CHECK(caller);
    *out = caller;
    if (!id)
        return 0;
    caller->id = id;
    caller->access_token = text;
    return read_user(caller, op, user);
}
