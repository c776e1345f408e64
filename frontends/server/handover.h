/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_HANDOVER_H
#define RK_HANDOVER_H

#include "frontends/server/user.h"

#include "renku/types.h"

/* Before root is given up: makes the files that settings name reachable for @p user, who will serve
 * (NULL: nobody changes). Relative paths become absolute; a file that only root may read is handed
 * over as an open descriptor. 0, or -1 with the reason in the log. @p ctx may be NULL: then the
 * environment alone is asked. Only what @p service reads is touched. */
int rk_handover_files(renku_ctx *ctx, const rk_user *user, const char *service);

#endif
