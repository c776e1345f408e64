/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define RK_ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RK_ARENA_ASAN 1
#endif
#endif

#ifdef RK_ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(start, size) ASAN_POISON_MEMORY_REGION((start), (size))
#define UNPOISON(start, size) ASAN_UNPOISON_MEMORY_REGION((start), (size))
enum { GAP_BYTES = 16 }; /* stays poisoned behind each block, so that an overrun is found */
#else
#define POISON(start, size) ((void)(start), (void)(size))
#define UNPOISON(start, size) ((void)(start), (void)(size))
enum { GAP_BYTES = 0 };
#endif

/* ./dev check guest-oom lets each block fail for itself. */
#ifdef RK_ARENA_APART
enum { EACH_APART = true };
#else
enum { EACH_APART = false };
#endif

enum {
    ALIGNMENT = alignof(max_align_t),
    FIRST_CHUNK_BYTES = 8 * 1024,
    LAST_CHUNK_BYTES = 256 * 1024, /* chunks double up to here */
    APART_DIVISOR = 4,             /* a block above this part of a chunk gets memory of its own */
};

typedef struct chunk {
    struct chunk *older;
    size_t size_bytes; /* of the content */
    alignas(max_align_t) unsigned char content[];
} chunk;

typedef struct deferred {
    struct deferred *older;
    void (*give_back)(void *object);
    void *object;
} deferred;

struct rk_arena {
    chunk *chunks; /* newest first; the blocks apart are among them */
    unsigned char *next;
    unsigned char *end;
    size_t chunk_bytes; /* of the newest chunk that is shared */
    size_t used_bytes;
    bool apart; /* every block has memory of its own */
    deferred *deferred;
};

static size_t rounded(size_t size_bytes)
{
    return (size_bytes + GAP_BYTES + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static chunk *chunk_new(rk_arena *arena, size_t size_bytes)
{
    chunk *made = malloc(sizeof(chunk) + size_bytes);

    if (!made)
        return NULL;
    made->size_bytes = size_bytes;
    made->older = arena->chunks;
    arena->chunks = made;
    POISON(made->content, size_bytes);
    return made;
}

static void *block_apart(rk_arena *arena, size_t size_bytes)
{
    chunk *made = chunk_new(arena, size_bytes);

    return made ? made->content : NULL;
}

/* A new shared chunk; what was left of the old one is given up. */
static bool grow(rk_arena *arena)
{
    size_t wanted = arena->chunk_bytes;

    if (wanted < LAST_CHUNK_BYTES)
        wanted *= 2;

    chunk *made = chunk_new(arena, wanted - sizeof(chunk));

    if (!made)
        return false;
    arena->chunk_bytes = wanted;
    arena->next = made->content;
    arena->end = made->content + made->size_bytes;
    return true;
}

static void *block_in_chunk(rk_arena *arena, size_t size_bytes)
{
    if ((size_t)(arena->end - arena->next) < size_bytes && !grow(arena))
        return NULL;

    void *block = arena->next;

    arena->next += size_bytes;
    return block;
}

bool rk_arena_reserve(rk_arena *arena, size_t size_bytes)
{
    arena->apart = false;
    if ((size_t)(arena->end - arena->next) >= size_bytes)
        return true;
    while (arena->chunk_bytes < size_bytes / 2 && arena->chunk_bytes < LAST_CHUNK_BYTES)
        arena->chunk_bytes *= 2;
    return grow(arena);
}

/* The arena itself is the first block of its first chunk. */
rk_arena *rk_arena_new(void)
{
    rk_arena start = {.chunk_bytes = FIRST_CHUNK_BYTES, .apart = EACH_APART};
    chunk *first = chunk_new(&start, FIRST_CHUNK_BYTES - sizeof(chunk));

    if (!first)
        return NULL;

    rk_arena *arena = (rk_arena *)first->content;

    start.next = first->content + rounded(sizeof(rk_arena));
    start.end = first->content + first->size_bytes;
    UNPOISON(arena, sizeof(rk_arena));
    *arena = start;
    return arena;
}

static void give_back_deferred(rk_arena *arena)
{
    while (arena->deferred) {
        deferred *item = arena->deferred;

        arena->deferred = item->older;
        item->give_back(item->object);
    }
}

/* Any block may hold a secret of a request. Behind @p next, where it lies in the chunk, nothing has
 * been written. */
static void wipe(chunk *item, const unsigned char *next)
{
    bool newest = next >= item->content && next <= item->content + item->size_bytes;

    UNPOISON(item->content, item->size_bytes);
    explicit_bzero(item->content, newest ? (size_t)(next - item->content) : item->size_bytes);
}

void rk_arena_free(rk_arena *arena)
{
    if (!arena)
        return;
    give_back_deferred(arena);
    const unsigned char *next = arena->next;

    for (chunk *item = arena->chunks; item;) {
        chunk *older = item->older;

        wipe(item, next);
        free(item);
        item = older;
    }
}

void *rk_arena_alloc(rk_arena *arena, size_t size_bytes)
{
    void *block = rk_arena_take(arena, size_bytes);

    return block ? memset(block, 0, size_bytes) : NULL;
}

void *rk_arena_take(rk_arena *arena, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 2)
        return NULL;

    size_t taken = rounded(size_bytes ? size_bytes : 1);
    bool apart = arena->apart || taken > arena->chunk_bytes / APART_DIVISOR;
    void *block = apart ? block_apart(arena, taken) : block_in_chunk(arena, taken);

    if (!block)
        return NULL;
    UNPOISON(block, size_bytes);
    arena->used_bytes += size_bytes;
    return block;
}

int rk_arena_defer(rk_arena *arena, void (*give_back)(void *object), void *object)
{
    deferred *item = rk_arena_alloc(arena, sizeof(deferred));

    if (!item) {
        give_back(object);
        return -1;
    }
    *item = (deferred){arena->deferred, give_back, object};
    arena->deferred = item;
    return 0;
}

size_t rk_arena_used(const rk_arena *arena)
{
    return arena->used_bytes;
}
