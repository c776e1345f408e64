/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_USER_SYNC_H
#define RK_USER_SYNC_H

#include "librenku/base/buf.h"

/* Whom Keycloak knows is known here too. All of these ask the Keycloak of the settings, and run as
 * a service identity, outside of a transaction. They may be ended at any point and begun again, and
 * several may run at once. */

/* Every enabled user. Nobody is removed. Spec: users.md 6.1 */
int rk_users_sync(rk_op *op);
/* The same when there is no user yet. Spec: users.md 6.2 */
int rk_users_sync_if_empty(rk_op *op);
/* What Keycloak tells of since yesterday, removals too. Spec: users.md 6.3 */
int rk_users_sync_events(rk_op *op);
/* Who has the role renku-admin is an administrator of the platform, and nobody else. Spec:
 * authorization.md 12 */
int rk_admins_sync(rk_op *op);

typedef struct {
    bool dry_run;                                                 /* changes nothing */
    void (*progress)(void *user, double share, const char *what); /* NULL is none */
    void *user;
} rk_sync_manner;

/* The same in another manner; each writes what it has done, or would do, as a JSON object. */
typedef int rk_sync_work(rk_op *op, rk_buf *out, const rk_sync_manner *how);
rk_sync_work rk_users_sync_with;
rk_sync_work rk_users_sync_if_empty_with;
rk_sync_work rk_users_sync_events_with;
rk_sync_work rk_admins_sync_with;

#endif
