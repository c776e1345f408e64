/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/token_cache.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "librenku/base/time.h"
#include "tests/unit/unit.h"

static rk_token_cache *cache;

static void make(size_t capacity, int keep_ms)
{
    ck_ok(rk_token_cache_new(&cache, op, capacity, keep_ms));
}

static rk_token_entry entry_of(const char **texts, size_t count)
{
    return (rk_token_entry){.count = count, .texts = texts};
}

static bool knows(const char *token)
{
    rk_token_entry entry;
    bool found;

    ck_ok(rk_token_cache_find(&entry, &found, op, cache, token));
    return found;
}

START_TEST(what_was_stored_is_found)
{
    const char *texts[] = {"id", NULL, "", "\303\244", NULL};
    rk_token_entry entry = entry_of(texts, RK_COUNT(texts));
    rk_token_entry found;
    bool known;

    make(8, 60000);
    entry.expires = RK_INT(rk_time_now() / 1000000 + 100);
    rk_token_cache_store(cache, "token", &entry);
    ck_ok(rk_token_cache_find(&found, &known, op, cache, "token"));
    ck_assert(known);
    ck_assert_uint_eq(found.count, RK_COUNT(texts));
    ck_assert_int_eq(found.expires.value, entry.expires.value);
    for (size_t i = 0; i < RK_COUNT(texts); i++)
        ck_assert_pstr_eq(found.texts[i], texts[i]);
    ck_assert(!knows("toke"));
    ck_assert(!knows("token2"));
    ck_assert(!knows(""));
    rk_token_cache_free(cache);
}
END_TEST

START_TEST(an_entry_is_replaced_by_a_newer_one)
{
    const char *one[] = {"one"}, *two[] = {"two", "more"};
    const rk_token_entry first = entry_of(one, 1), second = entry_of(two, 2);
    rk_token_entry found;
    bool known;

    make(8, 60000);
    rk_token_cache_store(cache, "token", &first);
    rk_token_cache_store(cache, "token", &second);
    ck_ok(rk_token_cache_find(&found, &known, op, cache, "token"));
    ck_assert_str_eq(found.texts[1], "more");
    ck_assert_uint_eq(rk_token_cache_count(cache), 1);
    rk_token_cache_free(cache);
}
END_TEST

/* Issue: never longer than the token */
START_TEST(an_entry_ends_with_its_token)
{
    const char *texts[] = {"id"};
    rk_token_entry entry = entry_of(texts, 1);

    make(8, 60000);
    entry.expires = RK_INT(rk_time_now() / 1000000);
    rk_token_cache_store(cache, "ended", &entry);
    ck_assert(!knows("ended"));
    ck_assert_uint_eq(rk_token_cache_count(cache), 0);
    entry.expires = RK_INT(rk_time_now() / 1000000 + 100);
    rk_token_cache_store(cache, "lives", &entry);
    ck_assert(knows("lives"));
    rk_token_cache_free(cache);
}
END_TEST

START_TEST(an_entry_ends_with_its_time)
{
    const char *texts[] = {"id"};
    const rk_token_entry entry = entry_of(texts, 1);

    make(8, 0);
    rk_token_cache_store(cache, "token", &entry);
    ck_assert(!knows("token"));
    rk_token_cache_free(cache);
}
END_TEST

/* Issue: bounded */
START_TEST(the_cache_does_not_grow)
{
    const char *texts[] = {"id"};
    const rk_token_entry entry = entry_of(texts, 1);

    make(64, 60000);
    for (int i = 0; i < 2000; i++)
        rk_token_cache_store(cache, rk_printf(op, "token-%d", i), &entry);
    ck_assert_uint_le(rk_token_cache_count(cache), 72);
    ck_assert_uint_ge(rk_token_cache_count(cache), 64);
    ck_assert(knows("token-1999"));
    rk_token_cache_free(cache);
}
END_TEST

/* One row of eight: what was used stays. */
START_TEST(the_longest_unused_entry_goes)
{
    const char *texts[] = {"id"};
    const rk_token_entry entry = entry_of(texts, 1);
    const struct timespec pause = {.tv_nsec = 3000000};

    make(1, 60000);
    for (int i = 0; i < 8; i++)
        rk_token_cache_store(cache, rk_printf(op, "%d", i), &entry);
    nanosleep(&pause, NULL);
    for (int i = 0; i < 8; i++)
        ck_assert(i == 3 || knows(rk_printf(op, "%d", i)));
    rk_token_cache_store(cache, "new", &entry);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(knows(rk_printf(op, "%d", i)), i != 3);
    rk_token_cache_free(cache);
}
END_TEST

static void *use(void *number)
{
    rk_op one;

    ck_assert_int_eq(rk_op_begin(&one), 0);
    for (int i = 0; i < 3000; i++) {
        const char *token = rk_printf(&one, "%d", i % 97);
        const char *texts[] = {token, number};
        const rk_token_entry entry = entry_of(texts, 2);
        rk_token_entry found;
        bool known;

        ck_assert_int_eq(rk_token_cache_find(&found, &known, &one, cache, token), 0);
        if (known)
            ck_assert_str_eq(found.texts[0], token);
        else
            rk_token_cache_store(cache, token, &entry);
    }
    rk_op_end(&one);
    return NULL;
}

START_TEST(threads_share_a_cache)
{
    pthread_t threads[4];
    char name[] = "x";

    make(32, 60000);
    for (size_t i = 0; i < RK_COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use, name), 0);
    for (size_t i = 0; i < RK_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    rk_token_cache_free(cache);
}
END_TEST

START_TEST(a_lack_of_memory_is_told)
{
    const char *texts[] = {"id"};
    const rk_token_entry entry = entry_of(texts, 1);

    make(8, 60000);
    unit_fail_allocation(1);
    rk_token_cache_store(cache, "token", &entry);
    unit_fail_allocation(0);
    ck_assert(!knows("token"));
    rk_token_cache_free(cache);
    for (int n = 1; n <= 2; n++) {
        unit_fail_allocation(n);
        int result = rk_token_cache_new(&cache, op, 8, 1);

        unit_fail_allocation(0);
        ck_fails(result, RK_ERR_NO_MEMORY);
        rk_error_clear(op);
    }
    rk_token_cache_free(NULL);
}
END_TEST

UNIT_SUITE(token_cache)
{
    TCase *tcase = unit_case(suite, "verified tokens");

    tcase_add_test(tcase, what_was_stored_is_found);
    tcase_add_test(tcase, an_entry_is_replaced_by_a_newer_one);
    tcase_add_test(tcase, an_entry_ends_with_its_token);
    tcase_add_test(tcase, an_entry_ends_with_its_time);
    tcase_add_test(tcase, the_cache_does_not_grow);
    tcase_add_test(tcase, the_longest_unused_entry_goes);
    tcase_add_test(tcase, threads_share_a_cache);
    tcase_add_test(tcase, a_lack_of_memory_is_told);
}
