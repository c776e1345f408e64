/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ATTEMPT_H
#define RK_ATTEMPT_H

#include "frontends/rclone/network.h"
#include "frontends/rclone/words.h"

#define RK_SAID_MOST 16384

typedef struct {
    const char *program; /* path of rclone */
    const rk_networks *networks;
    int asker; /* the socket; when it hangs up nobody waits any more */
} rk_attempt;

/* How it ended, in the words of the answer. */
typedef struct {
    const char *word; /* "done", "failed", "late" or "broken" */
    char text[RK_SAID_MOST + 256];
} rk_ending;

/* Lists a path with rclone: milliseconds, path, then names and values of the configuration. */
void rk_attempt_run(rk_ending *out, const rk_attempt *attempt, const rk_words *request);

#endif
