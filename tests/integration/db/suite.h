/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUITE_H
#define SUITE_H

#include "tests/unit/unit.h"

#include "librenku/db/db.h"

/* The suites of this folder run against the database of tests/support/program.h. */

/* A case whose tests find `op` with a pool of @c db_pool_size connections, and an empty table
 * probe.row. */
TCase *db_case(Suite *suite, const char *section);
extern struct rk_pool *pool;

enum { DB_POOL_SIZE = 4 };

rk_pool_options db_options(void);
/* Another operation on the pool; db_close() ends it. */
void db_open(rk_op *other, struct rk_pool *on);
void db_close(rk_op *other);
/* Runs one statement of its own, outside of the operation under test. */
void db_admin(const char *sql);
/* The only value of the only row. */
int64_t db_admin_number(const char *sql);

/* One row of probe.row. */
typedef struct {
    rk_opt_int id;
    const char *text;
} db_row;
extern const rk_row db_row_map;

/* Statements on it: read $1; insert ($1, $2). */
extern const rk_query db_read, db_insert, db_insert_returning;

int64_t db_rows(void);

/* The connections of the library to this database, for an SQL statement. */
#define DB_OURS                                                                                    \
    " FROM pg_stat_activity WHERE application_name = 'librenku' AND datname = current_database()"
int64_t db_ours(void);
/* How many connections a pool has open, and how many of them are taken. */
void db_check_pool(struct rk_pool *of, int open, int busy);
/* One round trip that changes nothing. */
int db_ping(rk_op *with);

#endif
