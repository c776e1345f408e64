/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/storage/db.h"

#include "librenku/db/db.h"

#define FROM_STORAGE "  FROM storage.cloud_storage s"

static const char missing[] = "The cloud storage does not exist.";
static const char taken[] = "The project has a cloud storage of this name already.";

static const rk_column columns[] = {
    {"s.storage_id",          RK_COLUMN_TEXT, offsetof(rk_storage_row, storage_id),    NULL},
    {"s.project_id",          RK_COLUMN_TEXT, offsetof(rk_storage_row, project_id),    NULL},
    {"s.name",                RK_COLUMN_TEXT, offsetof(rk_storage_row, name),          NULL},
    {"s.storage_type",        RK_COLUMN_TEXT, offsetof(rk_storage_row, storage_type),  NULL},
    {"s.configuration::text", RK_COLUMN_TEXT, offsetof(rk_storage_row, configuration), NULL},
    {"s.source_path",         RK_COLUMN_TEXT, offsetof(rk_storage_row, source_path),   NULL},
    {"s.target_path",         RK_COLUMN_TEXT, offsetof(rk_storage_row, target_path),   NULL},
    {"s.readonly",            RK_COLUMN_BOOL, offsetof(rk_storage_row, readonly),      NULL},
};
static const rk_row row_form = RK_ROW(rk_storage_row, columns);

static const rk_query by_id = {
    .sql = "SELECT {row}" FROM_STORAGE " WHERE s.storage_id = $1",
    .row = &row_form,
    .missing = missing,
};

int rk_storage_row_lookup(rk_storage_row *out, bool *found, rk_op *op, const char *storage_id)
{
    return rk_db_lookup(out, found, op, &by_id, RK_PARAMS(rk_text(storage_id)));
}

int rk_storage_row_find(rk_storage_row *out, rk_op *op, const char *storage_id)
{
    return rk_db_one(out, op, &by_id, RK_PARAMS(rk_text(storage_id)));
}

int rk_storage_row_lock(rk_storage_row *out, rk_op *op, const char *storage_id)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_STORAGE " WHERE s.storage_id = $1 FOR UPDATE",
        .row = &row_form,
        .missing = missing,
    };

    return rk_db_one(out, op, &query, RK_PARAMS(rk_text(storage_id)));
}

int rk_storage_rows_of_project(rk_array *out, rk_op *op, const char *project_id)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_STORAGE " WHERE s.project_id = $1 ORDER BY s.storage_id",
        .row = &row_form,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_text(project_id)));
}

#define VALUES(row)                                                                                \
    RK_PARAMS(rk_text((row)->storage_id), rk_text((row)->project_id), rk_text((row)->name),        \
              rk_text((row)->storage_type), rk_text((row)->configuration),                         \
              rk_text((row)->source_path), rk_text((row)->target_path),                            \
              rk_maybe_bool((row)->readonly))

int rk_storage_row_insert(rk_op *op, const rk_storage_row *row)
{
    static const rk_query query = {
        .sql = "INSERT INTO storage.cloud_storage (storage_id, project_id, name, storage_type,"
               "  configuration, source_path, target_path, readonly)"
               " VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)",
        .duplicate = RK_ERR_STORAGE,
        .taken = taken,
    };

    return rk_db_run(NULL, op, &query, VALUES(row));
}

int rk_storage_row_update(rk_op *op, const rk_storage_row *row)
{
    static const rk_query query = {
        .sql = "UPDATE storage.cloud_storage"
               "   SET project_id = $2, name = $3, storage_type = $4, configuration = $5::jsonb,"
               "       source_path = $6, target_path = $7, readonly = $8"
               " WHERE storage_id = $1",
        .duplicate = RK_ERR_STORAGE,
        .taken = taken,
    };

    return rk_db_run(NULL, op, &query, VALUES(row));
}

int rk_storage_row_delete(rk_op *op, const char *storage_id)
{
    static const rk_query query = {
        .sql = "DELETE FROM storage.cloud_storage WHERE storage_id = $1",
    };

    return rk_db_run(NULL, op, &query, RK_PARAMS(rk_text(storage_id)));
}
