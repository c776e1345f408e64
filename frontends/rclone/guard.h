/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_GUARD_H
#define RK_GUARD_H

#include <netdb.h>
#include <sys/types.h>

#include "frontends/rclone/network.h"

/* The kernel asks before rclone connects to anything or becomes another program. The question is
 * answered here, with the very address that is connected to: what a name resolved to, where a
 * redirect or a passive FTP answer leads. */
typedef struct {
    const rk_networks *networks;
    int process; /* pidfd of rclone */
    int fd;      /* where the questions come from; -1 is not yet */
    bool started;
    char refused[NI_MAXHOST]; /* the last address that was refused */
} rk_guard;

/* In the process that becomes rclone, at the very end: sends the source of questions over
 * @p channel. -1 and errno. */
int rk_guard_install(int channel);
/* Takes it from the other end of the channel. */
int rk_guard_take(int channel);
/* Answers one question. */
void rk_guard_answer(rk_guard *guard);

#endif
