/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/json.h"

#include <string.h>

#include <json-c/json.h>

#include "librenku/http/json.h"

enum { NAME_MAX_BYTES = 64 };

int rk_k8s_json_read(json_object **out, rk_op *op, const char *text, size_t length)
{
    int result = rk_json_parse_own(out, op, text, length);

    if (result == RK_ERR_NO_MEMORY)
        return result;
    if (result < 0)
        rk_error_clear(op);
    if (result < 0 || !json_object_is_type(*out, json_type_object))
        *out = NULL;
    return 0;
}

json_object *rk_k8s_json_at(json_object *object, const char *place)
{
    while (object && *place) {
        char name[NAME_MAX_BYTES] = "";
        size_t length = strcspn(place, "/");

        if (length >= sizeof(name) || !json_object_is_type(object, json_type_object))
            return NULL;
        memcpy(name, place, length);
        object = json_object_object_get(object, name);
        place += length + (place[length] == '/');
    }
    return object;
}

const char *rk_k8s_json_text(json_object *object, const char *place)
{
    json_object *found = rk_k8s_json_at(object, place);

    return json_object_is_type(found, json_type_string) ? json_object_get_string(found) : NULL;
}

int rk_k8s_json_add(rk_op *op, json_object *object, const char *name, json_object *value)
{
    if (value && json_object_object_add(object, name, value) == 0)
        return 0;
    json_object_put(value);
    return rk_fail_default(op, RK_ERR_NO_MEMORY);
}
