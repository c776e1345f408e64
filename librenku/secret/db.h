/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SECRET_DB_H
#define RK_SECRET_DB_H

#include "librenku/secret/core.h"

/* A value as its row holds it, encrypted twice. */
typedef struct {
    const char *value; /* NULL: the value stays as it is */
    const char *key_hex;
} rk_sealed;

/* Encrypts a value of the caller, which takes some tenths of a second; outside of a transaction.
 * Spec: secrets.md 4.5 */
int rk_secret_seal(rk_sealed *out, rk_op *op, const char *value);

/* A secret of the caller that is not there yet. */
typedef struct {
    const char *id;
    const char *name;
    const char *filename;
    int kind;
    rk_instant expiration;
    rk_sealed sealed;
} rk_secret_draft;
/* Makes the id, and the file name when @p filename is NULL. Spec: secrets.md 5.1 */
int rk_secret_draft_of(rk_secret_draft *out, rk_op *op, const char *name, const char *filename);

/* Whether the secret "s" can be used. Spec: secrets.md 5.3 */
#define RK_SQL_USABLE                                                                              \
    "(s.expiration_timestamp IS NULL OR s.expiration_timestamp > now() + interval '120 seconds')"

/* The columns of the secret "s" as it is stored, for structs that begin with a rk_wrapped_secret;
 * rk_wrapped_loaded fills the rest. */
#define RK_WRAPPED_COLUMNS                                                                         \
    {"s.id", RK_COLUMN_TEXT, offsetof(rk_wrapped_secret, id), NULL},                               \
        {"s.name", RK_COLUMN_TEXT, offsetof(rk_wrapped_secret, name), NULL},                       \
        {"s.default_filename", RK_COLUMN_TEXT, offsetof(rk_wrapped_secret, filename), NULL},       \
        {"coalesce(s.user_id, '')", RK_COLUMN_TEXT, offsetof(rk_wrapped_secret, user_id), NULL},   \
        {"encode(s.encrypted_value, 'escape')", RK_COLUMN_TEXT,                                    \
         offsetof(rk_wrapped_secret, envelope.value), NULL},                                       \
    {                                                                                              \
        "encode(s.encrypted_key, 'hex')", RK_COLUMN_TEXT, offsetof(rk_wrapped_secret, key_hex),    \
            NULL                                                                                   \
    }
int rk_wrapped_loaded(void *wrapped, rk_op *op);

/* Those of the caller that can be used. Spec: secrets.md 5.3 */
int rk_user_secret_usable(rk_array *out /* of rk_user_secret */, rk_op *op, int kind);
int rk_user_secret_find(rk_user_secret *out, rk_op *op, const char *id);
/* Which of the ids are secrets of the caller. */
int rk_user_secret_owned(rk_strings *out, rk_op *op, const rk_strings *ids);

int rk_user_secret_insert(rk_user_secret *out, rk_op *op, const rk_secret_draft *draft);
int rk_user_secret_update(rk_user_secret *out, rk_op *op, const char *id,
                          const rk_secret_changes *changes, const rk_sealed *sealed);
int rk_user_secret_remove(rk_op *op, const char *id);
/* The same, queued into the transaction. */
int rk_user_secret_add(rk_op *op, const rk_secret_draft *draft);
/* Another value, and no expiration. */
int rk_user_secret_overwrite(rk_op *op, const char *id, const rk_sealed *sealed);

#endif
