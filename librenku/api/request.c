/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/request.h"

#include <ctype.h>
#include <string.h>
#include <sys/random.h>

#include "librenku/api/ctx.h"
#include "librenku/base/buf.h"
#include "librenku/base/letters.h"
#include "librenku/base/trace.h"

enum { UUID_BYTES = 16, UUID_DIGITS = 32, ID_MAX = 4096 };

typedef unsigned char block __attribute__((vector_size(16)));

static bool is_unmarked(const block *marks)
{
    uint64_t halves[2];

    memcpy(halves, marks, sizeof(halves));
    return (halves[0] | halves[1]) == 0;
}

/* RFC 9110 5.5: nothing else may stand in a field, and some values come back in the answer. */
static bool is_field_text(const char *text)
{
    size_t length = strlen(text), at = 0;
    block sixteen, wrong = {0};

    for (; length - at >= sizeof(block); at += sizeof(block)) {
        memcpy(&sixteen, text + at, sizeof(sixteen));
        wrong |= (block)((sixteen < 0x20) & (sixteen != '\t')) | (block)(sixteen == 0x7f);
    }
    for (; at < length; at++) {
        unsigned char c = (unsigned char)text[at];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return is_unmarked(&wrong);
}

/* Which of the fields has that name; RK_FIELD_COUNT_ when none has. */
static size_t field_named(const char *name)
{
    static const struct {
        size_t length;
        const char *name;
    } fields[] = {
#define RK_FIELD(id, name) {sizeof(name) - 1, name},
#include "librenku/api/request_field.def"
#undef RK_FIELD
    };
    size_t length = strlen(name), i = 0;

    while (i < RK_FIELD_COUNT_ &&
           (fields[i].length != length || !rk_letters_equal(fields[i].name, name)))
        i++;
    return i;
}

void rk_request_fields_read(rk_request_fields *out, const renku_http_request *request)
{
    *out = (rk_request_fields){0};
    for (size_t i = request->header_count; i-- > 0;) { /* so that the first one stays */
        size_t field = field_named(request->headers[i].name);
        const char *value = request->headers[i].value;

        if (field < RK_FIELD_COUNT_)
            out->values[field] = is_field_text(value) ? value : NULL;
    }
}

static void print_uuid(char out[37], const char digits[UUID_DIGITS])
{
    static const int groups[] = {8, 4, 4, 4, 12};

    for (size_t i = 0; i < RK_COUNT(groups); i++) {
        memcpy(out, digits, (size_t)groups[i]);
        digits += groups[i];
        out += groups[i];
        *out++ = i + 1 < RK_COUNT(groups) ? '-' : '\0';
    }
}

/* An id need not be secret: zeros are as good as a failure. */
static void fetch(unsigned char *bytes, size_t count)
{
    if (getrandom(bytes, count, 0) != (ssize_t)count)
        memset(bytes, 0, count);
}

static void take(unsigned char bytes[UUID_BYTES], rk_id_source *source)
{
    pthread_mutex_lock(&source->lock);
    if (source->left < UUID_BYTES) {
        fetch(source->bytes, sizeof(source->bytes));
        source->left = sizeof(source->bytes);
    }
    source->left -= UUID_BYTES;
    memcpy(bytes, source->bytes + source->left, UUID_BYTES);
    pthread_mutex_unlock(&source->lock);
}

static void make_uuid(char out[37], rk_id_source *source)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[UUID_BYTES];
    char digits[UUID_DIGITS];

    if (source)
        take(bytes, source);
    else
        fetch(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < UUID_BYTES; i++) {
        digits[2 * i] = hex[bytes[i] >> 4];
        digits[2 * i + 1] = hex[bytes[i] & 15];
    }
    print_uuid(out, digits);
}

/* 32 hexadecimal digits, with dashes anywhere, in braces or after urn:uuid: as people write them.
 */
static bool read_uuid(char digits[UUID_DIGITS], const char *text)
{
    int count = 0;

    if (strncmp(text, "urn:", 4) == 0)
        text += 4;
    if (strncmp(text, "uuid:", 5) == 0)
        text += 5;
    text += strspn(text, "{}");
    for (; *text && *text != '}'; text++) {
        if (*text == '-')
            continue;
        if (count == UUID_DIGITS || !isxdigit((unsigned char)*text))
            return false;
        digits[count++] = rk_letter_lower(*text);
    }
    return count == UUID_DIGITS && text[strspn(text, "{}")] == '\0';
}

