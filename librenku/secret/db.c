/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/secret/db.h"

#include "librenku/db/db.h"
#include "librenku/http/caller.h"

static int secret_loaded(void *model, rk_op *op)
{
    rk_user_secret *secret = model;

    (void)op;
    secret->session_secret_slot_ids.set = true;
    secret->data_connector_ids.set = true;
    return 0;
}

static const rk_column secret_columns[] = {
    {"s.id",                                                                       RK_COLUMN_TEXT,  offsetof(rk_user_secret, id),                      NULL                 },
    {"s.name",                                                                     RK_COLUMN_TEXT,  offsetof(rk_user_secret, name),                    NULL                 },
    {"s.kind",                                                                     RK_COLUMN_ENUM,  offsetof(rk_user_secret, kind),                    &rk_secret_kind_names},
    {"s.expiration_timestamp",                                                     RK_COLUMN_TIME,  offsetof(rk_user_secret, expiration_timestamp),
     NULL                                                                                                                                                                   },
    {"s.modification_date",                                                        RK_COLUMN_TIME,  offsetof(rk_user_secret, modification_date),       NULL                 },
    {"s.default_filename",                                                         RK_COLUMN_TEXT,  offsetof(rk_user_secret, default_filename),        NULL                 },
    {"ARRAY(SELECT k.secret_slot_id FROM projects.session_secrets k"
     "       WHERE k.secret_id = s.id ORDER BY k.id)",                        RK_COLUMN_TEXTS, offsetof(rk_user_secret, session_secret_slot_ids), NULL                 },
    {"ARRAY(SELECT d.data_connector_id FROM storage.data_connector_secrets d"
     "       WHERE d.secret_id = s.id ORDER BY d.data_connector_id, d.name)", RK_COLUMN_TEXTS, offsetof(rk_user_secret, data_connector_ids),      NULL                 },
};
static const rk_row secret_row = RK_ROW_THEN(rk_user_secret, secret_columns, secret_loaded);

static rk_param caller_id(const rk_op *op)
{
    return rk_text(op->caller->id);
}

/* An offset may lead out of the years 1 to 9999, which no answer can show: that is as long ago, or
 * as far away. */
static rk_param moment(const rk_instant *instant)
{
    static const int64_t first = INT64_C(-62135596800000000), last = INT64_C(253402300799999999);

    if (!instant->set)
        return rk_text(NULL);
    if (instant->micros < first)
        return rk_micros(first);
    return rk_micros(instant->micros > last ? last : instant->micros);
}

static int missing(rk_op *op, const char *id)
{
    return rk_fail(op, RK_ERR_NOT_FOUND, "The secret with id '%s' cannot be found.", id);
}

int rk_user_secret_usable(rk_array *out, rk_op *op, int kind)
{
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM secrets.secrets s"
               " WHERE s.user_id = $1 AND s.kind = $2::public.secretkind AND " RK_SQL_USABLE
               " ORDER BY s.id",
        .row = &secret_row,
    };

    return rk_db_all(out, op, &query,
                     RK_PARAMS(caller_id(op), rk_text(rk_enum_name(&rk_secret_kind_names, kind))));
}

int rk_user_secret_find(rk_user_secret *out, rk_op *op, const char *id)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM secrets.secrets s"
               " WHERE s.id = $1 AND s.user_id = $2 AND " RK_SQL_USABLE,
        .row = &secret_row,
    };
    bool found;

    RK_TRY(rk_db_lookup(out, &found, op, &query, RK_PARAMS(rk_text(id), caller_id(op))));
    return found ? 0 : missing(op, id);
}

typedef struct {
    rk_strings ids;
} owned;

