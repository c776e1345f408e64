/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STORAGE_DB_H
#define RK_STORAGE_DB_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

/* A row of storage.cloud_storage. */
typedef struct {
    const char *storage_id;
    const char *project_id;
    const char *name;
    const char *storage_type;
    const char *configuration; /* JSON */
    const char *source_path;
    const char *target_path;
    rk_opt_bool readonly;
} rk_storage_row;

int rk_storage_row_lookup(rk_storage_row *out, bool *found, rk_op *op, const char *storage_id);
/* NOT_FOUND without it. */
int rk_storage_row_find(rk_storage_row *out, rk_op *op, const char *storage_id);
/* The same; the row stays locked until the end of the transaction. */
int rk_storage_row_lock(rk_storage_row *out, rk_op *op, const char *storage_id);
int rk_storage_rows_of_project(rk_array *out /* of rk_storage_row */, rk_op *op,
                               const char *project_id);
/* These say STORAGE when another row of the project has the name. */
int rk_storage_row_insert(rk_op *op, const rk_storage_row *row);
int rk_storage_row_update(rk_op *op, const rk_storage_row *row);
int rk_storage_row_delete(rk_op *op, const char *storage_id);

#endif
