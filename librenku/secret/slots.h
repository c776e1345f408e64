/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SECRET_SLOTS_H
#define RK_SECRET_SLOTS_H

#include "librenku/authz/authz.h"
#include "librenku/secret/core.h"

/* The columns of a slot "t" of the project "p", for structs that begin with a rk_secret_slot;
 * written once. Every statement with them takes the subject as $1 and $2. */
#define RK_SLOT_COLUMNS                                                                            \
    {"t.id", RK_COLUMN_TEXT, offsetof(rk_secret_slot, id), NULL},                                  \
        {"t.project_id", RK_COLUMN_TEXT, offsetof(rk_secret_slot, project_id), NULL},              \
        {"t.name", RK_COLUMN_TEXT, offsetof(rk_secret_slot, name), NULL},                          \
        {"t.description", RK_COLUMN_TEXT, offsetof(rk_secret_slot, description), NULL},            \
        {"t.filename", RK_COLUMN_TEXT, offsetof(rk_secret_slot, filename), NULL},                  \
        {"t.updated_at", RK_COLUMN_TIME, offsetof(rk_secret_slot, updated_at), NULL},              \
    {                                                                                              \
        RK_SQL_BITS_PROJECT("p.id"), RK_COLUMN_BITS, offsetof(rk_secret_slot, bits), NULL          \
    }
/* The project of a request as "p"; with an outer join of what is wanted, a project without any
 * gives one row with permissions alone. */
#define RK_FROM_PROJECT "  FROM (SELECT $3::text AS id) p"
#define RK_FROM_SLOTS                                                                              \
    "  FROM projects.session_secret_slots t CROSS JOIN LATERAL (SELECT t.project_id AS id) p"

/* Fills the ETag. */
int rk_secret_slot_loaded(void *slot, rk_op *op);
/* NOT_FOUND unless the caller may read the project of these rows, whose models begin with a slot.
 * There is at least one, if the database tells the truth. */
int rk_secret_slot_readable(rk_op *op, const rk_array *rows, const char *project_id);

#endif