/* Copies digits without the single underscores between them; false when there is anything else. */
static bool copy_digits(char *out, const char *text)
{
    bool after_digit = false;

    for (; *text; text++) {
        bool digit = isdigit((unsigned char)*text);

        if (!digit && (*text != '_' || !after_digit))
            return false;
        if (digit)
            *out++ = *text;
        after_digit = digit;
    }
    *out = '\0';
    return after_digit;
}

/* Digits without leading zeros, NULL when the text is no integer. */
static const char *read_integer(rk_op *op, const char *text)
{
    bool negative = *text == '-';
    char *digits = rk_strdup(op, text);

    if (!digits || !copy_digits(digits, text + (negative || *text == '+')))
        return NULL;
    digits += strspn(digits, "0");
    if (!*digits)
        return "0";
    return rk_printf(op, "%s%s", negative ? "-" : "", digits);
}

int rk_request_id(const char **out, rk_op *op, const char *incoming)
{
    char digits[UUID_DIGITS];
    char *uuid = rk_alloc(op, 37, 1);

    RK_CHECK(uuid);
    *out = uuid;
    if (!incoming || !*incoming || strlen(incoming) > ID_MAX) {
        make_uuid(uuid, op->ctx ? &op->ctx->ids : NULL);
        return 0;
    }
    if (read_uuid(digits, incoming)) {
        print_uuid(uuid, digits);
        return 0;
    }
    const char *integer = read_integer(op, incoming);

    RK_TRY(op->error.err);
    *out = integer ? integer : rk_strdup(op, incoming);
    RK_CHECK(*out);
    return 0;
}

/* --- the trace --- */

/* The pattern has an x for each hexadecimal digit in lower case; all else stands for itself.
 * Returns how much of the text it covers, 0 when it does not fit. */
static size_t match_pattern(const char *text, const char *pattern)
{
    static const char hexadecimal[] = "0123456789abcdef";
    size_t i = 0;

    for (; pattern[i]; i++) {
        bool fits =
            pattern[i] == 'x' ? text[i] && strchr(hexadecimal, text[i]) : text[i] == pattern[i];

        if (!fits)
            return 0;
    }
    return i;
}

#define TRACE_ID "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define SPAN_ID "xxxxxxxxxxxxxxxx"

static bool is_zero(const char *digits, size_t length)
{
    return strspn(digits, "0") >= length;
}

static const char *parent_of(const char *value)
{
    enum { TRACE_AT = 3, SPAN_AT = TRACE_AT + RK_TRACE_ID_LENGTH + 1, SPAN_LENGTH = 16 };
    size_t length = value ? match_pattern(value, "xx-" TRACE_ID "-" SPAN_ID "-xx") : 0;

    if (!length || strncmp(value, "ff", 2) == 0 || is_zero(value + TRACE_AT, RK_TRACE_ID_LENGTH) ||
        is_zero(value + SPAN_AT, SPAN_LENGTH))
        return NULL;
    return value[length] == '\0' ? value : NULL; /* so far there is no version with more fields */
}

static const char *sentry_of(const char *value)
{
    size_t length = value ? match_pattern(value, TRACE_ID "-" SPAN_ID) : 0;

    if (!length || is_zero(value, RK_TRACE_ID_LENGTH))
        return NULL;
    const char *rest = value + length;

    return *rest == '\0' || strcmp(rest, "-0") == 0 || strcmp(rest, "-1") == 0 ? value : NULL;
}

int rk_request_trace(const struct rk_trace **out, rk_op *op, const rk_request_fields *fields)
{
    const char *parent = parent_of(fields->values[RK_FIELD_TRACEPARENT]);
    const char *sentry = sentry_of(fields->values[RK_FIELD_SENTRY_TRACE]);

    *out = NULL;
    if (!parent && !sentry)
        return 0;
    rk_trace *trace = rk_new(op, rk_trace);

    RK_CHECK(trace);
    trace->parent = parent;
    trace->sentry = sentry;
    memcpy(trace->id, parent ? parent + 3 : sentry, RK_TRACE_ID_LENGTH);
    *out = trace;
    return 0;
}
