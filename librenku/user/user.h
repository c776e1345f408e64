/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_USER_H
#define RK_USER_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"
#include "user_api.h" /* generated: rk_user */

/* What is known of a person when a record is made. NULL is unknown. */
typedef struct {
    const char *id;
    const char *email;
    const char *first_name;
    const char *last_name;
} rk_person;

/* INVALID unless the id can be stored and shown. Spec: foundations.md 9.2 */
int rk_user_id_check(rk_op *op, const char *user_id);
/* The record of a user. Spec: users.md 3.3 */
int rk_user_lookup(rk_user *out, bool *found, rk_op *op, const char *user_id);
/* The record of the logged-in caller, made from the token when there is none. Spec:
 * users.md 3.1, 4.1 */
int rk_user_of_caller(rk_user *out, rk_op *op);
/* What an upsert did, or would do. */
typedef enum { RK_UPSERT_SAME = 1, RK_UPSERT_ADDED, RK_UPSERT_UPDATED } rk_upsert;
/* Makes the record of a person, or brings it up to date, in a transaction of its own. INVALID when
 * no namespace can be named after the person. Spec: users.md 4.1 */
int rk_user_upsert(rk_upsert *out, rk_op *op, const rk_person *person);
/* Tells what that would do, and changes nothing. */
int rk_user_upsert_preview(rk_upsert *out, rk_op *op, const rk_person *person);
/* Queues the caller's record into the open transaction, when there is none yet. */
int rk_user_ensure(rk_op *op);
/* The records of those ids that exist, in the order of their rows. */
int rk_user_find_many(rk_array *out /* of rk_user */, rk_op *op, const rk_strings *ids);
/* Gives every user a namespace, while there is none at all, of users or groups; inside an open
 * transaction. Spec: namespaces.md 4.5 */
int rk_user_generate_namespaces(rk_op *op);
/* The secret key of a user, made when there is none yet; zeroed at the end of the operation. In
 * statements of its own, outside of a transaction. NOT_FOUND without a record. Spec: secrets.md 4.4
 */
int rk_user_secret_key_of(const char **out, rk_op *op, const char *user_id);

#endif
