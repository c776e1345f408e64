/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PLATFORM_DB_H
#define RK_PLATFORM_DB_H

#include "librenku/base/op.h"
#include "platform_api.h" /* generated: rk_platform_config, rk_redirect */

int rk_platform_lookup(rk_platform_config *out, bool *found, rk_op *op);
/* The same, and the row stays locked until the transaction ends. */
int rk_platform_lock(rk_platform_config *out, bool *found, rk_op *op);
/* Makes the row, unless somebody else does so at the same time; inside a transaction. */
int rk_platform_make(rk_platform_config *out, rk_op *op);
/* Queues the new banner; @p out is filled at the commit. */
int rk_platform_update(rk_platform_config *out, rk_op *op, const char *banner);

/* Queues: whoever changes the authorization configuration waits for others who do. */
int rk_authorization_lock(rk_op *op);
/* Who may create what. */
int rk_authorization_read(rk_authorization_config *out, rk_op *op);
/* Queues the relationships of the values that are set. */
int rk_authorization_write(rk_op *op, const rk_authorization_changes *changes);

/* All, oldest first. */
int rk_redirect_all(rk_array *out, rk_op *op);
int rk_redirect_lookup(rk_redirect *out, bool *found, rk_op *op, const char *source);
/* The same, and the row stays locked until the transaction ends. */
int rk_redirect_lock(rk_redirect *out, bool *found, rk_op *op, const char *source);
/* CONFLICT when the source has a redirect already. */
int rk_redirect_insert(rk_redirect *out, rk_op *op, const char *source, const char *target);
/* Queues the new target; @p out is filled at the commit. */
int rk_redirect_update(rk_redirect *out, rk_op *op, const char *source, const char *target);
int rk_redirect_remove(rk_op *op, const char *source);

#endif
