/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    uintptr_t from, to;
} range;

static range library; /* whose allocations are counted */
static atomic_bool armed;
static atomic_long count, target, live;
static void *(*real_malloc)(size_t size);
static void *(*real_calloc)(size_t number, size_t size);
static void *(*real_realloc)(void *block, size_t size);
static void (*real_free)(void *block);
static void *(*real_aligned)(size_t alignment, size_t size);
static char early[4096]; /* for what dlsym() may want before it has answered */
static size_t early_used;

static void find_real(void)
{
    static atomic_bool begun;

    if (atomic_exchange(&begun, true))
        return;
    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real_aligned = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&real_free = dlsym(RTLD_NEXT, "free");
}

static bool fails(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;

    if (!armed || at < library.from || at >= library.to)
        return false;
    if (atomic_fetch_add(&count, 1) + 1 != target)
        return false;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    live += block != NULL;
    return block;
}

void *malloc(size_t size)
{
    find_real();
    return fails(__builtin_return_address(0)) ? NULL : counted(real_malloc(size));
}

void *calloc(size_t number, size_t size)
{
    find_real();
    if (!real_calloc) {
        early_used += number * size;
        return early_used <= sizeof(early) ? early + early_used - number * size : NULL;
    }
    return fails(__builtin_return_address(0)) ? NULL : counted(real_calloc(number, size));
}

void *realloc(void *block, size_t size)
{
    find_real();
    if (fails(__builtin_return_address(0)))
        return NULL;
    void *moved = real_realloc(block, size);

    live += !block && moved;
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    find_real();
    return fails(__builtin_return_address(0)) ? NULL : counted(real_aligned(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    find_real();
    *out = fails(__builtin_return_address(0)) ? NULL : counted(real_aligned(alignment, size));
    return *out ? 0 : ENOMEM;
}

void free(void *block)
{
    if (!block || ((char *)block >= early && (char *)block < early + sizeof(early)))
        return;
    find_real();
    live--;
    real_free(block);
}

/* Those of the C library call its own malloc(): whoever asked would not be known. */
char *strndup(const char *text, size_t length)
{
    size_t size = strnlen(text, length);

    find_real();
    char *copy = fails(__builtin_return_address(0)) ? NULL : counted(real_malloc(size + 1));

    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;

    find_real();
    char *copy = fails(__builtin_return_address(0)) ? NULL : counted(real_malloc(size));

    return copy ? memcpy(copy, text, size) : NULL;
}

static int look_at_object(struct dl_phdr_info *object, size_t size, void *user)
{
    (void)size;
    (void)user;
    if (!strstr(object->dlpi_name, library.name))
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t from = object->dlpi_addr + part->p_vaddr;

        if (part->p_type != PT_LOAD)
            continue;
        library.from = !library.from || from < library.from ? from : library.from;
        library.to = from + part->p_memsz > library.to ? from + part->p_memsz : library.to;
    }
    return 1;
}

bool abi_memory_of(const char *name)
{
    library.name = name;
    (void)dl_iterate_phdr(look_at_object, NULL); /* tells what the function told last */
    return library.from;
}

void abi_memory_arm(long number)
{
    count = 0;
    target = number;
    armed = true;
}

bool abi_memory_disarm(void)
{
    armed = false;
    return count >= target;
}

long abi_memory_live(void)
{
    return live;
}
