/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/json.h"

#include <limits.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/slug.h"
#include "librenku/base/value.h"

enum { DEPTH_MAX = 32 };

static void give_back(void *object)
{
    json_object_put(object);
}

/* How many members stand in the text of an object; false for NaN and Infinity, which json-c takes.
 */
static bool count_members(size_t *out, const char *text, size_t length)
{
    bool quoted = false;

    *out = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted)
            i += text[i] == '\\';
        else if (text[i] == 'N' || text[i] == 'I')
            return false;
        else
            *out += text[i] == ':';
    }
    return true;
}

/* The unit that an escape of four digits stands for; -1 where there is none. */
static int unit_at(const char *text, size_t left)
{
    int unit = 0;

    if (left < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < 6 && unit >= 0; i++) {
        int digit = rk_hex_value(text[i]);

        unit = digit < 0 ? -1 : unit * 16 + digit;
    }
    return unit;
}

/* Whether all surrogates stand in pairs: json-c takes U+FFFD for one that stands alone, so that
 * different texts become one. */
static bool has_whole_pairs(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        int unit = unit_at(text + i, length - i);

        i += text[i] == '\\';
        if (unit < 0xd800 || unit >= 0xe000)
            continue;
        i += 4;
        int low = unit_at(text + i + 1, length - i - 1);

        if (unit >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
            return false;
        i += 6;
    }
    return true;
}

static size_t members_of(json_object *value);

static size_t members_of_object(json_object *object)
{
    size_t count = 0;

    json_object_object_foreach(object, name, member)
    {
        (void)name;
        count += 1 + members_of(member);
    }
    return count;
}

/* The same of what was read; the depth is bounded. */
static size_t members_of(json_object *value)
{
    size_t count = 0;

    if (json_object_is_type(value, json_type_object))
        return members_of_object(value);
    if (!json_object_is_type(value, json_type_array))
        return 0;
    for (size_t i = 0; i < json_object_array_length(value); i++)
        count += members_of(json_object_array_get_idx(value, i));
    return count;
}

/* json-c lets the later one of two members with one name win, where others take the first: RFC 7515
 * 4, RFC 7519 4. */
static bool has_one_meaning(json_object *object, const char *text, size_t length)
{
    size_t count;

    return rk_text_is_utf8(text, length) && has_whole_pairs(text, length) &&
           count_members(&count, text, length) && members_of(object) == count;
}

/* NULL when the text is no JSON; json-c does not tell that from a lack of memory. */
static json_object *parse(json_tokener *tokener, const char *text, size_t length)
{
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *object = json_tokener_parse_ex(tokener, text, (int)length);

    if (object && json_tokener_get_error(tokener) == json_tokener_success &&
        json_tokener_get_parse_end(tokener) == length && has_one_meaning(object, text, length))
        return object;
    json_object_put(object);
    return NULL;
}

int rk_crypto_json_read(json_object **out, rk_op *op, const char *text, size_t length)
{
    json_tokener *tokener = length < INT_MAX ? json_tokener_new_ex(DEPTH_MAX) : NULL;

    if (!tokener)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    json_object *object = parse(tokener, text, length);

    json_tokener_free(tokener);
    if (object && rk_arena_defer(op->arena, give_back, object) < 0)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    if (!json_object_is_type(object, json_type_object))
        return rk_fail(op, RK_ERR_INVALID_TOKEN, "There is no JSON object where one must be.");
    *out = object;
    return 0;
}

int rk_crypto_json_text(const char **out, rk_op *op, json_object *object, const char *name)
{
    json_object *member = json_object_object_get(object, name);

    *out = NULL;
    if (!member)
        return 0;
    const char *text = json_object_get_string(member);

    if (!json_object_is_type(member, json_type_string) ||
        strlen(text) != (size_t)json_object_get_string_len(member))
        return rk_fail(op, RK_ERR_INVALID_TOKEN, "The member '%s' must be a text.", name);
    *out = rk_strdup(op, text);
    RK_CHECK(*out);
    return 0;
}
