/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/unit.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

static rk_arena *arena;

static void begin(void)
{
    arena = rk_arena_new();
    ck_assert_ptr_nonnull(arena);
}

static void end(void)
{
    rk_arena_free(arena);
    arena = NULL;
}

static const size_t sizes[] = {0,    1,    7,    15,   16,   17,     100,
                               1000, 2047, 2048, 2049, 8192, 100000, 1000000};

START_TEST(a_block_is_zeroed_aligned_and_writable)
{
    for (int i = 0; i < 100; i++) {
        unsigned char *block = rk_arena_alloc(arena, sizes[_i]);

        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % alignof(max_align_t), 0);
        for (size_t at = 0; at < sizes[_i]; at++)
            if (block[at] != 0)
                ck_abort_msg("byte %zu is not zero", at);
        memset(block, 0xff, sizes[_i]);
    }
}
END_TEST

START_TEST(blocks_do_not_overlap)
{
    unsigned char *blocks[500];

    for (size_t i = 0; i < RK_COUNT(blocks); i++) {
        blocks[i] = rk_arena_alloc(arena, i);
        memset(blocks[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < RK_COUNT(blocks); i++)
        for (size_t at = 0; at < i; at++)
            if (blocks[i][at] != (i & 0xff))
                ck_abort_msg("block %zu was overwritten", i);
}
END_TEST

START_TEST(many_small_blocks_take_few_allocations)
{
    unit_fail_allocation(0);
    for (int i = 0; i < 100000; i++)
        rk_arena_alloc(arena, 32);

    int allocations = unit_allocations();

    ck_assert_int_lt(allocations, 60);
}
END_TEST

START_TEST(a_large_block_leaves_the_shared_chunk_in_use)
{
    char *before = rk_arena_alloc(arena, 16);

    rk_arena_alloc(arena, 1000000);

    char *after = rk_arena_alloc(arena, 16);

    ck_assert_int_lt(after - before, 128);
    ck_assert_int_gt(after - before, 0);
}
END_TEST

START_TEST(an_arena_counts_what_it_handed_out)
{
    size_t before = rk_arena_used(arena);

    rk_arena_alloc(arena, 100);
    rk_arena_alloc(arena, 23);
    ck_assert_uint_eq(rk_arena_used(arena) - before, 123);
}
END_TEST

static char given_back[8];
static char letters[] = "abc";

static void note(void *letter)
{
    strncat(given_back, letter, 1);
}

START_TEST(deferred_objects_go_back_last_first)
{
    given_back[0] = '\0';
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(rk_arena_defer(arena, note, &letters[i]), 0);
    ck_assert_str_eq(given_back, "");
    rk_arena_free(arena);
    arena = NULL;
    ck_assert_str_eq(given_back, "cba");
}
END_TEST

START_TEST(without_memory_a_deferred_object_goes_back_at_once)
{
    given_back[0] = '\0';
    while (unit_without(1, rk_arena_alloc(arena, 16)))
        ;
    ck_assert_int_eq(unit_without(1, rk_arena_defer(arena, note, &letters[0])), -1);
    ck_assert_str_eq(given_back, "a");
}
END_TEST

START_TEST(no_memory_is_null)
{
    ck_assert_ptr_null(unit_without(1, rk_arena_new()));
    ck_assert_ptr_null(unit_without(1, rk_arena_alloc(arena, 100000)));
    ck_assert_ptr_null(rk_arena_alloc(arena, SIZE_MAX));
    ck_assert_ptr_null(rk_arena_alloc(arena, SIZE_MAX / 2 + 1));
}
END_TEST

START_TEST(an_arena_goes_on_after_an_allocation_that_failed)
{
    ck_assert_ptr_null(unit_without(1, rk_arena_alloc(arena, 100000)));
    ck_assert_ptr_nonnull(rk_arena_alloc(arena, 100000));
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
START_TEST(the_sanitizer_sees_an_overrun)
{
    char *block = rk_arena_alloc(arena, sizes[_i]);
    char *next = rk_arena_alloc(arena, sizes[_i]);

    ck_assert(__asan_address_is_poisoned(block + sizes[_i]));
    ck_assert(__asan_address_is_poisoned(next + sizes[_i]));
    ck_assert(!sizes[_i] || !__asan_address_is_poisoned(block + sizes[_i] - 1));
}
END_TEST
#endif

START_TEST(freeing_null_is_harmless)
{
    rk_arena_free(NULL);
}
END_TEST

UNIT_SUITE(base_arena)
{
    TCase *tcase = unit_case(suite, "arena");

    tcase_add_checked_fixture(tcase, begin, end);
    unit_table(tcase, a_block_is_zeroed_aligned_and_writable, sizes);
    tcase_add_test(tcase, blocks_do_not_overlap);
    tcase_add_test(tcase, many_small_blocks_take_few_allocations);
    tcase_add_test(tcase, a_large_block_leaves_the_shared_chunk_in_use);
    tcase_add_test(tcase, an_arena_counts_what_it_handed_out);
    tcase_add_test(tcase, deferred_objects_go_back_last_first);
    tcase_add_test(tcase, without_memory_a_deferred_object_goes_back_at_once);
    tcase_add_test(tcase, no_memory_is_null);
    tcase_add_test(tcase, an_arena_goes_on_after_an_allocation_that_failed);
    tcase_add_test(tcase, freeing_null_is_harmless);
#ifdef __SANITIZE_ADDRESS__
    unit_table(tcase, the_sanitizer_sees_an_overrun, sizes);
#endif
}
