/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_MEMORY_H
#define RK_MEMORY_H

#include <stdbool.h>

/* A program that is linked with this has its malloc() and its kin counted, and one of those that a
 * library asks for can fail. */

/* Whose allocations arm() counts: "librenku"; false when no such library is loaded. */
bool abi_memory_of(const char *name);
/* The allocation of that number, from 1, fails. */
void abi_memory_arm(long number);
/* True when it was asked for. */
bool abi_memory_disarm(void);
/* The blocks of the whole process that are not given back. */
long abi_memory_live(void);

#endif
