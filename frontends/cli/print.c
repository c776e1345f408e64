/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/print.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "frontends/cli/cli.h"

/* The longest escape, "\u{10ffff}". */
enum { ESCAPE_MAX = 10 };

static const char ellipsis[] = "\u2026";

static bool is_hidden(utf8proc_int32_t point)
{
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return false;
    }
}

static int escape(char *out, utf8proc_int32_t point)
{
    static const char known[] = "\nn\tt\rr";
    const char *letter = point ? strchr(known, point) : NULL;

    if (letter && point < ' ')
        return sprintf(out, "\\%c", letter[1]);
    return sprintf(out, point < 0x80 ? "\\x%02x" : "\\u{%x}", (unsigned int)point);
}

/* Writes the first character of the text to @p out; returns how many bytes of the text it had. */
static size_t take(char **out, int *width, const char *text, size_t size)
{
    utf8proc_int32_t point;
    utf8proc_ssize_t length =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &point);
    int written = (int)length;

    if (length < 1) {
        length = 1;
        written = sprintf(*out, "\\x%02x", (unsigned char)*text);
        *width += written;
    } else if (is_hidden(point)) {
        written = escape(*out, point);
        *width += written;
    } else {
        memcpy(*out, text, (size_t)length);
        *width += utf8proc_charwidth(point);
    }
    *out += written;
    return (size_t)length;
}

char *rk_cli_printable(const char *text, size_t size, int *width)
{
    char *printable = rk_cli_or_end(malloc(ESCAPE_MAX * size + 1));
    char *out = printable;

    *width = 0;
    for (size_t at = 0; at < size;)
        at += take(&out, width, text + at, size - at);
    *out = '\0';
    return printable;
}

int rk_cli_put_cut(const char *printable, int room)
{
    const char *text = printable;
    int used = 0, width;

    for (utf8proc_int32_t point; *text; text += width, used += utf8proc_charwidth(point)) {
        width = (int)utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &point);
        if (width < 1 || used + utf8proc_charwidth(point) > room - 1)
            break;
    }
    printf("%.*s%s", (int)(text - printable), printable, ellipsis);
    return used + 1;
}

void rk_cli_put(FILE *stream, const char *text)
{
    int width;
    char *printable = rk_cli_printable(text, strlen(text), &width);

    fputs(printable, stream);
    free(printable);
}

/* Texts that are joined, and how wide they are together. */
typedef struct {
    FILE *stream;
    char *text;
    size_t size;
    int width;
} joined;

static void join_text(joined *out, const char *text, int width)
{
    fputs(text, out->stream);
    out->width += width;
}

static void join_value(joined *out, json_object *value)
{
    int width;
    char *text = rk_cli_value(value, &width);

    join_text(out, text, width);
    free(text);
}

static void join_name(joined *out, const char *name)
{
    int width;
    char *text = rk_cli_printable(name, strlen(name), &width);

    join_text(out, text, width);
    join_text(out, ": ", 2);
    free(text);
}

static void join_items(joined *out, json_object *list)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        join_text(out, i ? ", " : "", i ? 2 : 0);
        join_value(out, json_object_array_get_idx(list, i));
    }
}

static void join_members(joined *out, json_object *object)
{
    json_object_iter member;

    json_object_object_foreachC(object, member)
    {
        join_text(out, out->width ? ", " : "", out->width ? 2 : 0);
        join_name(out, member.key);
        join_value(out, member.val);
    }
}

static char *join(int *width, json_object *value, void parts(joined *out, json_object *value))
{
    joined out = {0};

    out.stream = rk_cli_or_end(open_memstream(&out.text, &out.size));
    parts(&out, value);
    *width = out.width;
    return rk_cli_or_end(fclose(out.stream) == 0 ? out.text : NULL);
}

bool rk_cli_is_utf8(const char *bytes, size_t length)
{
    utf8proc_int32_t point;

    while (length > 0) {
        utf8proc_ssize_t width =
            utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)length, &point);

        if (width < 1)
            return false;
        bytes += width;
        length -= (size_t)width;
    }
    return true;
}

char *rk_cli_value(json_object *value, int *width)
{
    if (json_object_is_type(value, json_type_array))
        return join(width, value, join_items);
    if (json_object_is_type(value, json_type_object))
        return join(width, value, join_members);
    if (json_object_is_type(value, json_type_string))
        return rk_cli_printable(json_object_get_string(value),
                                (size_t)json_object_get_string_len(value), width);
    const char *text = value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "-";

    return rk_cli_printable(text, strlen(text), width);
}
