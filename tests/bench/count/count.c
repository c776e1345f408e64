/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what a program and its descendants ask of malloc (LD_PRELOAD): bytes and calls, in the
 * file BENCH_COUNTERS, two numbers of 64 bits. What is given back is not counted. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    uint64_t bytes, calls;
} counters;

static counters nowhere;
static counters *shared = &nowhere;

/* Those of glibc itself; reserved names, since that is what they are called there. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void count(size_t size)
{
    __atomic_fetch_add(&shared->bytes, size, __ATOMIC_RELAXED);
    __atomic_fetch_add(&shared->calls, 1, __ATOMIC_RELAXED);
}

/* In each program that the server becomes; its children inherit the mapping. */
__attribute__((constructor)) static void open_counters(void)
{
    const char *path = getenv("BENCH_COUNTERS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    void *memory = mmap(NULL, sizeof(counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (memory != MAP_FAILED)
        shared = memory;
    (void)close(fd); /* the mapping stays */
}

#pragma GCC visibility push(default)

void *malloc(size_t size)
{
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
    count(items * size);
    return __libc_calloc(items, size);
}

void *realloc(void *old, size_t size)
{
    count(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);

    if (!memory)
        return ENOMEM;
    *out = memory;
    return 0;
}
