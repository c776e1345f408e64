/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_MEMORY_H
#define RK_MEMORY_H

/* Gives back the pages of programs and libraries that only the start needed; they come back when
 * they are used. */
void rk_memory_release(void);

#endif
