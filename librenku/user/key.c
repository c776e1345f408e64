/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "librenku/crypto/keys.h"
#include "librenku/crypto/secret.h"
#include "librenku/user/db.h"

/* The secret key of a user, encrypted with the key of the service. Spec: secrets.md 4.4 */

enum { KEY_BYTES = 32, KEY_TEXT_MAX = 48 };

static int open_key(const char **out, rk_op *op, const char *user_id, const char *encrypted)
{
    int result = rk_keys_decrypt(out, op, user_id, encrypted);

    if (result != RK_ERR_DECRYPTION)
        return result;
    rk_error_clear(op);
    return rk_fail(
        op, RK_ERR_INTERNAL,
        "The stored secret key of the user %s was not made with the key of this service.", user_id);
}

static int make_key(const char **out, const char **encrypted, rk_op *op, const char *user_id)
{
    RK_AUTO(rk_secret) *fresh = NULL;
    char *text = rk_alloc(op, KEY_TEXT_MAX, 1);

    RK_CHECK(text);
    RK_TRY(rk_secret_random(&fresh, op, KEY_BYTES));
    sodium_bin2base64(text, KEY_TEXT_MAX, fresh->bytes, KEY_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    *out = text;
    return rk_keys_encrypt(encrypted, op, user_id, text);
}

/* Of two that make one at once, both get the one that was stored first. */
int rk_user_secret_key_of(const char **out, rk_op *op, const char *user_id)
{
    rk_user_key stored;
    const char *made;

    RK_ASSERT(!rk_db_is_open(op));
    RK_TRY(rk_user_key_find(&stored, op, user_id));
    rk_db_end(op); /* nobody waits for the connection while keys are derived */
    if (stored.encrypted)
        return open_key(out, op, user_id, stored.encrypted);
    RK_TRY(make_key(out, &made, op, user_id));
    RK_TRY(rk_user_key_store(&stored, op, user_id, made));
    rk_db_end(op);
    return strcmp(stored.encrypted, made) == 0 ? 0 : open_key(out, op, user_id, stored.encrypted);
}
