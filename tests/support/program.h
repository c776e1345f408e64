/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "librenku/db/db.h"

/* What the programs share that do things of the library for Python tests. Settings come from the
 * environment, log lines go to the standard error output, and the database is that of DB_HOST,
 * DB_PORT, DB_USER, DB_PASSWORD and DB_NAME. */

const char *from_environment(void *user, const char *name);
extern const struct rk_log to_stderr;

rk_pool_options database_options(int size);
/* Runs one operation over one connection, and says why it failed. Returns the exit status. */
int database_run(int (*run)(rk_op *op, void *user), void *user);

#endif
