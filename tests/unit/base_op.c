/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/op.h"

#include <stdint.h>
#include <string.h>

#include "tests/unit/unit.h"

/* Spec: foundations.md 4.2 */
static const struct {
    rk_err err;
    int code, status;
    bool quiet;
} errors[] = {
    {RK_ERR_BAD_REQUEST,     1400, 400, false},
    {RK_ERR_UNAUTHORIZED,    1401, 401, true },
    {RK_ERR_NO_CREDENTIALS,  1401, 401, true },
    {RK_ERR_INVALID_TOKEN,   1401, 401, true },
    {RK_ERR_FORBIDDEN,       1403, 403, true },
    {RK_ERR_NOT_PERMITTED,   1403, 403, true },
    {RK_ERR_COPY_CONNECTORS, 1403, 403, true },
    {RK_ERR_NOT_FOUND,       1404, 404, true },
    {RK_ERR_METHOD,          1405, 405, true },
    {RK_ERR_REQUEST_TIMEOUT, 1408, 408, true },
    {RK_ERR_CONFLICT,        1409, 409, false},
    {RK_ERR_STALE,           1409, 409, false},
    {RK_ERR_TOO_LARGE,       1413, 413, true },
    {RK_ERR_EXPECTATION,     1417, 417, true },
    {RK_ERR_INVALID,         1422, 422, false},
    {RK_ERR_PRECONDITION,    1428, 428, false},
    {RK_ERR_TOO_MANY_FIELDS, 1431, 431, true },
    {RK_ERR_INTERNAL,        1500, 500, false},
    {RK_ERR_CONFIGURATION,   1500, 500, false},
    {RK_ERR_RESPONSE,        1500, 500, false},
    {RK_ERR_DATABASE,        1500, 500, false},
    {RK_ERR_REMOTE,          1500, 500, false},
    {RK_ERR_NO_MEMORY,       1500, 500, false},
    {RK_ERR_RETRY,           1500, 500, false},
    {RK_ERR_EVENT,           1501, 500, false},
    {RK_ERR_UNAVAILABLE,     1503, 503, false},
    {RK_ERR_TIMEOUT,         1503, 503, false},
    {RK_ERR_HTTP_VERSION,    1505, 505, true },
    {RK_ERR_DECRYPTION,      1510, 500, false},
    {RK_ERR_SECRET_CREATION, 1511, 500, false},
    {RK_ERR_BUILD_START,     1512, 500, false},
    {RK_ERR_CANCELLED,       1513, 500, false},
    {RK_ERR_THIRD_PARTY,     1514, 500, false},
    {RK_ERR_STORAGE,         1422, 422, true },
    {RK_ERR_KUBERNETES,      1500, 500, false},
};

START_TEST(an_error_has_the_code_and_status_of_the_contract)
{
    const rk_error_row *row = rk_error_row_of(errors[_i].err);

    ck_assert_int_lt(errors[_i].err, 0);
    ck_assert_int_eq(row->code, errors[_i].code);
    ck_assert_int_eq(row->status, errors[_i].status);
    ck_assert_int_eq(row->quiet, errors[_i].quiet);
    ck_assert_str_ne(row->message, "");
}
END_TEST

START_TEST(the_table_of_errors_is_complete_and_its_names_are_unique)
{
    ck_assert_int_eq(RK_ERR_END_ - RK_ERR_FIRST_ - 1, (int)RK_COUNT(errors));
    for (int one = RK_ERR_FIRST_ + 1; one < RK_ERR_END_; one++)
        for (int other = one + 1; other < RK_ERR_END_; other++)
            ck_assert_str_ne(rk_error_row_of(one)->name, rk_error_row_of(other)->name);
}
END_TEST

static const int no_errors[] = {0, 1, 404, RK_ERR_FIRST_, RK_ERR_END_, -1, INT32_MIN, INT32_MAX};

START_TEST(what_is_no_error_counts_as_internal)
{
    ck_assert_str_eq(rk_error_row_of(no_errors[_i])->name, "INTERNAL");
}
END_TEST

START_TEST(a_failure_stands_in_the_slot)
{
    ck_fails(rk_fail(op, RK_ERR_NOT_FOUND, "Project \"%s\" is not there.", "x"), RK_ERR_NOT_FOUND);
    ck_assert_str_eq(op->error.message, "Project \"x\" is not there.");
    ck_assert_ptr_null(op->error.detail);
}
END_TEST

START_TEST(a_default_failure_has_the_message_of_its_row)
{
    ck_fails(rk_fail_default(op, RK_ERR_STALE), RK_ERR_STALE);
    ck_assert_str_eq(op->error.message, rk_error_row_of(RK_ERR_STALE)->message);
}
END_TEST

START_TEST(the_first_failure_stays)
{
    (void)rk_fail(op, RK_ERR_INVALID, "first");
    ck_fails(rk_fail(op, RK_ERR_CONFLICT, "second"), RK_ERR_INVALID);
    ck_fails(rk_fail_default(op, RK_ERR_CONFLICT), RK_ERR_INVALID);
    ck_assert_str_eq(op->error.message, "first");
}
END_TEST

