/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_TOOLS_H
#define RK_TOOLS_H

#include "librenku/base/buf.h"
#include "librenku/http/caller.h"
#include "renku/admin.h"

/* Who repairs and migrates. Spec: authorization.md 13 */
extern const rk_caller rk_operator_caller;

typedef enum { RK_TOOL_JSON, RK_TOOL_TEXT } rk_tool_kind;

/* Runs one piece of an operator's work as a service identity, without a deadline, and makes its
 * result of what it writes: JSON or text. */
typedef int rk_tool_work(rk_op *op, rk_buf *out, void *user);
renku_result *rk_tool_run(renku_ctx *ctx, rk_tool_work *work, void *user, rk_tool_kind kind);
/* The same for work that tells how far it is. */
renku_result *rk_tool_run_watched(renku_ctx *ctx, rk_tool_work *work, void *user, rk_tool_kind kind,
                                  const renku_watch *watch);

#endif
