/* SPDX-License-Identifier: Apache-2.0 */
/* Runs all suites. CK_RUN_SUITE=name runs one, CK_FORK=no keeps all in one process. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

enum { SUITES_MAX = 256, TIMEOUT_S = 60 };

static struct {
    const char *name;
    void (*add_cases)(Suite *suite);
} suites[SUITES_MAX];
static int suite_count;

static rk_op operation;
rk_op *op;

static int allocations;
static int failing_from;

void unit_announce(const char *name, void (*add_cases)(Suite *suite))
{
    if (suite_count == SUITES_MAX)
        abort();
    suites[suite_count].name = name;
    suites[suite_count++].add_cases = add_cases;
}

static void begin(void)
{
    unit_fail_allocation(0);
    ck_assert_int_eq(rk_op_begin(&operation), 0);
    op = &operation;
}

static void end(void)
{
    unit_fail_allocation(0);
    rk_op_end(&operation);
}

TCase *unit_case(Suite *suite, const char *section)
{
    TCase *tcase = tcase_create(section);

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, TIMEOUT_S);
    suite_add_tcase(suite, tcase);
    return tcase;
}

void unit_fail_allocation(int n)
{
    allocations = 0;
    failing_from = n;
}

int unit_allocations(void)
{
    return allocations;
}

void unit_lack_memory(int (*run)(rk_op *fresh, void *user), void *user)
{
    int used = 0;

    for (int n = 1; used >= n - 1; n++) {
        rk_op fresh;

        unit_fail_allocation(n);
        int result = rk_op_begin(&fresh);

        if (result == 0)
            result = run(&fresh, user);
        used = unit_allocations();
        unit_fail_allocation(0);
        rk_op_end(&fresh);
        ck_assert_msg((used < n) == (result == 0), "allocation %d of %d: %d", n, used, result);
    }
}

/* The linker sends the allocations of the library here. */
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);

static int fails(size_t size)
{
    int n = __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);

    return (failing_from > 0 && n >= failing_from) || size > PTRDIFF_MAX / 4;
}

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(size) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return fails(size) ? NULL : __real_realloc(block, size);
}

static int by_name(const void *one, const void *other)
{
    const char *const *a = one;
    const char *const *b = other;

    return strcmp(*a, *b);
}

int main(void)
{
    SRunner *runner = srunner_create(NULL);

    qsort(suites, (size_t)suite_count, sizeof suites[0], by_name);
    for (int i = 0; i < suite_count; i++) {
        Suite *suite = suite_create(suites[i].name);

        suites[i].add_cases(suite);
        srunner_add_suite(runner, suite);
    }
    srunner_run_all(runner, CK_ENV);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
