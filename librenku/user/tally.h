/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_USER_TALLY_H
#define RK_USER_TALLY_H

#include "librenku/keycloak/keycloak.h"
#include "librenku/user/sync.h"
#include "librenku/user/user.h"

/* One synchronisation of users, and what it has done so far. */
typedef struct {
    const rk_sync_manner *how;
    rk_keycloak *keycloak;
    rk_buf changes; /* what a dry run would do: items of a JSON array */
    int64_t noted;
    int64_t expected; /* how many users there may be */
    int64_t seen;
    int64_t added;
    int64_t updated;
    int64_t removed;
    int64_t skipped;
    int64_t told_ms;
} rk_tally;

int rk_tally_begin(rk_tally *out, rk_op *op, const rk_sync_manner *how);
/* Makes or updates one record, or finds out what would happen; who cannot have a namespace is
 * skipped. */
int rk_tally_upsert(rk_tally *tally, rk_op *op, const rk_person *person);
/* Removes one record, unless there is none, or finds out. */
int rk_tally_remove(rk_tally *tally, rk_op *op, const char *user_id);
/* Applies what Keycloak tells of since yesterday. Spec: users.md 6.3 */
int rk_events_apply(rk_op *op, rk_tally *tally);
/* Progress, at times. */
void rk_tally_tell(rk_tally *tally, rk_op *op);
/* Ends it: the numbers as a JSON object, and into the log. */
int rk_tally_write(rk_buf *out, rk_op *op, rk_tally *tally);

#endif
