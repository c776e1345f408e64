/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/patterns.h"

#include <string.h>

#include "tests/unit/unit.h"

static const rk_pattern_source some[] = {
    {"^(?!.*\\.git$|.*[\\-._][\\-._].*)[a-z0-9][a-z0-9\\-_.]*$", false},
    {"^[a-z]+$",                                                 true },
    {"^([a-z]+)+$",                                              false},
    {"^(a|b)*$",                                                 false},
};

START_TEST(without_memory_no_patterns_are_compiled)
{
    rk_patterns *made = NULL;

    for (int n = 1; n < 200; n++) {
        rk_error_clear(op);
        int result = unit_without(n, rk_patterns_compile(&made, op, some, RK_COUNT(some)));

        if (result == 0)
            break;
        ck_assert_int_eq(result, RK_ERR_NO_MEMORY);
    }
    ck_assert_ptr_nonnull(made);
    rk_patterns_free(made);
}
END_TEST

START_TEST(a_pattern_that_is_none_is_refused)
{
    const rk_pattern_source bad = {"(", false};
    rk_patterns *made;

    ck_fails(rk_patterns_compile(&made, op, &bad, 1), RK_ERR_INTERNAL);
    ck_assert_ptr_nonnull(strstr(op->error.message, "'('"));
}
END_TEST

/* Spec: foundations.md 5.3 */
START_TEST(the_patterns_of_the_rooms_compile)
{
    rk_patterns *made;

    ck_ok(rk_patterns_new(&made, op));
    rk_patterns_free(made);
}
END_TEST

/* What apigen tells as runs, and the pattern itself. Texts are made of few characters, so that many
 * fit for a while. */
START_TEST(runs_say_what_their_pattern_says)
{
    static const char *const letters[] = {"0", "7", "8", "a", "Z",  "I",
                                          "-", "_", ".", "/", "\n", "\xc3\xa4"};
    rk_pattern_source plain = rk_pattern_sources[_i];
    rk_matcher fast = {.op = op}, slow = {.op = op};
    rk_patterns *told, *compiled;
    uint64_t state = 1;

    plain.runs = NULL;
    ck_ok(rk_patterns_compile(&told, op, &rk_pattern_sources[_i], 1));
    ck_ok(rk_patterns_compile(&compiled, op, &plain, 1));
    fast.patterns = told;
    slow.patterns = compiled;
    for (int n = 0; n < 20000; n++) {
        char made[128] = "";
        bool one, other;

        for (uint64_t left = state >> 32 & 31, most = (state >> 40) % 12 + 1; left; left--) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            strcat(made, letters[(state >> 33) % most]);
        }
        state = state * 6364136223846793005u + 1442695040888963407u;
        ck_ok(rk_matcher_find(&one, &fast, 0, made, strlen(made)));
        ck_ok(rk_matcher_find(&other, &slow, 0, made, strlen(made)));
        ck_assert_msg(one == other, "%s: '%s'", plain.text, made);
    }
    rk_patterns_free(told);
    rk_patterns_free(compiled);
}
END_TEST

UNIT_SUITE(http_patterns)
{
    TCase *compiling = unit_case(suite, "foundations.md 5.3");
    TCase *memory = unit_case(suite, "memory");

    tcase_add_test(compiling, a_pattern_that_is_none_is_refused);
    tcase_add_test(compiling, the_patterns_of_the_rooms_compile);
    tcase_add_loop_test(compiling, runs_say_what_their_pattern_says, 0, rk_pattern_source_count);
    tcase_add_test(memory, without_memory_no_patterns_are_compiled);
}
