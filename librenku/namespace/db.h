/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_NAMESPACE_DB_H
#define RK_NAMESPACE_DB_H

#include "librenku/authz/authz.h"
#include "librenku/base/op.h"
#include "namespace_api.h" /* generated: rk_group, rk_namespace */

/* By the current slug, else by the newest former one; with the caller's permissions. Spec:
 * namespaces.md 4.3 */
int rk_group_lookup(rk_group *out, bool *found, rk_op *op, const char *slug);
/* The same, and the row stays locked until the transaction ends. */
int rk_group_lock(rk_group *out, bool *found, rk_op *op, const char *slug);
/* One page and the total; newest first. */
int rk_group_page(rk_array *out, int64_t *total, rk_op *op, const rk_page *page);
int rk_group_page_direct(rk_array *out, int64_t *total, rk_op *op, const rk_page *page);

/* What must be known before a group is made. */
typedef struct {
    int64_t platform_bits;  /* of the caller */
    rk_opt_bool slug_taken; /* by a user or a group */
    rk_opt_bool user_known; /* the caller has a record */
} rk_group_creation;
int rk_group_creation_lookup(rk_group_creation *out, rk_op *op, const char *slug);
/* Queues a group with its namespace; @p out is filled at the commit. */
int rk_group_insert(rk_group *out, rk_op *op, const rk_group *group);
/* Queues the new values; @p out is filled at the commit. */
int rk_group_update(rk_group *out, rk_op *op, const rk_group *group);
/* Queues: the namespace takes a new slug and remembers the former one. */
int rk_group_rename(rk_op *op, const rk_group *group, const char *slug);
int rk_group_remove(rk_op *op, const char *group_id);

int rk_namespace_lookup(rk_namespace *out, bool *found, rk_op *op, const char *slug);
int rk_namespace_slug_is_taken(bool *out, rk_op *op, const char *slug);
/* The caller's own namespace. */
int rk_namespace_own(rk_namespace *out, bool *found, rk_op *op);
/* Namespaces of the groups on which the caller holds this role or a higher one; all groups when 0
 * or for platform administrators. In the order of their ids. */
int rk_namespace_groups(rk_array *out, int64_t *total, rk_op *op, rk_role minimum,
                        const rk_page *page);

#endif
