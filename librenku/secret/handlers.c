/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/caller.h"
#include "librenku/http/reply.h"
#include "librenku/secret/db.h"

enum { OK = 200 };

/* The time as the client wrote it; later answers have it in UTC. */
static void echo_expiration(rk_user_secret *out, const rk_instant *given)
{
    if (given->set)
        out->expiration_timestamp = *given;
}

/* GET /user/secrets. Spec: secrets.md 3.1 */
int rk_user_secret_list(rk_user_secrets *out, rk_op *op, const rk_user_secret_list_in *in)
{
    return rk_user_secret_usable((rk_array *)out, op, in->query.kind);
}

/* POST /user/secrets. Spec: secrets.md 3.3 */
int rk_user_secret_create(rk_user_secret *out, rk_op *op, const rk_user_secret_create_in *in)
{
    const rk_new_secret *body = &in->body;
    rk_secret_draft draft;

    RK_TRY(rk_secret_expiration_check(op, &body->expiration_timestamp));
    RK_TRY(rk_secret_draft_of(&draft, op, body->name, body->default_filename));
    draft.kind = body->kind;
    draft.expiration = body->expiration_timestamp;
    RK_TRY(rk_secret_seal(&draft.sealed, op, body->value));
    RK_TRY(rk_user_secret_insert(out, op, &draft));
    echo_expiration(out, &body->expiration_timestamp);
    return 0;
}

/* GET /user/secrets/{secret_id}. Spec: secrets.md 3.2 */
int rk_user_secret_get(rk_user_secret *out, rk_op *op, const rk_user_secret_get_in *in)
{
    return rk_user_secret_find(out, op, in->secret_id);
}

/* A value is encrypted only for a secret that is there. */
static int seal_for(rk_sealed *out, rk_op *op, const char *secret_id, const char *value)
{
    rk_user_secret secret;

    *out = (rk_sealed){0};
    if (!value)
        return 0;
    RK_TRY(rk_user_secret_find(&secret, op, secret_id));
    return rk_secret_seal(out, op, value);
}

/* PATCH /user/secrets/{secret_id}. Spec: secrets.md 3.4 */
int rk_user_secret_patch(rk_user_secret *out, rk_op *op, const rk_user_secret_patch_in *in)
{
    rk_sealed sealed;

    op->reply->status = OK;
    RK_TRY(rk_secret_expiration_check(op, &in->body.expiration_timestamp));
    RK_TRY(seal_for(&sealed, op, in->secret_id, in->body.value));
    RK_TRY(rk_user_secret_update(out, op, in->secret_id, &in->body, &sealed));
    echo_expiration(out, &in->body.expiration_timestamp);
    return 0;
}

/* DELETE /user/secrets/{secret_id}. Spec: secrets.md 3.5 */
int rk_user_secret_delete(rk_op *op, const rk_user_secret_delete_in *in)
{
    return rk_user_secret_remove(op, in->secret_id);
}
