/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* What a child, and a child of it, say. */
static bool is_same_in_child(const rk_process *process, int generations)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(generations > 1 ? is_same_in_child(process, generations - 1)
                              : rk_process_is_same(process));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status != 0;
}

START_TEST(a_child_is_another_process)
{
    rk_process process;

    rk_process_note(&process);
    ck_assert_ptr_nonnull(process.mark); /* of a kernel that can wipe a page at fork() */
    ck_assert(rk_process_is_same(&process));
    ck_assert(!is_same_in_child(&process, 1));
    ck_assert(!is_same_in_child(&process, 2));
    ck_assert(rk_process_is_same(&process));
    rk_process_forget(&process);
    ck_assert(!rk_process_is_same(&process));
}
END_TEST

START_TEST(a_child_is_another_process_without_a_mark)
{
    const rk_process process = {.id = getpid()};

    ck_assert(rk_process_is_same(&process));
    ck_assert(!is_same_in_child(&process, 1));
}
END_TEST

UNIT_SUITE(base_process)
{
    TCase *tcase = unit_case(suite, "fork()");

    tcase_add_test(tcase, a_child_is_another_process);
    tcase_add_test(tcase, a_child_is_another_process_without_a_mark);
}
