/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_BUF_H
#define RK_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "librenku/base/op.h"

/* A growing text in the arena of an operation, always NUL-terminated. Additions after a failure do
 * nothing: check once, with rk_buf_finish. */
typedef struct {
    rk_op *op;
    char *text;
    size_t length;
    size_t capacity;
    bool failed;
} rk_buf;

void rk_buf_begin(rk_buf *buf, rk_op *op, size_t expected_bytes);
bool rk_buf_grow(rk_buf *buf, size_t more);
/* Room for @p more bytes and the NUL behind them, which the caller may write at text + length;
 * false after a failure. */
static inline bool rk_buf_reserve(rk_buf *buf, size_t more)
{
    return more < buf->capacity - buf->length || rk_buf_grow(buf, more);
}
void rk_buf_add(rk_buf *buf, const void *bytes, size_t length);
void rk_buf_text(rk_buf *buf, const char *text);
static inline void rk_buf_char(rk_buf *buf, char c)
{
    if (!rk_buf_reserve(buf, 1))
        return;
    buf->text[buf->length++] = c;
    buf->text[buf->length] = '\0';
}
void rk_buf_printf(rk_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 0, or NO_MEMORY when any addition failed. */
int rk_buf_finish(const rk_buf *buf);

/* JSON output, byte for byte. Spec: foundations.md 10.4 */
void rk_buf_json_text(rk_buf *buf, const char *text);
void rk_buf_json_text_n(rk_buf *buf, const char *text, size_t length);
void rk_buf_json_int(rk_buf *buf, int64_t value);
void rk_buf_json_number(rk_buf *buf, double value);
void rk_buf_json_bool(rk_buf *buf, bool value);

#endif
