/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_MIGRATION_H
#define RK_MIGRATION_H

#include "librenku/db/migrate.h"

/* What the files of migrations share; nobody else includes it. */

typedef struct {
    int number; /* from 1, without a gap */
    const char *name;
    const char *checksum; /* SHA-256 of the text */
    const char *sql;
} rk_migration;

extern const rk_migration rk_migrations[];
extern const int rk_migration_count;
/* One line per object of a freshly migrated database, sorted; NULL at the end. */
extern const char *const rk_expected_schema[];

/* Number 1 is the schema of a deployment at this revision; those after it are our own additions. */
#define RK_CONTRACT_REVISION "01k4dy9r2we4"

/* Waits for the lock that all who change the schema hold; inside a transaction. */
int rk_migration_lock(rk_op *op);
/* Creates the table of what was applied. */
int rk_migration_table(rk_op *op);
int rk_migration_apply(rk_op *op, const rk_migration *migration);
/* Notes a migration as applied that was there before. */
int rk_migration_note(rk_op *op, const rk_migration *migration, bool adopted);

typedef struct {
    bool managed;  /* the table of what was applied exists */
    bool deployed; /* a deployment has made its tables here */
    int revision;  /* 0 is none */
    bool adopted;
    const char *contract; /* revision that the deployment notes; NULL when there is none */
} rk_migration_state;

int rk_migration_read(rk_migration_state *out, rk_op *op);

#endif
