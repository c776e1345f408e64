/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PROCESS_H
#define RK_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* The process that made something which a child of it must not use. */
typedef struct {
    pid_t id;
    int *mark; /* in a page that fork() wipes in the child; NULL where there is none */
} rk_process;

/* Notes the process that calls. */
void rk_process_note(rk_process *out);
void rk_process_forget(rk_process *process);
/* Whether the process that calls is the one that was noted. From any thread. */
bool rk_process_is_same(const rk_process *process);

#endif
