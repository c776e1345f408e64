/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/json.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/slug.h"

/* A strict reader of RFC 8259 that makes json-c values. json-c's own reader replaces lone
 * surrogates and narrows large integers in silence; here both stay to be seen. */

enum {
    DEPTH_MAX = 32,
    /* what values may cost in memory, in units of about 64 bytes */
    COST_MAX = 512 * 1024,
    OBJECT_COST = 12,
    ARRAY_COST = 3,
    ARRAY_START = 4,
};

typedef struct {
    const char *at;
    const char *end;
    rk_op *op;
    int depth;
    int cost;
    int cost_max;
} reader;

static int read_value(struct json_object **out, reader *r);

static int broken(reader *r)
{
    return rk_fail(r->op, RK_ERR_BAD_REQUEST, "Failed when parsing body as json");
}

static int no_memory(reader *r)
{
    return rk_fail_default(r->op, RK_ERR_NO_MEMORY);
}

static int spend(reader *r, int cost)
{
    r->cost += cost;
    return r->cost > r->cost_max
               ? rk_fail(r->op, RK_ERR_TOO_LARGE, "Request body has too many JSON values")
               : 0;
}

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

/* Takes one character if it is the next. */
static bool take(reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* --- texts --- */

/* The four digits of \uXXXX; -1 when there are none. */
static int read_unit(reader *r)
{
    int unit = 0;

    if (r->end - r->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = rk_hex_value(*r->at++);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* UTF-8, also of a surrogate that stands alone. */
static char *put(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xe0 | code >> 12);
        } else {
            *out++ = (char)(0xf0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (code & 0x3f));
    return out;
}

/* What follows \u: one unit, or two that are one character. */
static char *put_unicode(char *out, reader *r)
{
    int unit = read_unit(r);

    if (unit < 0)
        return NULL;
    if (unit >= 0xd800 && unit < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' &&
        r->at[1] == 'u') {
        const char *before = r->at;

        r->at += 2;
        int low = read_unit(r);

        if (low >= 0xdc00 && low < 0xe000)
            return put(out, 0x10000 + ((unsigned)(unit - 0xd800) << 10) + (unsigned)(low - 0xdc00));
        r->at = before;
    }
    return put(out, (unsigned)unit);
}

/* What follows a backslash. */
static char *put_escape(char *out, reader *r)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";

    if (r->at == r->end)
        return NULL;
    char c = *r->at++;

    if (c == 'u')
        return put_unicode(out, r);
    const char *found = c ? strchr(names, c) : NULL;

    if (!found)
        return NULL;
    *out++ = values[found - names];
    return out;
}

/* The rest of a text behind its first backslash, which stands at r->at. */
static int unescape(const char **out, size_t *length, reader *r, const char *start)
{
    size_t plain = (size_t)(r->at - start);
    const char *close = r->at;

    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= r->end)
        return broken(r);
    char *text = rk_alloc(r->op, (size_t)(close - start) + 1, 1);

    RK_CHECK(text);
    memcpy(text, start, plain);
    char *to = text + plain;

    while (*r->at != '"') {
        char c = *r->at++;

        if (c != '\\') {
            *to++ = c;
            continue;
        }
        to = put_escape(to, r);
        if (!to)
            return broken(r);
    }
    r->at++;
    *out = text;
    *length = (size_t)(to - text);
    return 0;
}

/* A text whose opening quote has been taken. It is not always NUL-terminated. */
static int read_text(const char **out, size_t *length, reader *r)
{
    const char *start = r->at;

    while (r->at < r->end && *r->at != '"' && *r->at != '\\')
        r->at++;
    if (r->at == r->end)
        return broken(r);
    if (*r->at == '\\')
        return unescape(out, length, r, start);
    *out = start;
    *length = (size_t)(r->at++ - start);
    return 0;
}

