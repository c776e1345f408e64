/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_REPAIR_H
#define RK_REPAIR_H

#include "librenku/authz/authz.h"

/* Relationships that the rows imply and that are not there, or not right: what the task runner
 * repairs. Each function but the first is one pass, inside an open transaction, in a fixed number
 * of statements whatever the number of objects. */

/* Whether at least five user namespaces have an owner: nothing was ever missing then. Spec:
 * tasks.md 4.4 */
int rk_repair_owners_are_there(bool *out, rk_op *op);
/* Every user namespace gets its owner, platform and public viewers. Spec: tasks.md 4.4 */
int rk_repair_user_namespaces(rk_op *op);
/* A project of a group belongs to that very group, and one that is gone to none. What says that a
 * project of a user belongs to a group stays. Spec: tasks.md 4.5 */
int rk_repair_project_groups(rk_op *op);
/* Groups, and user namespaces, that strangers cannot read become public. Spec: tasks.md 4.6, 4.7 */
int rk_repair_public_groups(rk_op *op);
int rk_repair_public_user_namespaces(rk_op *op);

#endif
