/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_MIGRATE_H
#define RK_MIGRATE_H

#include "librenku/base/buf.h"
#include "librenku/base/value.h"

/* The migrations of migrations/NNNN_name.sql, embedded at build time. They use the operation's pool
 * (op->ctx). */

/* Brings the database to the newest revision, each step in a transaction under one advisory lock.
 * Writes one JSON object {"from":..,"to":..,"applied":[..]} to @p report. */
int rk_migrate_up(rk_op *op, rk_buf *report);
/* {"revision":..,"newest":..,"pending":[..],"adopted":true|false} */
int rk_migrate_status(rk_op *op, rk_buf *report);
/* Compares the live database with the expected schema: {"differences":["..",..]}; every difference
 * names its object. CONFLICT when there is one; the detail then holds them too, one a line. */
int rk_migrate_check(rk_op *op, rk_buf *report);
/* Takes over a deployment's database that stands at the revision of the contract; changes nothing
 * that it needs.
 * {"adopted":true,"before":true|false,"revision":..}; CONFLICT with every difference when its
 * tables are others. */
int rk_migrate_adopt(rk_op *op, rk_buf *report);
/* Removes all that is ours, also from a database that was not adopted; what remains is the
 * contract's schema. CONFLICT with a reason when relationships or events would be lost, unless @p
 * force. */
int rk_migrate_hand_back(rk_op *op, rk_buf *report, bool force);
/* Whoever exports the relationships calls this in the same transaction: as they are now, they need
 * not be kept. */
int rk_migrate_exported(rk_op *op);
/* 0 when the database stands at a revision that this library works with: it has all the migrations
 * of the library, and those beyond allow it ("-- serves: N" in their text, N the newest migration
 * that a library must know; without such a line any library will do). Else UNAVAILABLE, and what to
 * do. */
int rk_migrate_ready(rk_op *op);
/* The names of the migrations that rk_migrate_up() would apply, parted by commas; NULL when there
 * is none, and when they are not applied here: in a database of somebody else. */
int rk_migrate_pending(const char **out, rk_op *op);

/* --- whole tables, for backup and restore; all of it inside an open transaction --- */

/* A table that migrations have made. */
typedef struct {
    const char *name;        /* "common.groups" */
    rk_strings columns;      /* that can be written, in the order of their names */
    const char *sql_table;   /* the same for statements */
    const char *sql_columns; /* likewise, parted by commas */
    rk_opt_int size_bytes;
} rk_owned_table;

/* All of them, in the order of their names. */
int rk_owned_tables(rk_array *out /* of rk_owned_table */, rk_op *op);
/* Counts the rows of all of them anew, for the planner. */
int rk_owned_analyze(rk_op *op);
/* A query for name, last value and whether it was given, of each sequence. */
int rk_owned_sequences(const char **out, rk_op *op);

/* What a backup notes about the schema that its rows fit. */
typedef struct {
    int revision;
    const char *checksum; /* of the migration of that number */
} rk_schema_mark;
/* CONFLICT when no librenku has made this database. */
int rk_schema_mark_read(rk_schema_mark *out, rk_op *op);

/* Makes an installation without rows, of that revision, ready for rows: no triggers, no references
 * and no indexes stand in the way. CONFLICT when it holds anything that migrations did not put
 * there, or when the revision is not known here. @p tables: those
 * of that revision; @p back is for the end. */
int rk_restore_begin(rk_array *tables /* of rk_owned_table */, const char **back, rk_op *op,
                     const rk_schema_mark *mark);
/* Where the rows of rk_owned_sequences() go meanwhile. */
#define RK_RESTORED_SEQUENCES "librenku.restored_sequence"
/* Sets the sequences, makes everything again that was set aside, and goes on to the newest
 * revision. */
int rk_restore_end(rk_op *op, const char *back, int revision);

#endif