START_TEST(a_detail_joins_the_failure)
{
    (void)rk_fail(op, RK_ERR_STALE, "It has changed.");
    ck_fails(rk_fail_detail(op, "Read it %s.", "again"), RK_ERR_STALE);
    ck_assert_str_eq(op->error.detail, "Read it again.");
    ck_fails(rk_fail_detail(op, "Something else."), RK_ERR_STALE);
    ck_assert_str_eq(op->error.detail, "Read it again.");
}
END_TEST

START_TEST(a_cleared_slot_takes_the_next_failure)
{
    (void)rk_fail(op, RK_ERR_INVALID, "first");
    (void)rk_fail_detail(op, "detail");
    rk_error_clear(op);
    ck_assert_int_eq(op->error.err, 0);
    ck_assert_ptr_null(op->error.message);
    ck_fails(rk_fail(op, RK_ERR_CONFLICT, "second"), RK_ERR_CONFLICT);
    ck_assert_ptr_null(op->error.detail);
}
END_TEST

#ifndef RK_DEBUG
START_TEST(a_detail_without_failure_is_an_internal_error)
{
    ck_fails(rk_fail_detail(op, "detail"), RK_ERR_INTERNAL);
}
END_TEST
#endif

/* Takes all memory that the arena has left. */
static void exhaust(void)
{
    while (unit_without(1, rk_arena_alloc(op->arena, 1)))
        ;
}

START_TEST(no_memory_replaces_any_other_failure)
{
    exhaust();
    ck_fails(unit_without(1, rk_fail(op, RK_ERR_INVALID, "x")), RK_ERR_NO_MEMORY);
    rk_error_clear(op);
    (void)rk_fail_default(op, RK_ERR_INVALID);
    ck_fails(unit_without(1, rk_fail_detail(op, "x")), RK_ERR_NO_MEMORY);
    ck_assert_ptr_null(op->error.detail);
}
END_TEST

START_TEST(an_allocation_that_fails_says_so_in_the_slot)
{
    exhaust();
    ck_assert_ptr_null(unit_without(1, rk_new(op, int)));
    ck_assert_int_eq(op->error.err, RK_ERR_NO_MEMORY);
    ck_assert_ptr_null(unit_without(1, rk_strdup(op, "text")));
    ck_assert_ptr_null(unit_without(1, rk_strndup(op, "text", 2)));
    ck_assert_ptr_null(unit_without(1, rk_printf(op, "%d", 1)));
    ck_assert_ptr_null(unit_without(1, rk_printf(op, "%1000d", 1)));
}
END_TEST

START_TEST(a_size_that_overflows_is_no_memory)
{
    ck_assert_ptr_null(rk_alloc(op, SIZE_MAX / 2, 4));
    ck_assert_int_eq(op->error.err, RK_ERR_NO_MEMORY);
}
END_TEST

START_TEST(an_operation_without_memory_begins_with_the_failure)
{
    rk_op other;

    ck_assert_int_eq(unit_without(1, rk_op_begin(&other)), -1);
    ck_assert_int_eq(other.error.err, RK_ERR_NO_MEMORY);
    ck_assert_str_eq(other.error.message, "Out of memory");
    ck_assert_ptr_null(rk_new(&other, int));
    rk_op_end(&other);
}
END_TEST

START_TEST(texts_are_copied)
{
    char text[] = "abc";
    char *whole = rk_strdup(op, text);
    char *part = rk_strndup(op, text, 2);

    text[0] = 'x';
    ck_assert_str_eq(whole, "abc");
    ck_assert_str_eq(part, "ab");
}
END_TEST

static const int lengths[] = {0, 1, 254, 255, 256, 257, 5000};

START_TEST(a_printed_text_has_any_length)
{
    char *text = rk_printf(op, "%*s", lengths[_i], "");

    ck_assert_uint_eq(strlen(text), (size_t)lengths[_i]);
}
END_TEST

START_TEST(an_array_is_zeroed)
{
    int *numbers = rk_new_array(op, int, 1000);

    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(numbers[i], 0);
}
END_TEST

static int passes_on(int result)
{
    RK_TRY(result);
    return 0;
}

static int checks(const void *pointer)
{
    RK_CHECK(pointer);
    return 0;
}

START_TEST(try_and_check_pass_failures_on)
{
    ck_assert_int_eq(passes_on(RK_ERR_STALE), RK_ERR_STALE);
    ck_assert_int_eq(passes_on(0), 0);
    ck_assert_int_eq(passes_on(3), 0);
    ck_assert_int_eq(checks(NULL), RK_ERR_NO_MEMORY);
    ck_assert_int_eq(checks(""), 0);
}
END_TEST

typedef struct {
    int freed;
} lamp;

static void lamp_free(lamp *object)
{
    if (object)
        object->freed++;
}

RK_AUTO_DEFINE(lamp, lamp_free)

static lamp *keep(lamp *object, bool taken)
{
    RK_AUTO(lamp) *mine = object;

    return taken ? RK_TAKE(mine) : NULL;
}

