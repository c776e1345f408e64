/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/time.h"
#include "librenku/http/json.h"
#include "librenku/http/reading.h"
#include "librenku/http/text_check.h"

enum { ROOM_MAX_BYTES = 64 * 1024 };

/* Values straight into text, checked on the way. Spec: foundations.md 10.4, 4.3 */

typedef struct {
    rk_buf *out;
    rk_matcher matcher;
    rk_buf violations;
    int count;
} writer;

/* A value in its C form and where it stands. */
typedef struct {
    const void *value;
    const rk_location *at;
} stored;

static int write_value(writer *w, const rk_schema *schema, stored from);

static void violation(writer *w, const rk_location *at)
{
    if (w->count++)
        rk_buf_text(&w->violations, ", ");
    else
        rk_buf_begin(&w->violations, w->matcher.op, 0);
    rk_location_print(&w->violations, at);
}

/* --- scalars --- */

static int check_text(writer *w, const rk_schema *schema, const char *text, stored from)
{
    rk_text_verdict verdict;

    RK_TRY(rk_text_check(&verdict, &w->matcher, schema, text, strlen(text)));
    if (verdict != RK_TEXT_FITS)
        violation(w, from.at);
    return 0;
}

static int write_text(writer *w, const rk_schema *schema, stored from)
{
    const char *text = *(const char *const *)from.value;
    size_t length = strlen(text);

    rk_buf_json_text_n(w->out, text, length);
    return rk_text_surely_fits(schema, length) ? 0 : check_text(w, schema, text, from);
}

static int write_int(writer *w, const rk_schema *schema, stored from)
{
    int64_t value = ((const rk_opt_int *)from.value)->value;

    rk_buf_json_int(w->out, value);
    if (!rk_number_fits(schema, (double)value))
        violation(w, from.at);
    return 0;
}

static int write_number(writer *w, const rk_schema *schema, stored from)
{
    double value = ((const rk_opt_number *)from.value)->value;

    rk_buf_json_number(w->out, value);
    if (!isfinite(value) || !rk_number_fits(schema, value))
        violation(w, from.at);
    return 0;
}

static int write_bool(writer *w, const rk_schema *schema, stored from)
{
    (void)schema;
    rk_buf_json_bool(w->out, ((const rk_opt_bool *)from.value)->value);
    return 0;
}

static int write_enum(writer *w, const rk_schema *schema, stored from)
{
    const char *name = rk_enum_name(schema->names, *(const int *)from.value);

    if (!name)
        violation(w, from.at);
    rk_buf_json_text(w->out, name ? name : "");
    return 0;
}

static int write_time(writer *w, const rk_schema *schema, stored from)
{
    rk_buf *out = w->out;

    (void)schema;
    if (!rk_buf_reserve(out, RK_TIME_TEXT_MAX + 2))
        return 0; /* rk_buf_finish tells */
    char *end = out->text + out->length;

    *end = '"';
    end = rk_instant_print(end + 1, from.value);
    memcpy(end, "\"", 2);
    out->length = (size_t)(end + 1 - out->text);
    return 0;
}

static int write_raw(writer *w, const rk_schema *schema, stored from)
{
    (void)schema;
    rk_buf_text(w->out, *(const char *const *)from.value);
    return 0;
}

static int write_json(writer *w, const rk_schema *schema, stored from)
{
    (void)schema;
    rk_json_write(w->out, *(struct json_object *const *)from.value);
    return 0;
}

/* --- arrays, objects, unions --- */

static bool is_set(const rk_schema *schema, const void *value)
{
    switch (schema->kind) {
    case RK_KIND_INT:
        return ((const rk_opt_int *)value)->set;
    case RK_KIND_NUMBER:
        return ((const rk_opt_number *)value)->set;
    case RK_KIND_BOOL:
        return ((const rk_opt_bool *)value)->set;
    case RK_KIND_TIME:
        return ((const rk_instant *)value)->set;
    case RK_KIND_ENUM:
    case RK_KIND_UNION: /* starts with which alternative it is */
        return *(const int *)value != 0;
    case RK_KIND_TEXTS:
        return ((const rk_strings *)value)->set;
    case RK_KIND_ARRAY:
        return ((const rk_array *)value)->set;
    default:
        return *(const void *const *)value != NULL;
    }
}

static int write_item(writer *w, const rk_schema *schema, stored item)
{
    if (schema->items->kind == RK_KIND_OBJECT || is_set(schema->items, item.value))
        return write_value(w, schema->items, item);
    rk_buf_text(w->out, "null");
    if (!schema->items_nullable)
        violation(w, item.at);
    return 0;
}

/* Most items are about as long as the first one: room for them is made once. */
static void expect_more(rk_buf *out, size_t item_bytes, size_t count)
{
    if (item_bytes < ROOM_MAX_BYTES && count < ROOM_MAX_BYTES / (item_bytes + 1))
        (void)rk_buf_reserve(out, count * (item_bytes + item_bytes / 8 + 1)); /* finish tells */
}

