/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ARENA_H
#define RK_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* Memory that is given back as a whole, and wiped before. Not thread-safe: one arena belongs to one
 * operation. */
typedef struct rk_arena rk_arena;

/* NULL when there is no memory. */
rk_arena *rk_arena_new(void);
/* Runs what was deferred, last first, then gives all memory back. NULL is accepted. */
void rk_arena_free(rk_arena *arena);

/* Zeroed and aligned for any type; NULL when there is no memory. A size of 0 gives a valid pointer.
 */
void *rk_arena_alloc(rk_arena *arena, size_t size_bytes);
/* The same, with anything in it. */
void *rk_arena_take(rk_arena *arena, size_t size_bytes);
/* Makes sure that small blocks of about that size together will be had; false when there is no
 * memory. */
bool rk_arena_reserve(rk_arena *arena, size_t size_bytes);
/* Gives @p object back with @p give_back when the arena ends; at once when there is no memory
 * (returns -1 then). */
int rk_arena_defer(rk_arena *arena, void (*give_back)(void *object), void *object);
/* Bytes handed out so far. */
size_t rk_arena_used(const rk_arena *arena);

#endif
