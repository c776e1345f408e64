/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <json-c/json.h>
#include <utf8proc.h>

#include "librenku/http/json.h"
#include "librenku/http/pairs.h"

/* Pairs of a query or a form. Spec: foundations.md 5.5, 6 */

enum { PAIRS_MAX = 10000, PAIRS_START = 8 };

/* A NUL cannot stand in these texts: it is kept as two bytes that UTF-8 has for nothing. */
static const char nul[] = "\xc0\x80";
static const char unreadable[] = "\xef\xbf\xbd";

/* --- decoding --- */

/* One byte of a text with escapes; a broken escape stands for itself. */
static char next_byte(const char **at, const char *end, char plus)
{
    const char *here = (*at)++;

    if (*here == '+')
        return plus;
    if (*here != '%' || end - here < 3 || rk_hex_value(here[1]) < 0 || rk_hex_value(here[2]) < 0)
        return *here;
    *at = here + 3;
    return (char)((unsigned)rk_hex_value(here[1]) << 4 | (unsigned)rk_hex_value(here[2]));
}

static size_t length_of(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Bytes from the start that could have become a character, had what follows been right: they
 * become one U+FFFD together. */
static size_t broken_length(const unsigned char *bytes, size_t length)
{
    size_t wanted = length_of(bytes[0]);
    size_t count = 1;

    if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
        return 1;
    while (count < wanted && count < length && (bytes[count] & 0xc0) == 0x80) {
        bool overlong =
            count == 1 &&
            ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
             (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f));

        if (overlong)
            break;
        count++;
    }
    return count;
}

int rk_pairs_text(const char **out, rk_op *op, const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;
    const unsigned char *end = at + length;
    rk_buf text;

    rk_buf_begin(&text, op, length);
    while (at < end) {
        utf8proc_int32_t code;
        utf8proc_ssize_t count = utf8proc_iterate(at, end - at, &code);

        if (count > 0 && *at) {
            rk_buf_add(&text, at, (size_t)count);
            at += count;
        } else if (count > 0) {
            rk_buf_text(&text, nul);
            at++;
        } else {
            rk_buf_text(&text, unreadable);
            at += broken_length(at, (size_t)(end - at));
        }
    }
    *out = text.text;
    return rk_buf_finish(&text);
}

static int decode(const char **out, rk_op *op, const char *start, const char *end, char plus)
{
    char *bytes = rk_alloc(op, (size_t)(end - start) + 1, 1);
    size_t length = 0;

    RK_CHECK(bytes);
    while (start < end)
        bytes[length++] = next_byte(&start, end, plus);
    return rk_pairs_text(out, op, bytes, length);
}

int rk_path_text(const char **out, rk_op *op, const char *escaped, size_t length)
{
    return decode(out, op, escaped, escaped + length, '+');
}

/* --- pairs --- */

int rk_pairs_add(rk_pairs *pairs, rk_op *op, const char *name, const char *value)
{
    size_t count = pairs->count;

    if (count == PAIRS_MAX)
        return rk_fail(op, RK_ERR_TOO_LARGE, "There are more than %d parameters", PAIRS_MAX);
    if (count == 0 || (count >= PAIRS_START && (count & (count - 1)) == 0)) {
        size_t room = count ? count * 2 : PAIRS_START;
        const char **names = rk_new_array(op, const char *, room);
        const char **values = rk_new_array(op, const char *, room);

        RK_CHECK(names);
        RK_CHECK(values);
        if (count) {
            memcpy(names, pairs->names, count * sizeof(*names));
            memcpy(values, pairs->values, count * sizeof(*values));
        }
        pairs->names = names;
        pairs->values = values;
    }
    pairs->names[count] = name;
    pairs->values[count] = value;
    pairs->count++;
    return 0;
}

/* "name=value"; without a value it counts as absent. */
static int add_piece(rk_pairs *pairs, rk_op *op, const char *start, const char *end)
{
    const char *equals = memchr(start, '=', (size_t)(end - start));
    const char *name, *value;

    if (!equals || equals + 1 == end)
        return 0;
    RK_TRY(decode(&name, op, start, equals, ' '));
    RK_TRY(decode(&value, op, equals + 1, end, ' '));
    return rk_pairs_add(pairs, op, name, value);
}