int rk_user_secret_owned(rk_strings *out, rk_op *op, const rk_strings *ids)
{
    static const rk_column columns[] = {
        {"ARRAY(SELECT s.id::text FROM secrets.secrets s"
         "       WHERE s.user_id = $1 AND s.id = ANY ($2::text[]) ORDER BY s.id)", RK_COLUMN_TEXTS, offsetof(owned, ids), NULL},
    };
    static const rk_row row = RK_ROW(owned, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    owned found;

    RK_TRY(rk_db_one(&found, op, &query, RK_PARAMS(caller_id(op), rk_texts(op, ids))));
    *out = found.ids;
    return 0;
}

static const rk_query insertion = {
    .sql = "INSERT INTO secrets.secrets AS s"
           "       (id, name, default_filename, kind, expiration_timestamp, encrypted_value,"
           "        encrypted_key, modification_date, user_id)"
           " VALUES ($1, $2, $3, $4::public.secretkind, $5, convert_to($6, 'UTF8'),"
           "         decode($7, 'hex'), now(), $8)"
           " RETURNING {row}",
    .row = &secret_row,
    .duplicate = RK_ERR_INVALID,
    .taken = "Another secret of yours has the same file name.",
};

#define INSERTION_PARAMS(op, draft)                                                                \
    RK_PARAMS(rk_text((draft)->id), rk_text((draft)->name), rk_text((draft)->filename),            \
              rk_text(rk_enum_name(&rk_secret_kind_names, (draft)->kind)),                         \
              moment(&(draft)->expiration), rk_text((draft)->sealed.value),                        \
              rk_text((draft)->sealed.key_hex), caller_id(op))

int rk_user_secret_insert(rk_user_secret *out, rk_op *op, const rk_secret_draft *draft)
{
    int result = rk_db_one(out, op, &insertion, INSERTION_PARAMS(op, draft));

    if (result == RK_ERR_INVALID)
        return rk_fail_detail(op, "Please choose another value for default_filename than '%s'.",
                              draft->filename);
    return result;
}

int rk_user_secret_update(rk_user_secret *out, rk_op *op, const char *id,
                          const rk_secret_changes *changes, const rk_sealed *sealed)
{
    static const rk_query query = {
        .sql = "UPDATE secrets.secrets s"
               "   SET name = coalesce($3, s.name),"
               "       default_filename = coalesce($4, s.default_filename),"
               "       encrypted_value = coalesce(convert_to($5, 'UTF8'), s.encrypted_value),"
               "       encrypted_key = coalesce(decode($6, 'hex'), s.encrypted_key),"
               "       modification_date = CASE WHEN $5::text IS NULL"
               "                                THEN s.modification_date ELSE now() END,"
               "       expiration_timestamp = coalesce($7::timestamptz,"
               "           CASE WHEN $5::text IS NULL THEN s.expiration_timestamp END)"
               " WHERE s.id = $1 AND s.user_id = $2 AND " RK_SQL_USABLE " RETURNING {row}",
        .row = &secret_row,
        .duplicate = RK_ERR_CONFLICT,
        .taken = "Another secret of yours has the same file name.",
    };
    bool found;

    RK_TRY(
        rk_db_lookup(out, &found, op, &query,
                     RK_PARAMS(rk_text(id), caller_id(op), rk_text(changes->name),
                               rk_text(changes->default_filename), rk_text(sealed->value),
                               rk_text(sealed->key_hex), moment(&changes->expiration_timestamp))));
    return found ? 0 : missing(op, id);
}

int rk_user_secret_remove(rk_op *op, const char *id)
{
    static const rk_query query = {
        .sql =
            "DELETE FROM secrets.secrets s WHERE s.id = $1 AND s.user_id = $2 AND " RK_SQL_USABLE,
    };

    return rk_db_run(NULL, op, &query, RK_PARAMS(rk_text(id), caller_id(op)));
}

int rk_user_secret_add(rk_op *op, const rk_secret_draft *draft)
{
    rk_user_secret *made = rk_new(op, rk_user_secret);

    RK_CHECK(made);
    return rk_db_defer(made, op, &insertion, INSERTION_PARAMS(op, draft));
}

int rk_user_secret_overwrite(rk_op *op, const char *id, const rk_sealed *sealed)
{
    static const rk_query query = {
        .sql = "UPDATE secrets.secrets s"
               "   SET encrypted_value = convert_to($3, 'UTF8'),"
               "       encrypted_key = decode($4, 'hex'),"
               "       expiration_timestamp = NULL,"
               "       modification_date = now()"
               " WHERE s.id = $1 AND s.user_id = $2",
    };

    return rk_db_defer(
        NULL, op, &query,
        RK_PARAMS(rk_text(id), caller_id(op), rk_text(sealed->value), rk_text(sealed->key_hex)));
}