/* Runs when json-c gives a text back: any may be a secret. */
static void wipe_text(struct json_object *value, void *unused)
{
    (void)unused;
    explicit_bzero((char *)(uintptr_t)json_object_get_string(value),
                   (size_t)json_object_get_string_len(value));
}

static int read_text_value(struct json_object **out, reader *r)
{
    const char *text;
    size_t length;

    RK_TRY(read_text(&text, &length, r));
    if (length > INT32_MAX / 2)
        return rk_fail(r->op, RK_ERR_TOO_LARGE, "Request body has a text that is too long");
    *out = json_object_new_string_len(text, (int)length);
    if (!*out)
        return no_memory(r);
    json_object_set_userdata(*out, NULL, wipe_text);
    return 0;
}

/* --- numbers --- */

static size_t digits_at(const reader *r)
{
    const char *at = r->at;

    while (at < r->end && *at >= '0' && *at <= '9')
        at++;
    return (size_t)(at - r->at);
}

/* "-"? int frac? exp?; false when it is no number. */
static bool scan_number(reader *r, bool *is_integer)
{
    (void)take(r, '-'); /* one may stand here */
    size_t count = digits_at(r);

    if (count == 0 || (count > 1 && *r->at == '0'))
        return false;
    r->at += count;
    *is_integer = true;
    if (take(r, '.')) {
        *is_integer = false;
        count = digits_at(r);
        r->at += count;
        if (count == 0)
            return false;
    }
    if (take(r, 'e') || take(r, 'E')) {
        *is_integer = false;
        if (!take(r, '+'))
            (void)take(r, '-'); /* one sign or none */
        count = digits_at(r);
        r->at += count;
        return count > 0;
    }
    return true;
}

/* A number beyond 64 bits, or with a fraction or an exponent, remembers its text. */
static int new_number(struct json_object **out, reader *r, const char *text, bool is_integer)
{
    long long value;
    char *end;

    if (is_integer) {
        errno = 0;
        value = strtoll(text, &end, 10);
        if (errno != ERANGE) {
            *out = json_object_new_int64(value);
            return *out ? 0 : no_memory(r);
        }
    }
    /* the locale of this name needs no memory and is never given back */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);

    *out = json_object_new_double_s(strtod_l(text, &end, plain), text);
    return *out ? 0 : no_memory(r);
}

static int read_number(struct json_object **out, reader *r)
{
    const char *start = r->at;
    bool is_integer;

    if (!scan_number(r, &is_integer))
        return broken(r);
    char *text = rk_strndup(r->op, start, (size_t)(r->at - start));

    RK_CHECK(text);
    return new_number(out, r, text, is_integer);
}

/* --- arrays and objects --- */

static int add_item(struct json_object *array, reader *r)
{
    struct json_object *item = NULL;
    int result = read_value(&item, r);

    if (result == 0 && json_object_array_add(array, item) != 0)
        result = no_memory(r);
    if (result != 0)
        (void)json_object_put(item); /* only tells whether it is gone now */
    return result;
}

static int read_array(struct json_object **out, reader *r)
{
    *out = json_object_new_array_ext(ARRAY_START);
    if (!*out)
        return no_memory(r);
    RK_TRY(spend(r, ARRAY_COST));
    skip_blanks(r);
    if (take(r, ']'))
        return 0;
    do {
        RK_TRY(add_item(*out, r));
        skip_blanks(r);
    } while (take(r, ','));
    return take(r, ']') ? 0 : broken(r);
}

/* A key in the arena. */
static int read_key(const char **out, reader *r)
{
    const char *text;
    size_t length;
    rk_buf buf;

    skip_blanks(r);
    if (!take(r, '"'))
        return broken(r);
    RK_TRY(read_text(&text, &length, r));
    rk_buf_begin(&buf, r->op, length);
    for (size_t start = 0, end; start <= length; start = end + 1) {
        const char *stop = memchr(text + start, '\0', length - start);

        end = stop ? (size_t)(stop - text) : length;
        rk_buf_add(&buf, text + start, end - start);
        if (stop)
            rk_buf_text(&buf, RK_JSON_NUL_IN_NAME);
    }
    *out = buf.text;
    return rk_buf_finish(&buf);
}

