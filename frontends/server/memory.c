/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

typedef struct rk_mapping {
    uintptr_t from, to;
    bool is_file; /* private, and not to be written */
} rk_mapping;

static bool parse_mapping(rk_mapping *mapping, const char *line)
{
    unsigned long from, to;
    char rights[5];
    int path = 0;

    if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &from, &to, rights, &path) != 3)
        return false;
    *mapping =
        (rk_mapping){from, to, rights[1] == '-' && rights[3] == 'p' && path && line[path] == '/'};
    return true;
}

void rk_memory_release(void)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    rk_mapping mapping = {0};
    char line[512];

    while (smaps && fgets(line, sizeof(line), smaps)) {
        if (parse_mapping(&mapping, line) || !mapping.is_file)
            continue;
        /* A page that differs from its file, as relocations make it, would be lost: such mappings
         * stay. */
        if (strncmp(line, "Anonymous:", 10) == 0 && strstr(line, " 0 kB"))
            (void)madvise((void *)mapping.from, mapping.to - mapping.from, MADV_DONTNEED);
    }
    if (smaps)
        fclose(smaps);
}
