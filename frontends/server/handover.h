/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_HANDOVER_H
#define RK_HANDOVER_H

#include "renku/types.h"

/* Before root is given up: makes the files that settings name reachable for the user who will
 * serve. Relative paths become absolute; a file that only root may read is handed over as an open
 * descriptor. 0, or -1 with the reason in the log. */
int rk_handover_files(renku_ctx *ctx);

#endif
