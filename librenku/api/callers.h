/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CALLERS_H
#define RK_CALLERS_H

#include "librenku/api/ctx.h"
#include "renku/caller.h"

/* The callers made from one context. Their places stay readable until the context goes, and are
 * used again only after many others, so that a caller that was freed is noticed. */
typedef struct rk_callers rk_callers;

int rk_callers_new(rk_callers **out, rk_op *op);
/* NULL is accepted. */
void rk_callers_free(rk_callers *callers);
/* The caller of @p handle for an operation, the anonymous one for NULL. INTERNAL when the handle
 * was freed or belongs to another context, INVALID_TOKEN when its token has expired. */
int rk_callers_find(const struct rk_caller **out, rk_op *op, const renku_caller *handle);

#endif
