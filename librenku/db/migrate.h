/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_MIGRATE_H
#define RK_MIGRATE_H

#include "librenku/base/buf.h"

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

#endif
