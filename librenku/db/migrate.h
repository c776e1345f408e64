/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_MIGRATE_H
#define RK_MIGRATE_H

#include "librenku/base/buf.h"

/* The migrations of migrations/NNNN_name.sql, embedded at build time. They use the operation's pool (op->ctx). */

/* Brings the database to the newest revision, each step in a transaction under one advisory lock. Writes one JSON
 * object {"from":..,"to":..,"applied":[..]} to @p report. */
int rk_migrate_up(rk_op *op, rk_buf *report);
/* {"revision":..,"newest":..,"pending":[..],"adopted":true|false} */
int rk_migrate_status(rk_op *op, rk_buf *report);
/* Compares the live database with the expected schema: {"differences":["..",..]}; every difference names its object. */
int rk_migrate_check(rk_op *op, rk_buf *report);
/* Takes over a deployment's database that stands at the revision of the contract; changes nothing that it needs. */
int rk_migrate_adopt(rk_op *op, rk_buf *report);
/* Removes what adopt added. Refused with a reason when rows would be lost, unless @p force. */
int rk_migrate_hand_back(rk_op *op, rk_buf *report, bool force);
/* 0 when the database stands at a revision that this library works with; else an error that says what to do. */
int rk_migrate_ready(rk_op *op);

#endif
