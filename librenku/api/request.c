/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "librenku/base/buf.h"
#include "librenku/base/trace.h"

enum { UUID_DIGITS = 32, ID_MAX = 4096 };

/* RFC 9110 5.5: nothing else may stand in a field, and some values come back in the answer. */
static bool is_field_text(const char *text)
{
    size_t length = strlen(text);

    for (size_t at = 0; at < length; at++) {
        at += rk_plain_length(text + at, length - at);
        unsigned char c = (unsigned char)text[at];

        if ((c < 0x20 && c != '\t' && at < length) || c == 0x7f)
            return false;
    }
    return true;
}

const char *rk_request_header(const renku_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0)
            return is_field_text(request->headers[i].value) ? request->headers[i].value : NULL;
    }
    return NULL;
}

static void print_uuid(char out[37], const char digits[UUID_DIGITS])
{
    for (int i = 0; i < UUID_DIGITS; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *out++ = '-';
        *out++ = (char)tolower((unsigned char)digits[i]);
    }
    *out = '\0';
}

static void make_uuid(char out[37])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16] = {0};
    char digits[UUID_DIGITS];

    if (getrandom(bytes, sizeof(bytes), 0) < 0)
        bytes[0] = 0; /* an id need not be secret: zeros are as good as a failure */
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < 16; i++) {
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
        digits[count++] = *text;
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
        make_uuid(uuid);
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

int rk_request_trace(const struct rk_trace **out, rk_op *op, const renku_http_request *request)
{
    const char *parent = parent_of(rk_request_header(request, "traceparent"));
    const char *sentry = sentry_of(rk_request_header(request, "sentry-trace"));

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