static int write_array(writer *w, const rk_schema *schema, stored from)
{
    const rk_array *array = from.value;
    const char *items = array->items;
    size_t size = rk_schema_size(schema->items);
    int64_t count = (int64_t)array->count;

    if (count < schema->min_length || (schema->max_length >= 0 && count > schema->max_length))
        violation(w, from.at);
    rk_buf_char(w->out, '[');
    const size_t start = w->out->length;

    for (size_t i = 0; i < array->count; i++) {
        const rk_location at = {.outer = from.at, .index = i};

        if (i)
            rk_buf_char(w->out, ',');
        RK_TRY(write_item(w, schema, (stored){items + i * size, &at}));
        if (!i)
            expect_more(w->out, w->out->length - start, array->count - 1);
    }
    rk_buf_char(w->out, ']');
    return 0;
}

/* The first one needs no comma. */
static void write_name(writer *w, const rk_field *field, bool *first)
{
    rk_buf_add(w->out, field->member + *first, field->member_length - *first);
    *first = false;
}

static int write_field(writer *w, const rk_field *field, stored object, bool *first)
{
    const rk_location at = {.outer = object.at, .name = field->name};
    const void *slot = (const char *)object.value + field->offset;

    if (!is_set(field->schema, slot)) {
        if (field->required && !field->nullable)
            violation(w, &at);
        if (field->shows_null) {
            write_name(w, field, first);
            rk_buf_text(w->out, "null");
        }
        return 0;
    }
    if (field->schema->kind == RK_KIND_OBJECT)
        slot = *(const void *const *)slot;
    write_name(w, field, first);
    return write_value(w, field->schema, (stored){slot, &at});
}

static void write_extra(writer *w, const rk_schema *schema, stored from, bool *first)
{
    struct json_object *extra =
        *(struct json_object *const *)((const char *)from.value + schema->extra_offset);

    if (!extra)
        return;
    json_object_object_foreach(extra, name, value)
    {
        rk_buf_text(w->out, *first ? "" : ",");
        *first = false;
        rk_buf_json_text(w->out, name);
        rk_buf_char(w->out, ':');
        rk_json_write(w->out, value);
    }
}

static int write_object(writer *w, const rk_schema *schema, stored from)
{
    bool first = true;

    rk_buf_char(w->out, '{');
    for (int i = 0; i < schema->field_count; i++)
        RK_TRY(write_field(w, &schema->fields[i], from, &first));
    if (schema->extra == RK_EXTRA_KEEP)
        write_extra(w, schema, from, &first);
    rk_buf_char(w->out, '}');
    return 0;
}

static int write_union(writer *w, const rk_schema *schema, stored from)
{
    const rk_union *chosen = from.value;

    if (chosen->which > schema->option_count || !chosen->value) {
        violation(w, from.at);
        return 0;
    }
    return write_value(w, schema->options[chosen->which - 1], (stored){chosen->value, from.at});
}

static int write_value(writer *w, const rk_schema *schema, stored from)
{
    static int (*const writers[])(writer * w, const rk_schema *schema, stored from) = {
        [RK_KIND_TEXT] = write_text,     [RK_KIND_INT] = write_int,
        [RK_KIND_NUMBER] = write_number, [RK_KIND_BOOL] = write_bool,
        [RK_KIND_ENUM] = write_enum,     [RK_KIND_TIME] = write_time,
        [RK_KIND_TEXTS] = write_array,   [RK_KIND_ARRAY] = write_array,
        [RK_KIND_OBJECT] = write_object, [RK_KIND_MAP] = write_json,
        [RK_KIND_ANY] = write_json,      [RK_KIND_RAW] = write_raw,
        [RK_KIND_UNION] = write_union,
    };

    return writers[schema->kind](w, schema, from);
}

/* --- the whole --- */

static int write_whole(writer *w, const rk_schema *schema, const void *in)
{
    bool always = schema->kind == RK_KIND_OBJECT || schema->kind == RK_KIND_ARRAY ||
                  schema->kind == RK_KIND_TEXTS;

    if (always || is_set(schema, in))
        return write_value(w, schema, (stored){in, NULL});
    rk_buf_text(w->out, "null");
    violation(w, NULL);
    return 0;
}

int rk_schema_write(rk_buf *out, rk_op *op, const rk_patterns *patterns, const rk_schema *schema,
                    const void *in)
{
    writer w = {
        .out = out, .matcher = {.op = op, .patterns = patterns}
    };

    RK_TRY(write_whole(&w, schema, in));
    RK_TRY(rk_buf_finish(out));
    if (!w.count)
        return 0;
    RK_TRY(rk_buf_finish(&w.violations));
    return rk_fail(op, RK_ERR_RESPONSE,
                   "The server could not construct a valid response. Errors found in the "
                   "following fields: %s",
                   w.violations.text);
}
