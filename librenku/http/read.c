/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/http/json.h"
#include "librenku/http/reading.h"

/* Beyond this no violation is added to a message: what one client sends may not fill the memory. */
enum { MESSAGE_MAX_BYTES = 64 * 1024 };

int rk_read_violation(rk_reading *reading, const rk_location *at, const char *format, ...)
{
    rk_op *op = reading->matcher.op;
    va_list arguments;

    reading->count++;
    if (reading->violations.length > MESSAGE_MAX_BYTES)
        return 0;
    va_start(arguments, format);
    const char *message = rk_vprintf(op, format, arguments);
    va_end(arguments);
    RK_CHECK(message);
    rk_buf_text(&reading->violations, reading->count > 1 ? ", " : "");
    rk_location_print(&reading->violations, at);
    rk_buf_printf(&reading->violations, ": %s", message);
    return rk_buf_finish(&reading->violations);
}

size_t rk_schema_size(const rk_schema *schema)
{
    static const size_t sizes[] = {
        [RK_KIND_TEXT] = sizeof(const char *),
        [RK_KIND_INT] = sizeof(rk_opt_int),
        [RK_KIND_NUMBER] = sizeof(rk_opt_number),
        [RK_KIND_BOOL] = sizeof(rk_opt_bool),
        [RK_KIND_ENUM] = sizeof(int),
        [RK_KIND_TIME] = sizeof(rk_instant),
        [RK_KIND_TEXTS] = sizeof(rk_strings),
        [RK_KIND_ARRAY] = sizeof(rk_array),
        [RK_KIND_MAP] = sizeof(struct json_object *),
        [RK_KIND_ANY] = sizeof(struct json_object *),
        [RK_KIND_RAW] = sizeof(const char *),
        [RK_KIND_UNION] = sizeof(rk_union),
    };

    return schema->kind == RK_KIND_OBJECT ? schema->size_bytes : sizes[schema->kind];
}

/* --- arrays --- */

/* Any schema: the readers call one another. */
static int read_value(void *out, rk_reading *reading, const rk_schema *schema, rk_given given);

static int refuse_length(rk_reading *reading, const rk_location *at, int64_t limit, size_t count)
{
    bool few = (int64_t)count < limit;

    return rk_read_violation(
        reading, at, "List should have at %s %lld item%s after validation, not %zu",
        few ? "least" : "most", (long long)limit, limit == 1 ? "" : "s", count);
}

