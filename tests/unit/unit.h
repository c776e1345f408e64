/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stddef.h>

#include "librenku/base/op.h"

/* A suite announces itself: write UNIT_SUITE(room) { ... } at the end of its file, with the
 * variable `suite` in scope, and name the file in tests/local.mk. That is all. */
#define UNIT_SUITE(name)                                                                           \
    static void name##_cases(Suite *suite);                                                        \
    __attribute__((constructor)) static void name##_announce(void)                                 \
    {                                                                                              \
        unit_announce(#name, name##_cases);                                                        \
    }                                                                                              \
    static void name##_cases(Suite *suite)

void unit_announce(const char *name, void (*add_cases)(Suite *suite));

/* The operation of the running test: fresh for each, ended after it. */
extern rk_op *op;

/* A case of the suite: one section of the specification. Its tests find a fresh `op`. */
TCase *unit_case(Suite *suite, const char *section);
/* Adds a test that runs once per row of a table, with the row's number in _i. */
#define unit_table(tcase, test, rows) tcase_add_loop_test((tcase), (test), 0, (int)RK_COUNT(rows))

/* Lets the n-th allocation from now on fail, and all after it; 0 lets none fail. Check's assertions
 * allocate too: set it back to 0 before them, or use unit_without(). */
void unit_fail_allocation(int n);
/* Allocations since the last call of unit_fail_allocation(). */
int unit_allocations(void);
/* The value of a call during which the n-th allocation and all after it fail. */
#define unit_without(n, call)                                                                      \
    __extension__({                                                                                \
        unit_fail_allocation(n);                                                                   \
        __typeof__(call) unit_value_ = (call);                                                     \
        unit_fail_allocation(0);                                                                   \
        unit_value_;                                                                               \
    })

/* Runs it in operations of their own, each of which lacks memory from its n-th allocation on, for
 * every n there is: none may go unnoticed. */
void unit_lack_memory(int (*run)(rk_op *fresh, void *user), void *user);

/* The call succeeds; else the message of the operation is shown. */
#define ck_ok(call) ck_assert_msg((call) == 0, "%s: %s", #call, op->error.message)
/* The call fails with this error, and the slot says so. */
#define ck_fails(call, expected)                                                                   \
    do {                                                                                           \
        ck_assert_int_eq((call), (expected));                                                      \
        ck_assert_int_eq(op->error.err, (expected));                                               \
        ck_assert_ptr_nonnull(op->error.message);                                                  \
    } while (0)

#endif
