/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/buf.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

enum { SMALLEST_BYTES = 64, NUMBER_MAX = 40 };

typedef signed char block __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

static const char hex_digits[] = "0123456789abcdef";

/* From here on nothing has room. */
static bool fail(rk_buf *buf)
{
    buf->failed = true;
    buf->capacity = buf->length;
    return false;
}

static bool fail_too_long(rk_buf *buf)
{
    (void)rk_fail_default(buf->op, RK_ERR_NO_MEMORY); /* rk_buf_finish tells */
    return fail(buf);
}

void rk_buf_begin(rk_buf *buf, rk_op *op, size_t expected_bytes)
{
    size_t capacity = expected_bytes < SMALLEST_BYTES ? SMALLEST_BYTES : expected_bytes + 1;

    *buf = (rk_buf){.op = op, .text = rk_alloc_raw(op, capacity), .capacity = capacity};
    if (buf->text)
        buf->text[0] = '\0';
    else
        (void)fail(buf); /* rk_buf_finish tells */
}

bool rk_buf_grow(rk_buf *buf, size_t more)
{
    size_t wanted;

    if (buf->failed)
        return false;
    if (__builtin_add_overflow(buf->length + 1, more, &wanted))
        return fail_too_long(buf);
    if (wanted < buf->capacity * 2)
        wanted = buf->capacity * 2;

    char *text = rk_alloc_raw(buf->op, wanted);

    if (!text)
        return fail(buf);
    memcpy(text, buf->text, buf->length + 1);
    buf->text = text;
    buf->capacity = wanted;
    return true;
}

