/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SERVER_RCLONE_H
#define RK_SERVER_RCLONE_H

#include "frontends/server/user.h"

#include "renku/types.h"

/* Starts renku-rclone for the server, as @p user (NULL: nobody changes), and sets
 * RENKU_RCLONE_SOCKET: a worker may start no program. It ends with the last process of the server.
 * Nothing happens when a socket is set already, or the program is not installed. 0, or -1 with the
 * reason in the log. */
int rk_rclone_start(renku_ctx *ctx, const rk_user *user);

#endif