START_TEST(a_handle_goes_back_at_the_end_of_its_block_unless_taken)
{
    lamp object = {0};

    ck_assert_ptr_eq(keep(&object, true), &object);
    ck_assert_int_eq(object.freed, 0);
    ck_assert_ptr_null(keep(&object, false));
    ck_assert_int_eq(object.freed, 1);
}
END_TEST

typedef struct {
    double share;
    char what[200];
} told;

static void hear(void *user, double share, const char *what)
{
    told *last = user;

    last->share = share;
    ck_assert_uint_lt(strlen(what), sizeof(last->what));
    memcpy(last->what, what, strlen(what) + 1);
}

START_TEST(a_watcher_hears_how_far_work_is)
{
    told last = {0};

    rk_op_tell(op, 1, 4, "nobody hears %s", "this");
    op->watcher = (rk_watcher){hear, &last};
    rk_op_tell(op, 1, 4, "piece %d", 2);
    ck_assert_double_eq(last.share, 0.25);
    ck_assert_str_eq(last.what, "piece 2");
    rk_op_tell(op, 7, 7, "done");
    ck_assert_double_eq(last.share, 1);
    rk_op_tell(op, 0, 0, "%0200d", 1);
    ck_assert_double_eq(last.share, 1);
    ck_assert_uint_eq(strlen(last.what), 159);
}
END_TEST

START_TEST(a_part_has_the_surroundings_of_the_operation_and_its_own_memory)
{
    rk_op part;

    op->request_id = "request";
    op->deadline_ms = 5;
    ck_assert_int_eq(rk_op_begin_part(&part, op), 0);
    ck_assert_str_eq(part.request_id, "request");
    ck_assert_int_eq(part.deadline_ms, 5);
    ck_assert_ptr_ne(part.arena, op->arena);
    ck_assert_int_eq(rk_op_end_part(&part, op, 7), 7);
    ck_assert_int_eq(op->error.err, 0);
}
END_TEST

START_TEST(what_fails_in_a_part_fails_in_the_operation)
{
    rk_op part;

    ck_assert_int_eq(rk_op_begin_part(&part, op), 0);
    int result = rk_fail(&part, RK_ERR_REMOTE, "away: %d", 5);

    ck_fails(rk_op_end_part(&part, op, result), RK_ERR_REMOTE);
    ck_assert_str_eq(op->error.message, "away: 5");
}
END_TEST

START_TEST(a_part_without_memory_says_so_in_the_operation)
{
    rk_op part;

    ck_fails(unit_without(1, rk_op_begin_part(&part, op)), RK_ERR_NO_MEMORY);
}
END_TEST

START_TEST(a_list_grows_and_keeps_its_items)
{
    int *items = NULL;
    size_t room = 0;

    for (int i = 0; i < 1000; i++) {
        items = rk_grow(op, items, (size_t)i, &room, sizeof(*items));
        ck_assert_ptr_nonnull(items);
        ck_assert_uint_gt(room, (size_t)i);
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(items[i], i);
    ck_assert_uint_eq(room, 1024);
}
END_TEST

UNIT_SUITE(base_op)
{
    TCase *tcase = unit_case(suite, "foundations.md 4.2");

    unit_table(tcase, an_error_has_the_code_and_status_of_the_contract, errors);
    tcase_add_test(tcase, the_table_of_errors_is_complete_and_its_names_are_unique);
    unit_table(tcase, what_is_no_error_counts_as_internal, no_errors);

    tcase = unit_case(suite, "failures");
    tcase_add_test(tcase, a_failure_stands_in_the_slot);
    tcase_add_test(tcase, a_default_failure_has_the_message_of_its_row);
    tcase_add_test(tcase, the_first_failure_stays);
    tcase_add_test(tcase, a_detail_joins_the_failure);
    tcase_add_test(tcase, a_cleared_slot_takes_the_next_failure);
#ifndef RK_DEBUG
    tcase_add_test(tcase, a_detail_without_failure_is_an_internal_error);
#endif

    tcase = unit_case(suite, "parts");
    tcase_add_test(tcase, a_watcher_hears_how_far_work_is);
    tcase_add_test(tcase, a_part_has_the_surroundings_of_the_operation_and_its_own_memory);
    tcase_add_test(tcase, what_fails_in_a_part_fails_in_the_operation);
    tcase_add_test(tcase, a_part_without_memory_says_so_in_the_operation);

    tcase = unit_case(suite, "memory");
    tcase_add_test(tcase, no_memory_replaces_any_other_failure);
    tcase_add_test(tcase, an_allocation_that_fails_says_so_in_the_slot);
    tcase_add_test(tcase, a_size_that_overflows_is_no_memory);
    tcase_add_test(tcase, an_operation_without_memory_begins_with_the_failure);
    tcase_add_test(tcase, texts_are_copied);
    unit_table(tcase, a_printed_text_has_any_length, lengths);
    tcase_add_test(tcase, an_array_is_zeroed);
    tcase_add_test(tcase, a_list_grows_and_keeps_its_items);

    tcase = unit_case(suite, "macros");
    tcase_add_test(tcase, try_and_check_pass_failures_on);
    tcase_add_test(tcase, a_handle_goes_back_at_the_end_of_its_block_unless_taken);
}
