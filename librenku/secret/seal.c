/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "librenku/base/ulid.h"
#include "librenku/crypto/envelope.h"
#include "librenku/crypto/keys.h"
#include "librenku/http/caller.h"
#include "librenku/secret/db.h"
#include "librenku/user/user.h"

static int seal_inner(const char **out, rk_op *op, const char *user_key, const char *value)
{
    const rk_bytes password = {user_key, strlen(user_key)};
    rk_symmetric_key key;

    RK_TRY(rk_keys_derive(&key, op, &password, op->caller->id));
    int result = rk_symmetric_seal_text(out, op, &key, value);

    rk_symmetric_key_wipe(&key);
    return result;
}

static int hex_of(const char **out, rk_op *op, const rk_bytes *bytes)
{
    size_t room = 2 * bytes->size_bytes + 1;
    char *text = rk_alloc(op, room, 1);

    RK_CHECK(text);
    *out = sodium_bin2hex(text, room, bytes->bytes, bytes->size_bytes);
    return 0;
}

int rk_secret_seal(rk_sealed *out, rk_op *op, const char *value)
{
    const rk_envelope_owner owner = {.user_id = op->caller->id};
    const char *user_key, *inner;
    const rk_rsa *public_key;
    rk_envelope envelope;

    RK_TRY(rk_keys_public(&public_key, op));
    RK_TRY(rk_user_secret_key_of(&user_key, op, owner.user_id));
    RK_TRY(seal_inner(&inner, op, user_key, value));
    RK_TRY(rk_envelope_seal(&envelope, op, public_key, &owner, inner));
    out->value = envelope.value;
    return hex_of(&out->key_hex, op, &envelope.key);
}

int rk_secret_draft_of(rk_secret_draft *out, rk_op *op, const char *name, const char *filename)
{
    char *id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);

    RK_CHECK(id);
    rk_ulid_make(id);
    *out = (rk_secret_draft){
        .id = id,
        .name = name,
        .filename = filename,
        .kind = RK_SECRET_KIND_GENERAL,
    };
    return filename ? 0 : rk_secret_file_name(&out->filename, op, name);
}
