/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SANDBOX_H
#define RK_SANDBOX_H

/* Registers the system calls that a worker may make; call from Kore's seccomp hook. */
void rk_sandbox_register(void);

#endif
