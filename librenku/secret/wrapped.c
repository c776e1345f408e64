/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "librenku/base/log.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"
#include "librenku/secret/db.h"

int rk_wrapped_loaded(void *wrapped, rk_op *op)
{
    rk_wrapped_secret *found = wrapped;
    size_t length = strlen(found->key_hex);
    unsigned char *bytes = rk_alloc(op, length / 2 + 1, 1);

    RK_CHECK(bytes);
    found->envelope.key.bytes = bytes;
    return sodium_hex2bin(bytes, length / 2 + 1, found->key_hex, length, NULL,
                          &found->envelope.key.size_bytes, NULL) == 0
               ? 0
               : rk_fail_default(op, RK_ERR_INTERNAL);
}

int rk_secret_wrapped(rk_array *out, rk_op *op, const rk_strings *ids)
{
    static const rk_column columns[] = {RK_WRAPPED_COLUMNS};
    static const rk_row row = RK_ROW_THEN(rk_wrapped_secret, columns, rk_wrapped_loaded);
    static const rk_query query = {
        .sql = "SELECT {row} FROM secrets.secrets s"
               " WHERE s.user_id = $1 AND s.id = ANY ($2::text[]) AND " RK_SQL_USABLE,
        .row = &row,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_text(op->caller->id), rk_texts(op, ids)));
}

/* DECRYPTION with the current key leaves the previous one to be tried. */
static int open_with_either(const char **inner, rk_op *op, const rk_private_keys *keys,
                            const rk_wrapped_secret *secret)
{
    const rk_envelope_owner owner = {.user_id = op->caller->id};
    int result = rk_envelope_open(inner, op, keys->current, &owner, &secret->envelope);

    if (result != RK_ERR_DECRYPTION || !keys->previous)
        return result;
    rk_error_clear(op);
    return rk_envelope_open(inner, op, keys->previous, &owner, &secret->envelope);
}

int rk_secret_unwrap(const char **inner, rk_op *op, const rk_wrapped_secret *secret)
{
    const rk_private_keys *keys;

    RK_TRY(rk_private_keys_of(&keys, op));
    RK_TRY(rk_op_check(op));
    int result = open_with_either(inner, op, keys, secret);

    if (result == RK_ERR_DECRYPTION)
        rk_log_error(op, "secrets", "The secret %s cannot be opened.", secret->id);
    return result;
}