static int add_member(struct json_object *object, reader *r)
{
    struct json_object *value = NULL;
    const char *key = NULL;

    RK_TRY(read_key(&key, r));
    skip_blanks(r);
    if (!take(r, ':'))
        return broken(r);
    int result = read_value(&value, r);

    /* of equal keys the last wins */
    if (result == 0 &&
        json_object_object_add_ex(object, key, value, JSON_C_OBJECT_KEY_IS_CONSTANT) != 0)
        result = no_memory(r);
    if (result != 0)
        (void)json_object_put(value); /* only tells whether it is gone now */
    return result;
}

static int read_object(struct json_object **out, reader *r)
{
    *out = json_object_new_object();
    if (!*out)
        return no_memory(r);
    RK_TRY(spend(r, OBJECT_COST));
    skip_blanks(r);
    if (take(r, '}'))
        return 0;
    do {
        RK_TRY(add_member(*out, r));
        skip_blanks(r);
    } while (take(r, ','));
    return take(r, '}') ? 0 : broken(r);
}

/* --- values --- */

static int read_nested(struct json_object **out, reader *r, bool is_object)
{
    if (r->depth == DEPTH_MAX)
        return broken(r);
    r->depth++;
    int result = is_object ? read_object(out, r) : read_array(out, r);

    r->depth--;
    return result;
}

static bool take_word(reader *r, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
        return false;
    r->at += length;
    return true;
}

static int read_word(struct json_object **out, reader *r)
{
    if (take_word(r, "null"))
        return 0; /* json-c's null is NULL */
    bool value = take_word(r, "true");

    if (!value && !take_word(r, "false"))
        return broken(r);
    *out = json_object_new_boolean(value);
    return *out ? 0 : no_memory(r);
}

/* On failure @p out may hold a part, which the caller gives back. */
static int read_value(struct json_object **out, reader *r)
{
    skip_blanks(r);
    RK_TRY(spend(r, 1));
    if (take(r, '"'))
        return read_text_value(out, r);
    if (take(r, '{'))
        return read_nested(out, r, true);
    if (take(r, '['))
        return read_nested(out, r, false);
    if (r->at < r->end && (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')))
        return read_number(out, r);
    return read_word(out, r);
}

static int read_all(struct json_object **out, reader *r)
{
    RK_TRY(read_value(out, r));
    skip_blanks(r);
    return r->at == r->end ? 0 : broken(r);
}

static void give_back(void *value)
{
    (void)json_object_put(value); /* only tells whether it is gone now */
}

int rk_json_keep(rk_op *op, struct json_object *value)
{
    if (!value || rk_arena_defer(op->arena, give_back, value) == 0)
        return 0;
    return rk_fail_default(op, RK_ERR_NO_MEMORY);
}

static int parse(struct json_object **out, rk_op *op, const char *text, size_t length, int cost_max)
{
    reader r = {.at = text, .end = text ? text + length : NULL, .op = op, .cost_max = cost_max};
    struct json_object *value = NULL;

    *out = NULL;
    if (!text || length == 0)
        return 0;
    if (memchr(text, '\0', length) || !rk_text_is_utf8(text, length))
        return broken(&r);
    int result = read_all(&value, &r);

    if (result != 0) {
        give_back(value);
        return result;
    }
    *out = value;
    return rk_json_keep(op, value);
}

int rk_json_parse(struct json_object **out, rk_op *op, const char *text, size_t length)
{
    return parse(out, op, text, length, COST_MAX);
}

int rk_json_parse_own(struct json_object **out, rk_op *op, const char *text, size_t length)
{
    return parse(out, op, text, length, INT_MAX);
}
