/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/process.h"

#include <sys/mman.h>
#include <unistd.h>

enum { MARK_BYTES = sizeof(int) }; /* a page, since none is smaller */

/* So that nobody has to ask the kernel who they are each time. */
static int *new_mark(void)
{
    int *mark = mmap(NULL, MARK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (mark == MAP_FAILED)
        return NULL;
    if (madvise(mark, MARK_BYTES, MADV_WIPEONFORK) == 0) {
        *mark = 1;
        return mark;
    }
    (void)munmap(mark, MARK_BYTES); /* it is there */
    return NULL;
}

void rk_process_note(rk_process *out)
{
    *out = (rk_process){.id = getpid(), .mark = new_mark()};
}

void rk_process_forget(rk_process *process)
{
    if (process->mark)
        (void)munmap(process->mark, MARK_BYTES); /* it is there */
    *process = (rk_process){0};
}

bool rk_process_is_same(const rk_process *process)
{
    return process->mark ? *process->mark : process->id == getpid();
}
