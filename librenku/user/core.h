/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_USER_CORE_H
#define RK_USER_CORE_H

#include "librenku/user/user.h"

/* Slugs for the namespace of a new user, the best first. Spec: namespaces.md 4.4 */
int rk_user_slug_candidates(rk_strings *out, rk_op *op, const rk_person *person);
/* The same for a user of old, with so many that end in a number. */
int rk_user_numbered_slugs(rk_strings *out, rk_op *op, const rk_person *person, int numbered);
/* What a person's data make of a record: what is unknown stays, the empty text takes away. True
 * when that is a change. Spec: users.md 4.1, 4.3 */
bool rk_user_merge(rk_user *user, const rk_person *person);
/* NULL for the empty text: columns may hold both, answers hold neither. */
const char *rk_text_or_null(const char *text);
/* Pinned slugs are equal ignoring case (they are ASCII). Spec: user-preferences.md 4 */
bool rk_pin_matches(const char *one, const char *other);

#endif
