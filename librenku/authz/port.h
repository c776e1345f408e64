/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PORT_H
#define RK_PORT_H

#include "librenku/authz/authz.h"

/* Where relationships live and who answers questions about them. The functions of authz.h keep the
 * rules (services, marks, last owners, visibility) and ask a store through this table; a second
 * store is one more file with one more table, chosen in rk_authz_port_of().
 *
 * Every function works for the subject RK_SUBJECT(op), which is never a service, inside the
 * operation's transaction when one is open, and sees what the same transaction wrote before. A
 * store outside of the database keeps that promise for reads after its own writes, and hands writes
 * to the outbox of the transaction, so that they become true if and only if it commits.
 *
 * The macros RK_SQL_* are the embedded store's own way to answer together with a row. Another store
 * makes them unnecessary by filling a model's bits after it was read (bits), and lists by their ids
 * (objects). */
typedef struct rk_authz_port {
    const char *name;

    /* The permissions on one object, and on many of one type, in their order. Spec:
     * authorization.md 7.1, 7.2 */
    int (*bits)(int64_t *out, rk_op *op, rk_object_type type, const char *id);
    int (*bits_many)(int64_t *out, rk_op *op, rk_object_type type, const rk_strings *ids);

    /* Ids without doubles, in the order of strcmp. Spec: authorization.md 7.4, 7.6 */
    int (*objects)(rk_strings *out, rk_op *op, rk_object_type type, rk_scope scope);
    int (*users)(rk_strings *out, rk_op *op, rk_object_type type, const char *id, rk_scope scope);

    /* Direct roles as rk_member, by user id and role: everybody's, or with @p users the owners' and
     * those of these users. Spec: authorization.md 7.7 */
    int (*members)(rk_array *out, rk_op *op, rk_object_type type, const char *id,
                   const rk_strings *users);
    int (*admins)(rk_strings *out, rk_op *op);
    int (*exist)(bool *out, rk_op *op, const rk_relationship *relationships, size_t count);

    /* Queue changes. What one call both removes and touches is there afterwards. Spec:
     * authorization.md 8 */
    int (*write)(rk_op *op, const rk_relationship_change *changes, size_t count);
    int (*forget_resource)(rk_op *op, rk_object_type type, const char *id);
    int (*forget_subject)(rk_op *op, rk_object_type type, const char *id);
    int (*replace)(rk_op *op, const rk_relationship *relationship);
} rk_authz_port;

/* librenku.relation beside the data. */
extern const rk_authz_port rk_authz_embedded;

const rk_authz_port *rk_authz_port_of(const rk_op *op);

/* Parts of the embedded store that stand in store.c. */
int rk_embedded_exist(bool *out, rk_op *op, const rk_relationship *relationships, size_t count);
int rk_embedded_write(rk_op *op, const rk_relationship_change *changes, size_t count);
int rk_embedded_forget_resource(rk_op *op, rk_object_type type, const char *id);
int rk_embedded_forget_subject(rk_op *op, rk_object_type type, const char *id);
int rk_embedded_replace(rk_op *op, const rk_relationship *relationship);

#endif
