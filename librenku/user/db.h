/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_USER_DB_H
#define RK_USER_DB_H

#include "librenku/db/db.h"
#include "librenku/user/user.h"

/* Every user, in the order of the rows. */
int rk_user_all(rk_array *out /* of rk_user */, rk_op *op);
/* Users with exactly this e-mail. */
int rk_user_by_email(rk_array *out /* of rk_user */, rk_op *op, const char *email);
/* The first of the candidates that no namespace uses. Spec: namespaces.md 4.4 */
int rk_user_free_slug(const char **out, rk_op *op, const rk_strings *candidates);
/* Queues the record and its namespace; @p out is filled with it at the commit. */
int rk_user_insert(rk_user *out, rk_op *op, const rk_person *person, const char *namespace_id,
                   const char *slug);

/* The record, which nobody else changes until the transaction ends. */
int rk_user_lock(rk_user *out, bool *found, rk_op *op, const char *user_id);
/* Queues the names and the e-mail of a record as they are in @p user. */
int rk_user_update(rk_op *op, const rk_user *user);
int rk_user_count(int64_t *out, rk_op *op);

/* When the newest event of Keycloak happened that was applied, in microseconds since 1970; unset
 * before the first. Spec: users.md 2.3 */
int rk_user_event_time(rk_opt_int *out, rk_op *op);
/* Queues its change, which never goes back. */
int rk_user_event_time_set(rk_op *op, int64_t micros);

/* What must be known before a user may go. */
typedef struct {
    const char *namespace_id;
    int64_t platform_bits; /* of the caller */
    rk_opt_bool in_use;    /* something that names the user as its creator would stay behind */
} rk_user_removal;
int rk_user_removal_lookup(rk_user_removal *out, bool *found, rk_op *op, const char *user_id);
/* Queues the removal of the row and of what hangs on it. */
int rk_user_remove(rk_op *op, const char *user_id);

/* The stored, encrypted secret key. */
typedef struct {
    const char *encrypted; /* NULL when there is none yet */
} rk_user_key;
int rk_user_key_find(rk_user_key *out, rk_op *op, const char *user_id);
/* Stores it unless there is one; gives the one that is there afterwards. */
int rk_user_key_store(rk_user_key *out, rk_op *op, const char *user_id, const char *encrypted);

#endif
