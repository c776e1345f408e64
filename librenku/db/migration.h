/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_MIGRATION_H
#define RK_MIGRATION_H

#include "librenku/base/value.h"
#include "librenku/db/migrate.h"

/* What the files of migrations share; nobody else includes it. */

typedef struct {
    int number; /* from 1, without a gap */
    const char *name;
    int serves; /* the oldest library, by its newest migration, that can work after this one */
    const char *checksum; /* SHA-256 of the text */
    const char *sql;
} rk_migration;

extern const rk_migration rk_migrations[];
extern const int rk_migration_count;
/* One line per object of a freshly migrated database, sorted; NULL at the end. */
extern const char *const rk_expected_schema[];

/* Number 1 is the schema of a deployment at this revision; those after it are our own additions. */
#define RK_CONTRACT_REVISION "01k4dy9r2we4"

/* The schemas that hold nothing but what migrations have made. */
#define RK_OWN_SCHEMAS                                                                             \
    "'authz', 'capacity_reservation', 'common', 'connected_services', 'events', 'librenku',"       \
    " 'metrics', 'notifications', 'platform', 'projects', 'resource_pools', 'secrets',"            \
    " 'sessions', 'storage', 'users'"

/* Waits for the lock that all who change the schema hold; inside a transaction. */
int rk_migration_lock(rk_op *op);
/* Creates the table of what was applied. */
int rk_migration_table(rk_op *op);
/* @p from: the revision from which all the others are applied too, for who watches. */
int rk_migration_apply(rk_op *op, const rk_migration *migration, int from);
/* Notes a migration as applied that was there before. */
int rk_migration_note(rk_op *op, const rk_migration *migration, bool adopted);

typedef struct {
    bool managed;  /* the table of what was applied exists */
    bool deployed; /* a deployment has made its tables here */
    int revision;  /* 0 is none */
    int serves;    /* libraries that know fewer migrations than this cannot work here */
    bool adopted;
    const char *contract; /* revision that the deployment notes; NULL when there is none */
} rk_migration_state;

int rk_migration_read(rk_migration_state *out, rk_op *op);
/* Removes all that is ours; what remains is the contract's schema. */
int rk_migration_remove(rk_op *op);
/* A deployment that was not taken over. */
int rk_migration_refuse_foreign(rk_op *op);
/* What the migrations themselves put into the relationships counts as exported. */
int rk_migration_first_relations(rk_op *op);

typedef struct rk_difference {
    struct rk_difference *next;
    const char *text;
} rk_difference;

typedef struct {
    rk_difference *first;
    rk_difference **end;
    int count;
} rk_differences;

/* The live database, as lines like those of rk_expected_schema: an array of texts. Inside a
 * transaction, whose search path is empty afterwards. */
int rk_schema_lines(rk_array *out, rk_op *op);
/* @p contract: without our own additions. */
int rk_schema_compare(rk_differences *out, rk_op *op, bool contract);
/* {"differences":[..]}; CONFLICT when there is one. */
int rk_schema_report(rk_op *op, rk_buf *report, const rk_differences *differences);

#endif