static int check_unique(rk_reading *reading, rk_given given)
{
    rk_op *op = reading->matcher.op;
    struct json_object *seen = json_object_new_object();
    size_t count = json_object_array_length(given.json);

    if (!seen)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    RK_TRY(rk_json_keep(op, seen));
    for (size_t i = 0; i < count; i++) {
        struct json_object *item = json_object_array_get_idx(given.json, i);
        const char *text = json_object_to_json_string_ext(item, JSON_C_TO_STRING_PLAIN);

        if (!text || json_object_object_add(seen, text, NULL) != 0)
            return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    if ((size_t)json_object_object_length(seen) == count)
        return 0;
    return rk_read_violation(reading, given.at, "Value error, the items should be unique");
}

static int read_items(char *items, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    size_t size = rk_schema_size(schema->items);
    size_t count = json_object_array_length(given.json);

    for (size_t i = 0; i < count; i++) {
        const rk_location at = {.outer = given.at, .index = i};
        const rk_given item = {json_object_array_get_idx(given.json, i), &at};

        if (item.json || !schema->items_nullable)
            RK_TRY(read_value(items + i * size, reading, schema->items, item));
    }
    return 0;
}

static int read_array(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    int violations = reading->count;

    if (!json_object_is_type(given.json, json_type_array))
        return rk_read_violation(reading, given.at, "Input should be a valid list");
    size_t count = json_object_array_length(given.json);

    if (schema->max_length >= 0 && (int64_t)count > schema->max_length)
        return refuse_length(reading, given.at, schema->max_length, count);
    char *items = rk_alloc(reading->matcher.op, count, rk_schema_size(schema->items));

    RK_CHECK(items);
    RK_TRY(read_items(items, reading, schema, given));
    *(rk_array *)out = (rk_array){true, count, items};
    if (reading->count > violations)
        return 0;
    if ((int64_t)count < schema->min_length)
        return refuse_length(reading, given.at, schema->min_length, count);
    return schema->unique_items ? check_unique(reading, given) : 0;
}

/* --- objects --- */

static int read_fallback(void *slot, rk_reading *reading, const rk_field *field,
                         const rk_location *at)
{
    struct json_object *value;

    if (field->schema->kind == RK_KIND_BOOL) { /* most are: not worth a parser */
        *(rk_opt_bool *)slot = RK_BOOLEAN(*field->fallback == 't');
        return 0;
    }
    RK_TRY(rk_json_parse(&value, reading->matcher.op, field->fallback, strlen(field->fallback)));
    return read_value(slot, reading, field->schema, (rk_given){value, at});
}

/* Where the value of a field goes: objects stand apart, behind a pointer. */
static int slot_of(void **out, rk_reading *reading, const rk_field *field, void *object)
{
    void *slot = (char *)object + field->offset;

    if (field->schema->kind == RK_KIND_OBJECT) {
        void *apart = rk_alloc(reading->matcher.op, 1, field->schema->size_bytes);

        RK_CHECK(apart);
        *(void **)slot = apart;
        slot = apart;
    }
    *out = slot;
    return 0;
}

static int read_field(void *object, rk_reading *reading, const rk_field *field, rk_given given)
{
    const rk_location at = {.outer = given.at, .name = field->name};
    struct json_object *value;
    void *slot;

    if (!json_object_object_get_ex(given.json, field->name, &value)) {
        if (field->required)
            return rk_read_violation(reading, &at, "Field required");
        if (!field->fallback)
            return 0;
        RK_TRY(slot_of(&slot, reading, field, object));
        return read_fallback(slot, reading, field, &at);
    }
    if (!value && field->nullable)
        return 0;
    RK_TRY(slot_of(&slot, reading, field, object));
    return read_value(slot, reading, field->schema, (rk_given){value, &at});
}

static bool is_known(const rk_schema *schema, const char *name)
{
    for (int i = 0; i < schema->field_count; i++) {
        if (strcmp(schema->fields[i].name, name) == 0)
            return true;
    }
    return false;
}

static int keep_extra(struct json_object *extra, rk_reading *reading, const char *name,
                      rk_given given)
{
    RK_TRY(rk_read_keep_member(reading, given));
    if (json_object_object_add(extra, name, json_object_get(given.json)) == 0)
        return 0;
    (void)json_object_put(given.json); /* only tells whether it is gone now */
    return rk_fail_default(reading->matcher.op, RK_ERR_NO_MEMORY);
}

static int read_extra(void *object, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    rk_op *op = reading->matcher.op;
    struct json_object *extra = NULL;

    if (schema->extra == RK_EXTRA_IGNORE)
        return 0;
    if (schema->extra == RK_EXTRA_KEEP) {
        extra = json_object_new_object();
        if (!extra)
            return rk_fail_default(op, RK_ERR_NO_MEMORY);
        RK_TRY(rk_json_keep(op, extra));
        *(struct json_object **)((char *)object + schema->extra_offset) = extra;
    }
    json_object_object_foreach(given.json, name, value)
    {
        const rk_location at = {.outer = given.at, .name = name};

        if (is_known(schema, name))
            continue;
        RK_TRY(extra ? keep_extra(extra, reading, name, (rk_given){value, &at})
                     : rk_read_violation(reading, &at, "Extra inputs are not permitted"));
    }
    return 0;
}

static int read_object(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    if (!json_object_is_type(given.json, json_type_object))
        return rk_read_violation(
            reading, given.at,
            "Input should be a valid dictionary or object to extract fields from");
    for (int i = 0; i < schema->field_count; i++)
        RK_TRY(read_field(out, reading, &schema->fields[i], given));
    return read_extra(out, reading, schema, given);
}

static int read_map(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    int violations = reading->count;

    if (!json_object_is_type(given.json, json_type_object))
        return rk_read_violation(reading, given.at, "Input should be a valid dictionary");
    *(struct json_object **)out = given.json;
    RK_TRY(rk_read_keep(reading, given));
    if (!schema->items || reading->count > violations)
        return 0;
    void *unused = rk_alloc(reading->matcher.op, 1, rk_schema_size(schema->items));

    RK_CHECK(unused);
    json_object_object_foreach(given.json, name, value)
    {
        const rk_location at = {.outer = given.at, .name = name};

        if (value || !schema->items_nullable)
            RK_TRY(read_value(unused, reading, schema->items, (rk_given){value, &at}));
    }
    return 0;
}

/* --- unions --- */

static bool is_of_type(const rk_schema *option, struct json_object *json)
{
    static const enum json_type types[] = {
        [RK_KIND_TEXT] = json_type_string,   [RK_KIND_INT] = json_type_int,
        [RK_KIND_NUMBER] = json_type_double, [RK_KIND_BOOL] = json_type_boolean,
        [RK_KIND_ENUM] = json_type_string,   [RK_KIND_TIME] = json_type_string,
        [RK_KIND_TEXTS] = json_type_array,   [RK_KIND_ARRAY] = json_type_array,
        [RK_KIND_OBJECT] = json_type_object, [RK_KIND_MAP] = json_type_object,
        [RK_KIND_RAW] = json_type_null,
    };

    if (option->kind == RK_KIND_ANY || option->kind == RK_KIND_UNION)
        return false; /* the last resort */
    return json_object_get_type(json) == types[option->kind];
}

/* Reads by one alternative, apart from what was found before. */
static int try_option(rk_union *out, rk_reading *reading, const rk_schema *schema, int i,
                      rk_given given)
{
    const rk_schema *option = schema->options[i];
    const rk_location at = {.outer = given.at, .name = schema->option_tags[i]};
    rk_reading apart = {.matcher = reading->matcher};
    void *value = rk_alloc(reading->matcher.op, 1, rk_schema_size(option));

    RK_CHECK(value);
    rk_buf_begin(&apart.violations, reading->matcher.op, 0);
    int result = read_value(value, &apart, option, (rk_given){given.json, &at});

    reading->matcher = apart.matcher; /* it may have made what the next search needs */
    if (result == 0 && apart.count == 0) {
        *out = (rk_union){i + 1, value};
        reading->has_nul |= apart.has_nul;
    }
    return result;
}

/* Whether the member that tells the alternatives apart, if there is one, leaves this one. */
static bool may_be(const rk_schema *schema, int i, struct json_object *json)
{
    return !schema->present || is_known(schema->options[i], schema->present) ==
                                   json_object_object_get_ex(json, schema->present, NULL);
}

/* The first alternative that fits, of those whose type is that of the value or is not. */
static int try_options(rk_union *chosen, rk_reading *reading, const rk_schema *schema,
                       rk_given given, bool same_type)
{
    for (int i = 0; i < schema->option_count && !chosen->which; i++) {
        if (is_of_type(schema->options[i], given.json) == same_type &&
            may_be(schema, i, given.json))
            RK_TRY(try_option(chosen, reading, schema, i, given));
    }
    return 0;
}

/* Records what is wrong with the value as one alternative; of several, the messages name it. */
static int refuse_option(rk_reading *reading, const rk_schema *schema, int i, rk_given given)
{
    const rk_location at = {.outer = given.at, .name = schema->option_tags[i]};
    void *unused = rk_alloc(reading->matcher.op, 1, rk_schema_size(schema->options[i]));

    RK_CHECK(unused);
    return read_value(unused, reading, schema->options[i],
                      (rk_given){given.json, schema->present ? given.at : &at});
}

/* The first alternative of the very type that fits, else the first that fits at all; else all
 * of them tell what is wrong. */
static int read_union(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    rk_union *chosen = out;

    *chosen = (rk_union){0, NULL};
    RK_TRY(try_options(chosen, reading, schema, given, true));
    RK_TRY(try_options(chosen, reading, schema, given, false));
    for (int i = 0; i < schema->option_count && !chosen->which; i++) {
        if (may_be(schema, i, given.json))
            RK_TRY(refuse_option(reading, schema, i, given));
    }
    return 0;
}

/* --- any kind --- */

static int read_any(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    (void)schema;
    *(struct json_object **)out = given.json;
    return rk_read_keep(reading, given);
}

/* JSON text for a jsonb column. */
static int read_raw(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    rk_buf text;

    (void)schema;
    RK_TRY(rk_read_keep(reading, given));
    rk_buf_begin(&text, reading->matcher.op, 256);
    rk_json_write(&text, given.json);
    *(const char **)out = text.text;
    return rk_buf_finish(&text);
}

static int read_value(void *out, rk_reading *reading, const rk_schema *schema, rk_given given)
{
    static int (*const readers[])(void *out, rk_reading *reading, const rk_schema *schema,
                                  rk_given given) = {
        [RK_KIND_TEXT] = rk_read_scalar,   [RK_KIND_INT] = rk_read_scalar,
        [RK_KIND_NUMBER] = rk_read_scalar, [RK_KIND_BOOL] = rk_read_scalar,
        [RK_KIND_ENUM] = rk_read_scalar,   [RK_KIND_TIME] = rk_read_scalar,
        [RK_KIND_TEXTS] = read_array,      [RK_KIND_ARRAY] = read_array,
        [RK_KIND_OBJECT] = read_object,    [RK_KIND_MAP] = read_map,
        [RK_KIND_ANY] = read_any,          [RK_KIND_RAW] = read_raw,
        [RK_KIND_UNION] = read_union,
    };

    return readers[schema->kind](out, reading, schema, given);
}

/* --- the whole --- */

static int verdict(rk_op *op, const rk_reading *reading)
{
    if (reading->count)
        return rk_fail(op, RK_ERR_INVALID, "There are errors in the following fields, %s",
                       reading->violations.text);
    if (!reading->has_nul)
        return 0;
    (void)rk_fail(op, RK_ERR_INVALID,
                  "The payload contains characters that are incompatible with the database");
    return rk_fail_detail(op, "invalid byte sequence for encoding \"UTF8\": 0x00");
}

int rk_schema_read(void *out, rk_op *op, const rk_patterns *patterns, const rk_schema *schema,
                   struct json_object *value)
{
    rk_reading reading = {
        .matcher = {.op = op, .patterns = patterns}
    };

    if (schema->kind == RK_KIND_OBJECT && !json_object_is_type(value, json_type_object))
        return rk_fail(op, RK_ERR_INVALID,
                       "The validation failed because the provided input has the wrong type");
    memset(out, 0, rk_schema_size(schema));
    rk_buf_begin(&reading.violations, op, 0);
    RK_TRY(read_value(out, &reading, schema, (rk_given){value, NULL}));
    return verdict(op, &reading);
}
