/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_EXPLAIN_H
#define RK_EXPLAIN_H

#include "librenku/authz/authz.h"

/* One relationship of a path, and how the path came to its object. */
typedef struct rk_authz_step {
    rk_relationship relationship;
    const struct rk_authz_step *before; /* NULL at the object that was asked about */
} rk_authz_step;

typedef struct {
    size_t count, room;
    const rk_authz_step **paths; /* each by its last step, the one that names the subject */
} rk_authz_paths;

typedef struct {
    bool allowed;
    rk_authz_paths granting;
    rk_authz_paths refusing; /* what takes away a permission that would hold otherwise */
} rk_authz_reasons;

/* Follows the expressions of the schema from relationship to relationship, as the compiled
 * statements do not: the two check each other. The subject is op->caller, which is no service. */
int rk_authz_explain(rk_authz_reasons *out, rk_op *op, rk_object_type type, const char *id,
                     rk_scope scope);

#endif
