/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CONTROL_H
#define RK_CONTROL_H

#include "frontends/cli/cli.h"

/* The control port of the task runner: words over TCP, for whoever is on this machine. Spec:
 * tasks.md 5 */

typedef struct rk_control rk_control;

/* Listens on TCP_HOST and TCP_PORT of the context; NULL after telling why. */
rk_control *rk_control_open(rk_cli *cli, renku_ctx *ctx);
/* Where it listens: "127.0.0.1:8001". */
const char *rk_control_address(const rk_control *control);
/* Answers until @p end is readable. */
void rk_control_serve(rk_control *control, renku_tasks *tasks, int end);
/* NULL is accepted. */
void rk_control_free(rk_control *control);

#endif
