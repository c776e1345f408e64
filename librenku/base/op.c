/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/op.h"

#ifdef __clang_analyzer__
#undef rk_fail
#undef rk_fail_default
#undef rk_fail_detail
#undef rk_fail_in
#endif

#include <stdio.h>
#include <string.h>

#include "librenku/base/cancel.h"
#include "librenku/base/time.h"

/* Needs no memory. What failed before stands no longer: without memory nothing of it could be told.
 */
enum { ROOM_FIRST = 64, TOLD_MAX = 160 };

static int out_of_memory(rk_op *op)
{
    op->error = (rk_error){RK_ERR_NO_MEMORY, rk_error_row_of(RK_ERR_NO_MEMORY)->message, NULL};
    return RK_ERR_NO_MEMORY;
}

int rk_op_begin(rk_op *op)
{
    *op = (rk_op){.arena = rk_arena_new()};
    if (op->arena)
        return 0;
    (void)out_of_memory(op); /* the answer of this function is -1 */
    return -1;
}

void rk_op_end(rk_op *op)
{
    rk_arena_free(op->arena);
    *op = (rk_op){0};
}

int rk_op_begin_part(rk_op *part, rk_op *op)
{
    rk_op own;

    if (rk_op_begin(&own) < 0)
        return out_of_memory(op);
    *part = *op;
    part->arena = own.arena;
    part->error = own.error;
    part->session = NULL;
    part->ticket = NULL;
    part->reply = NULL;
    memset(part->checked, 0, sizeof part->checked);
    return 0;
}

int rk_op_end_part(rk_op *part, rk_op *op, int result)
{
    if (result < 0)
        result = rk_fail(op, part->error.err, "%s", part->error.message);
    rk_op_end(part);
    return result;
}

int rk_op_may_wait(const rk_op *op)
{
    return op->ticket ? RK_SUSPENDED : 0;
}

int rk_fail(rk_op *op, rk_err err, const char *format, ...)
{
    if (op->error.err)
        return op->error.err;

    va_list arguments;

    va_start(arguments, format);
    char *message = rk_vprintf(op, format, arguments);
    va_end(arguments);
    RK_CHECK(message);
    op->error = (rk_error){err, message, NULL};
    return err;
}

int rk_fail_default(rk_op *op, rk_err err)
{
    if (!op->error.err)
        op->error = (rk_error){err, rk_error_row_of(err)->message, NULL};
    return op->error.err;
}

int rk_fail_detail(rk_op *op, const char *format, ...)
{
    RK_ASSERT(op->error.err);
    if (op->error.detail)
        return op->error.err;

    va_list arguments;

    va_start(arguments, format);
    char *detail = rk_vprintf(op, format, arguments);
    va_end(arguments);
    RK_CHECK(detail);
    op->error.detail = detail;
    return op->error.err;
}

int rk_fail_in(rk_op *op, const char *place)
{
    RK_ASSERT(op->error.err);
    char *message = rk_printf(op, "%s: %s", place, op->error.message);

    RK_CHECK(message);
    op->error.message = message;
    return op->error.err;
}

void rk_error_clear(rk_op *op)
{
    op->error = (rk_error){0};
}

int rk_op_check(rk_op *op)
{
    return rk_op_check_at(op, rk_time_monotonic_ms());
}

int rk_op_check_at(rk_op *op, int64_t now_ms)
{
    if (rk_cancel_is_set(op->cancel))
        return rk_fail_default(op, RK_ERR_CANCELLED);
    if (op->deadline_ms && now_ms >= op->deadline_ms)
        return rk_fail_default(op, RK_ERR_TIMEOUT);
    return 0;
}

void rk_op_tell(const rk_op *op, int64_t done, int64_t all, const char *format, ...)
{
    char what[TOLD_MAX];
    va_list arguments;

    if (!op->watcher.tell)
        return;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments); /* a longer one is cut */
    va_end(arguments);
    op->watcher.tell(op->watcher.user, done < all ? (double)done / (double)all : 1, what);
}

void *rk_alloc(rk_op *op, size_t count, size_t size_bytes)
{
    size_t total;

    if (__builtin_mul_overflow(count, size_bytes, &total))
        total = SIZE_MAX; /* more than there is */

    void *block = rk_alloc_raw(op, total);

    return block ? memset(block, 0, total) : NULL;
}

void *rk_alloc_raw(rk_op *op, size_t size_bytes)
{
    void *block = op->arena ? rk_arena_take(op->arena, size_bytes) : NULL;

    if (!block)
        (void)out_of_memory(op); /* NULL says it */
    return block;
}

void *rk_grow(rk_op *op, void *items, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room ? 2 * *room : ROOM_FIRST;

    if (count < *room)
        return items;
    void *grown = rk_alloc(op, wanted, size);

    if (!grown)
        return NULL;
    if (count)
        memcpy(grown, items, count * size);
    *room = wanted;
    return grown;
}

char *rk_strdup(rk_op *op, const char *text)
{
    return rk_strndup(op, text, strlen(text));
}

char *rk_strndup(rk_op *op, const char *text, size_t length)
{
    char *copy = rk_alloc_raw(op, length + 1);

    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *rk_printf(rk_op *op, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *text = rk_vprintf(op, format, arguments);
    va_end(arguments);
    return text;
}

char *rk_vprintf(rk_op *op, const char *format, va_list arguments)
{
    char short_text[256];
    va_list again;

    va_copy(again, arguments);
    int length = vsnprintf(short_text, sizeof short_text, format, arguments);
    char *text = NULL;

    if (length < 0)
        (void)out_of_memory(op); /* longer than INT_MAX */
    else if ((size_t)length < sizeof short_text)
        text = rk_strndup(op, short_text, (size_t)length);
    else if ((text = rk_alloc(op, (size_t)length + 1, 1)))
        (void)vsnprintf(text, (size_t)length + 1, format, again); /* the length is known */
    va_end(again);
    return text;
}
