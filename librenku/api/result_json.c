/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/api/result.h"
#include "librenku/http/schema.h"

/* Parts of a body by JSON pointer. The body is parsed when the first of them is asked for. */

static const char *const type_names[] = {
    [RENKU_TYPE_ABSENT] = "is not there",   [RENKU_TYPE_NULL] = "is null",
    [RENKU_TYPE_BOOL] = "is a truth value", [RENKU_TYPE_INT] = "is an integer",
    [RENKU_TYPE_NUMBER] = "is a number",    [RENKU_TYPE_TEXT] = "is a text",
    [RENKU_TYPE_ARRAY] = "is an array",     [RENKU_TYPE_OBJECT] = "is an object",
};
static const char out_of_memory[] = "Out of memory";
enum { COMPLAINT_MAX = 256, POINTER_MAX = 180 };
static const char no_json[] = "cannot be there: the body is no JSON";

/* What the accessors remember is no part of the outcome. */
static renku_result *notes_of(const renku_result *result)
{
    return (renku_result *)(uintptr_t)result;
}

/* "'/id' is a text, not an integer" */
static void complain(const renku_result *result, const char *pointer, const char *what,
                     const char *wanted)
{
    rk_op op = {.arena = result->arena};
    renku_result *notes = notes_of(result);

    if (!notes->complaint_room)
        notes->complaint_room = rk_alloc(&op, COMPLAINT_MAX, 1);
    notes->complaint = notes->complaint_room ? notes->complaint_room : out_of_memory;
    if (notes->complaint_room)
        (void)snprintf(notes->complaint_room, COMPLAINT_MAX, "'%.*s' %s%s%s", POINTER_MAX,
                       pointer ? pointer : "", what, wanted ? ", not " : "",
                       wanted ? wanted : ""); /* the rest of a long pointer says no more */
}

static void parse(const renku_result *result)
{
    rk_op op = {.arena = result->arena};
    renku_result *notes = notes_of(result);

    if (result->parsed)
        return;
    notes->parsed = true;
    if (rk_json_parse_own(&notes->json, &op, result->body, result->body_size) < 0)
        notes->json = NULL;
}

/* json-c takes a token without characters for index 0 of an array. */
static bool has_empty_token(const char *pointer)
{
    size_t length = strlen(pointer);

    return strstr(pointer, "//") || (length && pointer[length - 1] == '/');
}

/* False, with a complaint, when there is no such part; JSON null is found and NULL. */
static bool find(struct json_object **out, const renku_result *result, const char *pointer)
{
    pointer = pointer ? pointer : "";
    *out = NULL;
    if (!result || !result->arena)
        return false;
    notes_of(result)->complaint = NULL;
    parse(result);
    if (result->json && !has_empty_token(pointer) &&
        json_pointer_get(result->json, pointer, out) == 0)
        return true;
    complain(result, pointer, result->json ? type_names[RENKU_TYPE_ABSENT] : no_json, NULL);
    return false;
}

static int type_of(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_boolean:
        return RENKU_TYPE_BOOL;
    case json_type_int:
        return RENKU_TYPE_INT;
    case json_type_double:
        return RENKU_TYPE_NUMBER;
    case json_type_string:
        return RENKU_TYPE_TEXT;
    case json_type_array:
        return RENKU_TYPE_ARRAY;
    case json_type_object:
        return RENKU_TYPE_OBJECT;
    default:
        return RENKU_TYPE_NULL;
    }
}

/* The part when it has that type; NULL and a complaint when it has not. */
static struct json_object *want(const renku_result *result, const char *pointer, int type)
{
    struct json_object *value;

    if (!find(&value, result, pointer))
        return NULL;
    int actual = type_of(value);

    if (actual == type || (type == RENKU_TYPE_NUMBER && actual == RENKU_TYPE_INT))
        return value;
    complain(result, pointer, type_names[actual], type_names[type] + strlen("is "));
    return NULL;
}

int renku_result_type(const renku_result *result, const char *pointer)
{
    struct json_object *value;

    return find(&value, result, pointer) ? type_of(value) : RENKU_TYPE_ABSENT;
}

const char *renku_result_text(const renku_result *result, const char *pointer)
{
    struct json_object *value = want(result, pointer, RENKU_TYPE_TEXT);

    return value ? json_object_get_string(value) : NULL;
}

int64_t renku_result_int(const renku_result *result, const char *pointer, int64_t fallback)
{
    struct json_object *value = want(result, pointer, RENKU_TYPE_INT);

    return value ? json_object_get_int64(value) : fallback;
}

double renku_result_number(const renku_result *result, const char *pointer, double fallback)
{
    struct json_object *value = want(result, pointer, RENKU_TYPE_NUMBER);

    return value ? json_object_get_double(value) : fallback;
}

int renku_result_bool(const renku_result *result, const char *pointer, int fallback)
{
    struct json_object *value = want(result, pointer, RENKU_TYPE_BOOL);

    return value ? json_object_get_boolean(value) : fallback;
}

size_t renku_result_count(const renku_result *result, const char *pointer)
{
    struct json_object *value;

    if (!find(&value, result, pointer))
        return 0;
    if (json_object_is_type(value, json_type_array))
        return json_object_array_length(value);
    if (json_object_is_type(value, json_type_object))
        return (size_t)json_object_object_length(value);
    complain(result, pointer, type_names[type_of(value)], "an array or an object");
    return 0;
}

const char *renku_result_member(const renku_result *result, const char *pointer, size_t index)
{
    struct json_object *value = want(result, pointer, RENKU_TYPE_OBJECT);
    size_t at = 0;

    if (!value)
        return NULL;
    json_object_object_foreach(value, name, member)
    {
        (void)member;
        if (at++ == index)
            return name;
    }
    complain(result, pointer, "has fewer members", NULL);
    return NULL;
}

const char *renku_result_json(const renku_result *result, const char *pointer)
{
    struct json_object *value;

    return find(&value, result, pointer)
               ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                           JSON_C_TO_STRING_NOSLASHESCAPE)
               : NULL;
}

const char *renku_result_complaint(const renku_result *result)
{
    return result && result->arena ? result->complaint : out_of_memory;
}
