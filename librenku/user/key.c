/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "librenku/base/settings.h"
#include "librenku/crypto/secret.h"
#include "librenku/crypto/symmetric.h"
#include "librenku/user/core.h"

/* The secret key of a user, encrypted with the key of the service. Spec: secrets.md 4.4 */

enum { KEY_BYTES = 32, KEY_TEXT_MAX = 48 };

static int read_service_key(rk_secret **out, rk_op *op)
{
    const char *path = rk_settings_text(op->settings, RK_SET_ENCRYPTION_KEY_PATH);

    if (!path || !*path)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "No encryption key is configured: set ENCRYPTION_KEY_PATH.");
    return rk_secret_read(out, op, path);
}

int rk_user_key_check(rk_op *op)
{
    RK_AUTO(rk_secret) *key = NULL;

    return read_service_key(&key, op);
}

int rk_user_key_open(const char **out, rk_op *op, const char *user_id, const char *encrypted)
{
    RK_AUTO(rk_secret) *key = NULL;

    RK_TRY(read_service_key(&key, op));
    const rk_bytes password = {key->bytes, key->size_bytes};

    return rk_symmetric_decrypt(out, op, &password, user_id, encrypted);
}

int rk_user_key_make(const char **out, const char **encrypted, rk_op *op, const char *user_id)
{
    RK_AUTO(rk_secret) *service_key = NULL;
    RK_AUTO(rk_secret) *fresh = NULL;
    char *text = rk_secret_alloc(op, KEY_TEXT_MAX);

    RK_CHECK(text);
    RK_TRY(read_service_key(&service_key, op));
    RK_TRY(rk_secret_random(&fresh, op, KEY_BYTES));
    const rk_bytes password = {service_key->bytes, service_key->size_bytes};

    sodium_bin2base64(text, KEY_TEXT_MAX, fresh->bytes, KEY_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    *out = text;
    return rk_symmetric_encrypt(encrypted, op, &password, user_id, text);
}
