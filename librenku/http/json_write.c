/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/http/json.h"

const char *rk_json_literal(struct json_object *number)
{
    return json_object_is_type(number, json_type_double) ? json_object_get_userdata(number) : NULL;
}

static bool is_integer(const char *literal)
{
    return literal && !literal[strspn(literal, "-0123456789")];
}

bool rk_json_is_finite(struct json_object *number)
{
    return isfinite(json_object_get_double(number)) || is_integer(rk_json_literal(number));
}

static void write_double(rk_buf *out, struct json_object *value)
{
    const char *literal = rk_json_literal(value);

    if (is_integer(literal))
        rk_buf_text(out, literal); /* more digits than a double holds */
    else
        rk_buf_json_number(out, json_object_get_double(value));
}

static void write_array(rk_buf *out, struct json_object *array)
{
    rk_buf_char(out, '[');
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        if (i)
            rk_buf_char(out, ',');
        rk_json_write(out, json_object_array_get_idx(array, i));
    }
    rk_buf_char(out, ']');
}

static void write_object(rk_buf *out, struct json_object *object)
{
    const char *between = "";

    rk_buf_char(out, '{');
    json_object_object_foreach(object, name, value)
    {
        rk_buf_text(out, between);
        between = ",";
        rk_buf_json_text(out, name);
        rk_buf_char(out, ':');
        rk_json_write(out, value);
    }
    rk_buf_char(out, '}');
}

void rk_json_write(rk_buf *out, struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_boolean:
        rk_buf_json_bool(out, json_object_get_boolean(value));
        break;
    case json_type_int:
        rk_buf_json_int(out, json_object_get_int64(value));
        break;
    case json_type_double:
        write_double(out, value);
        break;
    case json_type_string:
        rk_buf_json_text_n(out, json_object_get_string(value),
                           (size_t)json_object_get_string_len(value));
        break;
    case json_type_array:
        write_array(out, value);
        break;
    case json_type_object:
        write_object(out, value);
        break;
    default:
        rk_buf_text(out, "null");
    }
}
