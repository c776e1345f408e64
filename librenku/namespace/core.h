/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_NAMESPACE_CORE_H
#define RK_NAMESPACE_CORE_H

#include "librenku/namespace/db.h"

#define RK_GROUP_SLUG_TAKEN "The slug is already used by another user or group."

/* STALE with the current slug in its detail, when the group was addressed by a former slug. Spec:
 * namespaces.md 4.3 */
int rk_group_check_slug(rk_op *op, const rk_group *group, const char *slug);
/* INVALID: the slug is taken. */
int rk_group_slug_taken(rk_op *op);
/* What a rk_group_role, or none, asks for; 0 for no minimum. Spec: namespaces.md 3.10 */
rk_role rk_group_minimum(int minimum_role);
/* The group with the values of the patch. Spec: namespaces.md 3.4 */
void rk_group_apply(rk_group *group, const rk_group_patch_request *patch);

#endif
