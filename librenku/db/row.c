/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/session.h"

static const char placeholder[] = "{row}";

static void add_columns(rk_buf *buf, const rk_row *row)
{
    for (int i = 0; i < row->count; i++) {
        if (i > 0)
            rk_buf_text(buf, ", ");
        rk_buf_text(buf, row->columns[i].sql);
    }
}

int rk_query_text(const char **out, rk_op *op, const rk_query *query)
{
    const char *rest = query->sql;
    const char *mark = strstr(rest, placeholder);
    rk_buf buf;

    *out = rest;
    if (!mark)
        return 0;
    RK_ASSERT(query->row);
    rk_buf_begin(&buf, op, 1024);
    for (; mark; mark = strstr(rest, placeholder)) {
        rk_buf_add(&buf, rest, (size_t)(mark - rest));
        add_columns(&buf, query->row);
        rest = mark + sizeof placeholder - 1;
    }
    rk_buf_text(&buf, rest);
    RK_TRY(rk_buf_finish(&buf));
    *out = buf.text;
    return 0;
}

/* --- the kinds of columns: each writes the field and tells whether the text could be read --- */

typedef struct {
    rk_op *op;
    const char *text; /* NULL is SQL NULL */
    const rk_enum *names;
} source;

static bool load_text(void *field, const source *from)
{
    *(const char **)field = from->text;
    return true;
}

static bool read_int(int64_t *out, const char *text)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool load_int(void *field, const source *from)
{
    rk_opt_int *out = field;

    *out = (rk_opt_int){.set = from->text != NULL};
    return !from->text || read_int(&out->value, from->text);
}

static bool load_bits(void *field, const source *from)
{
    int64_t *out = field;

    *out = 0;
    return !from->text || read_int(out, from->text);
}

static bool load_bool(void *field, const source *from)
{
    *(rk_opt_bool *)field =
        (rk_opt_bool){.set = from->text != NULL, .value = from->text && *from->text == 't'};
    return true;
}

static bool load_number(void *field, const source *from)
{
    rk_opt_number *out = field;
    char *end;

    *out = (rk_opt_number){0};
    if (!from->text)
        return true;

    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* never fails for this name */

    out->set = true;
    out->value = strtod_l(from->text, &end, plain);
    freelocale(plain);
    return end != from->text && *end == '\0';
}

static bool load_time(void *field, const source *from)
{
    rk_instant *out = field;

    *out = (rk_instant){0};
    return !from->text || rk_instant_from_column(out, from->text);
}

static bool load_enum(void *field, const source *from)
{
    int *out = field;

    *out = rk_enum_lookup(from->names, from->text);
    return *out || !from->text;
}

/* Removes the escapes of an item in place, up to one of the marks, of which the backslash is one.
 * Where the item ends now, and in @p rest where it ended; NULL when the text ends first. */
static char *unescape(char **rest, char *text, const char *marks)
{
    char *from = text, *to = text;

    for (;;) {
        size_t plain = strcspn(from, marks);

        if (to != from)
            memmove(to, from, plain);
        to += plain;
        from += plain;
        if (*from != '\\')
            break;
        if (!*++from)
            return NULL;
        *to++ = *from++;
    }
    *rest = from;
    return *from ? to : NULL;
}

/* One item of an array's text. What follows the separator behind it, or NULL. */
static char *read_item(const char **out, char *separator, char *text)
{
    bool quoted = *text == '"';
    char *to;

    text += quoted;
    *out = text;
    to = unescape(&text, text, quoted ? "\"\\" : ",}\\");
    if (!to)
        return NULL;
    text += quoted;
    *separator = *text;
    *to = '\0';
    if (!quoted && strcmp(*out, "NULL") == 0)
        *out = NULL;
    return text + 1;
}

static size_t most_items(const char *text)
{
    size_t most = 1;

    while ((text = strchr(text, ','))) {
        text++;
        most++;
    }
    return most;
}

/* The array must be one-dimensional and count from 1. */
static bool read_items(rk_strings *out, char *text)
{
    char separator = ',';

    if (*text++ != '{')
        return false;
    if (*text == '}')
        return text[1] == '\0';
    while (text && separator == ',')
        text = read_item(&out->items[out->count++], &separator, text);
    return text && separator == '}' && *text == '\0';
}

static bool load_texts(void *field, const source *from)
{
    rk_strings *out = field;

    *out = (rk_strings){.set = from->text != NULL};
    if (!from->text)
        return true;

    char *copy = rk_strdup(from->op, from->text);

    out->items = rk_new_array(from->op, const char *, most_items(from->text));
    return copy && out->items && read_items(out, copy);
}

static bool (*const loaders[])(void *field, const source *from) = {
    [RK_COLUMN_TEXT] = load_text,     [RK_COLUMN_INT] = load_int,   [RK_COLUMN_BOOL] = load_bool,
    [RK_COLUMN_NUMBER] = load_number, [RK_COLUMN_TIME] = load_time, [RK_COLUMN_ENUM] = load_enum,
    [RK_COLUMN_TEXTS] = load_texts,   [RK_COLUMN_BITS] = load_bits,
};

static int unreadable(rk_op *op, const rk_column *column)
{
    if (op->error.err == RK_ERR_NO_MEMORY)
        return RK_ERR_NO_MEMORY;
    rk_log_error(op, "db", "a value of the column %s cannot be read", column->sql);
    return rk_fail(op, RK_ERR_DATABASE, "Database error occurred: a value cannot be read");
}

int rk_row_load(void *out, rk_op *op, const rk_query *query, const PGresult *result, int number)
{
    const rk_row *row = query->row;

    RK_ASSERT(row && PQnfields(result) >= row->count);
    for (int i = 0; i < row->count; i++) {
        const rk_column *column = &row->columns[i];
        bool null = PQgetisnull(result, number, i);
        const source from = {op, null ? NULL : PQgetvalue(result, number, i), column->names};

        if (!loaders[column->kind]((char *)out + column->offset, &from))
            return unreadable(op, column);
    }
    return row->loaded ? row->loaded(out, op) : 0;
}

int rk_row_load_one(void *out, bool *found, rk_op *op, const rk_step *step)
{
    *found = PQntuples(step->result) > 0;
    if (!*found || !out)
        return 0;
    return rk_row_load(out, op, step->query, step->result, 0);
}

int rk_row_load_found(void *out, rk_op *op, const rk_step *step)
{
    const rk_query *query = step->query;
    rk_err none = query->none ? query->none : RK_ERR_NOT_FOUND;
    bool found;

    RK_TRY(rk_row_load_one(out, &found, op, step));
    if (found)
        return 0;
    return query->missing ? rk_fail(op, none, "%s", query->missing) : rk_fail_default(op, none);
}

int64_t rk_result_count(const PGresult *result)
{
    int64_t count;

    /* statements that have no count give an empty text; what libpq declares without const it only
     * reads */
    return read_int(&count, PQcmdTuples((PGresult *)(uintptr_t)result)) ? count : 0;
}