void rk_buf_add(rk_buf *buf, const void *bytes, size_t length)
{
    if (length == 0 || !rk_buf_reserve(buf, length))
        return;
    memcpy(buf->text + buf->length, bytes, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void rk_buf_text(rk_buf *buf, const char *text)
{
    if (text)
        rk_buf_add(buf, text, strlen(text));
}

__attribute__((format(printf, 2, 0))) static void add_formatted(rk_buf *buf, const char *format,
                                                                va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);

    if (length < 0) {
        (void)fail_too_long(buf); /* than INT_MAX */
    } else if (rk_buf_reserve(buf, (size_t)length)) {
        (void)vsnprintf(buf->text + buf->length, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
}

void rk_buf_printf(rk_buf *buf, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_formatted(buf, format, arguments);
    va_end(arguments);
}

int rk_buf_finish(const rk_buf *buf)
{
    return buf->failed ? RK_ERR_NO_MEMORY : 0;
}

static void add_unit(rk_buf *buf, unsigned unit)
{
    char escape[6] = {'\\', 'u'};

    for (int i = 0; i < 4; i++)
        escape[2 + i] = hex_digits[unit >> (12 - 4 * i) & 15];
    rk_buf_add(buf, escape, sizeof escape);
}

static void add_code_point(rk_buf *buf, unsigned code)
{
    if (code < 0x10000) {
        add_unit(buf, code);
        return;
    }
    add_unit(buf, 0xd800 + ((code - 0x10000) >> 10));
    add_unit(buf, 0xdc00 + ((code - 0x10000) & 0x3ff));
}

/* Reads one code point and says how many bytes it takes; U+FFFD for a byte that starts none. */
static size_t next_code_point(unsigned *code, const unsigned char *bytes, size_t length)
{
    utf8proc_int32_t found;
    utf8proc_ssize_t count = utf8proc_iterate(bytes, (utf8proc_ssize_t)length, &found);

    *code = count > 0 ? (unsigned)found : 0xfffd;
    return count > 0 ? (size_t)count : 1;
}

/* A character below 0x80 that cannot stand as it is. */
static void add_escaped_ascii(rk_buf *buf, unsigned char c)
{
    static const char letters[][2] = {
        {'\b', 'b' },
        {'\t', 't' },
        {'\n', 'n' },
        {'\f', 'f' },
        {'\r', 'r' },
        {'"',  '"' },
        {'\\', '\\'}
    };

    for (size_t i = 0; i < RK_COUNT(letters); i++) {
        if (letters[i][0] != (char)c)
            continue;
        rk_buf_add(buf, (const char[]){'\\', letters[i][1]}, 2);
        return;
    }
    add_unit(buf, c);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Marks the bytes that need an escape. Compared as signed numbers, those from 0x80 are below a
 * blank as well. */
static block marks_of(block sixteen)
{
    return (sixteen < ' ') | (sixteen == '"') | (sixteen == '\\') | (sixteen == 0x7f);
}

static bool is_unmarked(block marks)
{
    halves of = (halves)marks;

    return (of[0] | of[1]) == 0;
}

static block block_at(const char *text)
{
    block sixteen;

    memcpy(&sixteen, text, sizeof sixteen);
    return sixteen;
}

static block copy_block(char *to, const char *text)
{
    const block sixteen = block_at(text);

    memcpy(to, &sixteen, sizeof sixteen);
    return sixteen;
}

/* Fewer than sixteen bytes, but one at least; some of them come several times. */
static block copy_short(char *to, const char *text, size_t length)
{
    uint64_t head, tail;
    uint32_t low, high;

    if (length >= sizeof head) {
        memcpy(&head, text, sizeof head);
        memcpy(&tail, text + length - sizeof tail, sizeof tail);
        memcpy(to, &head, sizeof head);
        memcpy(to + length - sizeof tail, &tail, sizeof tail);
    } else if (length >= sizeof low) {
        memcpy(&low, text, sizeof low);
        memcpy(&high, text + length - sizeof high, sizeof high);
        memcpy(to, &low, sizeof low);
        memcpy(to + length - sizeof high, &high, sizeof high);
        head = tail = (uint64_t)high << 32 | low;
    } else {
        to[0] = text[0];
        to[length / 2] = text[length / 2];
        to[length - 1] = text[length - 1];
        head = (unsigned char)to[0] * UINT64_C(0x0101010101010101);
        tail = (unsigned char)to[length / 2] * UINT64_C(0x0101010100000000) |
               (unsigned char)to[length - 1] * UINT64_C(0x01010101);
    }
    return (block)(halves){head, tail};
}

/* Copies, and tells whether all is printable ASCII and stands in JSON as it is. The last block may
 * overlap the one before. */
static bool copy_plain(char *to, const char *text, size_t length)
{
    if (length < sizeof(block))
        return length == 0 || is_unmarked(marks_of(copy_short(to, text, length)));
    const size_t last = length - sizeof(block);
    block marks = marks_of(copy_block(to + last, text + last));

    for (size_t at = 0; at < last; at += sizeof(block))
        marks |= marks_of(copy_block(to + at, text + at));
    return is_unmarked(marks);
}

/* How many bytes from the start are plain. */
static size_t plain_length(const char *text, size_t length)
{
    size_t at = 0;

    while (length - at >= sizeof(block) && is_unmarked(marks_of(block_at(text + at))))
        at += sizeof(block);
    while (at < length && is_plain((unsigned char)text[at]))
        at++;
    return at;
}

void rk_buf_json_text(rk_buf *buf, const char *text)
{
    rk_buf_json_text_n(buf, text, text ? strlen(text) : 0);
}

/* Rare, and apart so that the others need no room for it on the stack. */
__attribute__((noinline)) static void add_escaped(rk_buf *buf, const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;

    rk_buf_char(buf, '"');
    for (size_t at = 0; at < length;) {
        size_t plain = plain_length(text + at, length - at);

        rk_buf_add(buf, text + at, plain);
        at += plain;
        if (at == length)
            break;

        unsigned code = bytes[at];

        if (code < 0x80) {
            add_escaped_ascii(buf, bytes[at++]);
            continue;
        }
        at += next_code_point(&code, bytes + at, length - at);
        add_code_point(buf, code);
    }
    rk_buf_char(buf, '"');
}

void rk_buf_json_text_n(rk_buf *buf, const char *text, size_t length)
{
    if (!text) {
        rk_buf_add(buf, "null", 4);
        return;
    }
    if (!rk_buf_reserve(buf, length + 2))
        return;
    char *to = buf->text + buf->length;

    if (!copy_plain(to + 1, text, length)) {
        add_escaped(buf, text, length);
        return;
    }
    to[0] = '"';
    memcpy(to + 1 + length, "\"", 2);
    buf->length += length + 2;
}

void rk_buf_json_int(rk_buf *buf, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (value < 0)
        digits[--at] = '-';
    rk_buf_add(buf, digits + at, sizeof digits - at);
}

static bool reads_back(const char *text, double value)
{
    return strtod(text, NULL) == value;
}

/* Below a power of two numbers stand closer than above it: there the number one step up may read
 * back although the nearest one does not. Any other number gains nothing here. */
static bool reads_back_above(char *text, double value)
{
    char *last = strchr(text, 'e') - 1;

    if (*last == '9')
        return false;
    ++*last;
    return reads_back(text, value);
}

/* The fewest digits that read back as the same number, as d.ddde[+-]xx. */
static void shortest(char out[NUMBER_MAX], double value)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* never fails for this name */
    locale_t before = uselocale(plain);

    for (int digits = isnormal(value) ? 14 : 0; digits <= 16; digits++) {
        (void)snprintf(out, NUMBER_MAX, "%.*e", digits,
                       value); /* sign, 17 digits, point, exponent fit */
        if (reads_back(out, value) || (digits == 15 && reads_back_above(out, value)))
            break;
    }
    (void)uselocale(before);
    freelocale(plain);
}

static void add_decimal(rk_buf *buf, const char *digits, int count, int exponent)
{
    if (exponent < 0)
        rk_buf_add(buf, "0.000", (size_t)(1 - exponent));
    for (int i = 0; i < count || i <= exponent; i++) {
        if (i == exponent + 1 && i > 0)
            rk_buf_char(buf, '.');
        rk_buf_add(buf, i < count ? &digits[i] : "0", 1);
    }
    if (count <= exponent + 1)
        rk_buf_add(buf, ".0", 2);
}

static void add_exponential(rk_buf *buf, const char *digits, int count, int exponent)
{
    rk_buf_char(buf, digits[0]);
    if (count > 1) {
        rk_buf_char(buf, '.');
        rk_buf_add(buf, digits + 1, (size_t)count - 1);
    }
    rk_buf_printf(buf, "e%+d", exponent);
}

void rk_buf_json_number(rk_buf *buf, double value)
{
    char text[NUMBER_MAX], digits[NUMBER_MAX] = "";
    int count = 0;

    if (!isfinite(value)) {
        rk_buf_add(buf, "null", 4);
        return;
    }
    if (signbit(value))
        rk_buf_char(buf, '-');
    shortest(text, fabs(value));

    const char *mark = strchr(text, 'e');
    int exponent = (int)strtol(mark + 1, NULL, 10);

    for (const char *c = text; c < mark; c++)
        if (*c != '.')
            digits[count++] = *c;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    if (exponent >= -4 && exponent < 16)
        add_decimal(buf, digits, count, exponent);
    else
        add_exponential(buf, digits, count, exponent);
}

void rk_buf_json_bool(rk_buf *buf, bool value)
{
    rk_buf_text(buf, value ? "true" : "false");
}
