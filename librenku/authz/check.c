/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/authz.h"

#include <string.h>

#include "librenku/base/counter.h"
#include "librenku/http/caller.h"

static const char everybody[] = "*";
static const char anonymous_id[] = "anonymous";

static bool is_service(const rk_op *op)
{
    return op->caller && op->caller->kind == RK_CALLER_SERVICE;
}

/* Whoever is not authenticated is the anonymous user, whatever id came with the request. */
static bool is_user(const rk_op *op)
{
    const rk_caller *caller = op->caller;

    return caller && caller->kind == RK_CALLER_USER && caller->id && *caller->id &&
           strcmp(caller->id, everybody) != 0;
}

/* Spec: authorization.md 2, 13 */
rk_param rk_subject_type(const rk_op *op)
{
    if (is_service(op))
        return rk_text(RK_SUBJECT_SERVICE);
    return rk_text(is_user(op) ? RK_SUBJECT_USER : RK_SUBJECT_ANONYMOUS_USER);
}

rk_param rk_subject_id(const rk_op *op)
{
    return rk_text(is_service(op) || is_user(op) ? op->caller->id : anonymous_id);
}

static void mark(rk_op *op, rk_object_type type, rk_scope scope)
{
    op->checked[type] |= UINT32_C(1) << scope;
}

/* Spec: authorization.md 7.3, 14 */
int rk_authz_demand(rk_op *op, const rk_authz_need *need)
{
    bool allowed = rk_authz_allows(op, need->type, need->bits, need->scope);

    if (allowed)
        return 0;
    rk_count(op->counters, RK_COUNT_AUTHZ_DENIALS, 1);
    return rk_fail(op, need->why,
                   "The %s with ID %s does not exist or you do not have sufficient permissions to "
                   "access it (%s is needed).",
                   rk_enum_name(&rk_object_type_names, (int)need->type), need->id ? need->id : "",
                   rk_scope_names.names[need->scope]);
}

int rk_authz_waive(rk_op *op, rk_object_type type, rk_scope scope)
{
    mark(op, type, scope);
    return 0;
}

bool rk_authz_allows(rk_op *op, rk_object_type type, int64_t bits, rk_scope scope)
{
    mark(op, type, scope);
    rk_count(op->counters, RK_COUNT_AUTHZ_CHECKS, 1);
    return (bits & RK_SCOPE_BIT(scope)) != 0;
}
