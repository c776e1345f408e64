/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
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

/* --- the kinds of columns: each writes the field and tells whether the value could be read --- */

/* A value in PostgreSQL's binary form. libpq puts a NUL behind that one too. */
typedef struct {
    rk_op *op;
    const PGresult *result;
    int row, column;
    const rk_enum *names;
} cell;

static const char *bytes_of(const cell *from)
{
    return PQgetvalue(from->result, from->row, from->column);
}

/* 0 is SQL NULL, or a text without characters. */
static int size_of(const cell *from)
{
    return PQgetlength(from->result, from->row, from->column);
}

/* NULL is SQL NULL. */
static const char *text_of(const cell *from)
{
    const char *text = bytes_of(from);

    return *text || !PQgetisnull(from->result, from->row, from->column) ? text : NULL;
}

static uint32_t number_at(const char *bytes)
{
    uint32_t number;

    memcpy(&number, bytes, sizeof number);
    return be32toh(number);
}

static int64_t long_at(const char *bytes)
{
    uint64_t number;

    memcpy(&number, bytes, sizeof number);
    return (int64_t)be64toh(number);
}

static bool read_int(int64_t *out, const char *bytes, int size)
{
    switch (size) {
    case 2:
        *out = (int16_t)((unsigned char)bytes[0] << 8 | (unsigned char)bytes[1]);
        return true;
    case 4:
        *out = (int32_t)number_at(bytes);
        return true;
    case 8:
        *out = long_at(bytes);
        return true;
    default:
        return false;
    }
}

/* Of the types whose binary form is their text; those from there on are enumerations of ours. */
static bool is_text_type(Oid type)
{
    static const Oid types[] = {18, 19, 25, 114, 705, 1042, 1043};

    for (size_t i = 0; i < RK_COUNT(types); i++)
        if (types[i] == type)
            return true;
    return type >= 16384;
}

/* Any type could be taken for a text. Statements are fixed: the builds of the tests look. */
static bool is_text(const cell *from)
{
#ifdef RK_DEBUG
    return is_text_type(PQftype(from->result, from->column));
#else
    (void)from;
    return true;
#endif
}

static bool load_text(void *field, const cell *from)
{
    *(const char **)field = text_of(from);
    return is_text(from);
}

static bool load_int(void *field, const cell *from)
{
    rk_opt_int *out = field;
    int size = size_of(from);

    *out = (rk_opt_int){.set = size > 0};
    return size == 0 || read_int(&out->value, bytes_of(from), size);
}

static bool load_bits(void *field, const cell *from)
{
    int64_t *out = field;
    int size = size_of(from);

    *out = 0;
    return size == 0 || read_int(out, bytes_of(from), size);
}

static bool load_bool(void *field, const cell *from)
{
    int size = size_of(from);

    *(rk_opt_bool *)field = (rk_opt_bool){.set = size > 0, .value = *bytes_of(from) != 0};
    return size <= 1;
}

static bool load_number(void *field, const cell *from)
{
    rk_opt_number *out = field;
    int size = size_of(from);

    *out = (rk_opt_number){.set = size > 0};
    if (size != sizeof(double))
        return size == 0;
    int64_t bits = long_at(bytes_of(from));

    memcpy(&out->value, &bits, sizeof bits);
    return true;
}

/* Microseconds since 2000; the ends of what 64 bits hold are the infinities. */
static bool load_time(void *field, const cell *from)
{
    static const int64_t year_2000 = INT64_C(946684800000000);
    int size = size_of(from);
    int64_t micros;

    *(rk_instant *)field = (rk_instant){0};
    if (size != sizeof micros)
        return size == 0;
    micros = long_at(bytes_of(from));
    if (micros == INT64_MIN || __builtin_add_overflow(micros, year_2000, &micros))
        return false;
    *(rk_instant *)field = rk_instant_of(micros);
    return true;
}

static bool load_enum(void *field, const cell *from)
{
    int *out = field;
    const char *name = text_of(from);

    *out = rk_enum_lookup(from->names, name);
    return (*out || !name) && is_text(from);
}

/* What is left of an array. */
typedef struct {
    const char *next;
    size_t size;
} rest;

static bool take_number(uint32_t *out, rest *from)
{
    if (from->size < sizeof *out)
        return false;
    *out = number_at(from->next);
    from->next += sizeof *out;
    from->size -= sizeof *out;
    return true;
}

/* What comes behind an item is the size of the next, or the NUL of libpq. Either begins with a NUL
 * for the item, unless the next one is NULL or has 16 MiB. */
static bool take_item(const char **out, rk_op *op, rest *from)
{
    uint32_t size;

    *out = NULL;
    if (!take_number(&size, from))
        return false;
    if (size == UINT32_MAX)
        return true;
    if (size > from->size)
        return false;
    *out = from->next[size] ? rk_strndup(op, from->next, size) : from->next;
    from->next += size;
    from->size -= size;
    return *out != NULL;
}

/* Dimensions, whether there are NULLs, type of the items; then size and first index. */
static bool take_count(uint32_t *out, rest *from)
{
    uint32_t dimensions, has_null, type, first;

    if (!take_number(&dimensions, from) || !take_number(&has_null, from) ||
        !take_number(&type, from) || !is_text_type(type))
        return false;
    *out = 0;
    if (dimensions == 0)
        return true;
    return dimensions == 1 && take_number(out, from) && take_number(&first, from) && first == 1 &&
           *out <= from->size / sizeof *out;
}

static bool load_texts(void *field, const cell *from)
{
    rk_strings *out = field;
    rest left = {bytes_of(from), (size_t)size_of(from)};
    uint32_t count;

    *out = (rk_strings){.set = left.size > 0};
    if (!out->set)
        return true;
    if (!take_count(&count, &left))
        return false;
    out->items = rk_new_array(from->op, const char *, count);
    while (out->items && out->count < count && take_item(&out->items[out->count], from->op, &left))
        out->count++;
    return out->items && out->count == count;
}

static bool (*const loaders[])(void *field, const cell *from) = {
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
    for (cell from = {op, result, number, 0, NULL}; from.column < row->count; from.column++) {
        const rk_column *column = &row->columns[from.column];

        from.names = column->names;
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
    /* statements that have no count give an empty text; what libpq declares without const it only
     * reads */
    return strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
}
