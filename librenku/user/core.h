/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_USER_CORE_H
#define RK_USER_CORE_H

#include "librenku/user/user.h"

/* Slugs for the namespace of a user, the best first; @p numbered of them end in -1, -2, .. Spec:
 * namespaces.md 4.4 */
int rk_user_slug_candidates(rk_strings *out, rk_op *op, const rk_person *person, int numbered);
/* Queues that the user owns the namespace and everybody sees it. Spec: authorization.md 9 */
int rk_user_relate_namespace(rk_op *op, const char *namespace_id, const char *user_id);
/* NULL for the empty text: columns may hold both, answers hold neither. */
const char *rk_text_or_null(const char *text);
/* Pinned slugs are equal ignoring case (they are ASCII). Spec: user-preferences.md 4 */
bool rk_pin_matches(const char *one, const char *other);

#endif
