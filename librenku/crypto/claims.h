/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CLAIMS_H
#define RK_CLAIMS_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

struct json_object;

/* What a verified token claims, checked as authentication.md 3.2 says: INVALID_TOKEN, or the value.
 */

/* exp in the future, nbf and iat not; @p now in microseconds, no leeway. @p expires is exp in
 * seconds when it is there. */
int rk_claims_times(rk_opt_int *expires, rk_op *op, struct json_object *claims, int64_t now);
/* aud is a text or a list of texts and names at least one of @p accepted. */
int rk_claims_audience(rk_op *op, struct json_object *claims, const char *const *accepted,
                       size_t count);
/* sub and jti are texts where they are there. */
int rk_claims_ids(rk_op *op, struct json_object *claims);
/* A text for people (names): anything else than a text counts as absent. NULL when absent. */
int rk_claims_name(const char **out, rk_op *op, struct json_object *claims, const char *claim);
/* The texts of a list, without what is no text; empty when it is no list. */
int rk_claims_texts(rk_strings *out, rk_op *op, struct json_object *list);
/* The texts of realm_access.roles. */
int rk_claims_roles(rk_strings *out, rk_op *op, struct json_object *claims);

#endif