int rk_query_parse(rk_pairs *out, rk_op *op, const char *query, size_t length)
{
    const char *at = query;
    const char *end = query ? query + length : NULL;

    *out = (rk_pairs){0};
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));

        if (!stop)
            stop = end;
        RK_TRY(add_piece(out, op, at, stop));
        at = stop + 1;
    }
    return 0;
}

/* --- as values --- */

/* The text with its NULs as they were. */
static int new_text(struct json_object **out, rk_op *op, const char *value)
{
    char *text = rk_strdup(op, value);
    size_t length = 0;

    RK_CHECK(text);
    for (const char *at = value; *at; at++) {
        bool is_nul = at[0] == nul[0] && at[1] == nul[1];

        text[length++] = (char)(is_nul ? '\0' : *at);
        at += is_nul;
    }
    *out = json_object_new_string_len(text, (int)length);
    return *out ? 0 : rk_fail_default(op, RK_ERR_NO_MEMORY);
}

/* The second value of a name makes an array of both. */
static int add_again(struct json_object *object, rk_op *op, const char *name,
                     struct json_object *value)
{
    struct json_object *before = json_object_object_get(object, name);
    struct json_object *array = before;

    if (!json_object_is_type(before, json_type_array)) {
        array = json_object_new_array_ext(2);
        if (!array)
            return rk_fail_default(op, RK_ERR_NO_MEMORY);
        (void)json_object_array_add(array, json_object_get(before)); /* there is room for two */
        if (json_object_object_add(object, name, array) != 0) {
            (void)json_object_put(array); /* only tells whether it is gone now */
            return rk_fail_default(op, RK_ERR_NO_MEMORY);
        }
    }
    return json_object_array_add(array, value) == 0 ? 0 : rk_fail_default(op, RK_ERR_NO_MEMORY);
}

static int add_pair(struct json_object *object, rk_op *op, const char *name, const char *text)
{
    struct json_object *value;
    int result = 0;

    RK_TRY(new_text(&value, op, text));
    if (json_object_object_get_ex(object, name, NULL))
        result = add_again(object, op, name, value);
    else if (json_object_object_add(object, name, value) != 0)
        result = rk_fail_default(op, RK_ERR_NO_MEMORY);
    if (result != 0)
        (void)json_object_put(value); /* only tells whether it is gone now */
    return result;
}

/* A single value is a list of one where the schema wants a list; but not where the list may also
 * be null and has no default. */
static int wrap_single(struct json_object *object, rk_op *op, const rk_field *field)
{
    struct json_object *value;
    bool is_list = field->schema->kind == RK_KIND_TEXTS || field->schema->kind == RK_KIND_ARRAY;

    if (!is_list || (field->nullable && !field->fallback) ||
        !json_object_object_get_ex(object, field->name, &value) ||
        json_object_is_type(value, json_type_array))
        return 0;
    struct json_object *array = json_object_new_array_ext(1);

    if (!array)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    (void)json_object_array_add(array, json_object_get(value)); /* there is room for one */
    if (json_object_object_add(object, field->name, array) == 0)
        return 0;
    (void)json_object_put(array); /* only tells whether it is gone now */
    return rk_fail_default(op, RK_ERR_NO_MEMORY);
}

/* Nothing is required, and nothing has a default. */
static bool may_be_empty(const rk_schema *schema)
{
    if (schema->extra == RK_EXTRA_KEEP)
        return false;
    for (int i = 0; i < schema->field_count; i++)
        if (schema->fields[i].required || schema->fields[i].fallback)
            return false;
    return true;
}

static int read_object(void *out, rk_op *op, const rk_patterns *patterns, const rk_schema *schema,
                       const rk_pairs *pairs)
{
    struct json_object *object = json_object_new_object();

    if (!object)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    RK_TRY(rk_json_keep(op, object));
    for (size_t i = 0; i < pairs->count; i++)
        RK_TRY(add_pair(object, op, pairs->names[i], pairs->values[i]));
    for (int i = 0; i < schema->field_count; i++)
        RK_TRY(wrap_single(object, op, &schema->fields[i]));
    return rk_schema_read(out, op, patterns, schema, object);
}

int rk_schema_read_pairs(void *out, rk_op *op, const rk_patterns *patterns, const rk_schema *schema,
                         const rk_pairs *pairs)
{
    if (pairs->count || !may_be_empty(schema))
        return read_object(out, op, patterns, schema, pairs);
    memset(out, 0, schema->size_bytes);
    return 0;
}
