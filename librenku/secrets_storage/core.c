/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/secrets_storage/core.h"

#include <string.h>

#include <json-c/json.h>

enum { SHOWN_MAX = 100 };

/* --- owners ----------------------------------------------------------------------------------- */

static int read_owner(rk_k8s_owner *out, rk_op *op, struct json_object *json, size_t index)
{
    static const struct {
        const char *name;
        size_t offset;
    } members[] = {
        {"apiVersion", offsetof(rk_k8s_owner, api_version)},
        {"kind",       offsetof(rk_k8s_owner, kind)       },
        {"name",       offsetof(rk_k8s_owner, name)       },
        {"uid",        offsetof(rk_k8s_owner, uid)        },
    };

    for (size_t i = 0; i < RK_COUNT(members); i++) {
        struct json_object *value;

        if (!json_object_object_get_ex(json, members[i].name, &value))
            return rk_fail(op, RK_ERR_INVALID,
                           "There are errors in the following fields, owner_references.%zu.%s: "
                           "Field required",
                           index, members[i].name);
        *(const char **)((char *)out + members[i].offset) = json_object_get_string(value);
    }
    return 0;
}

int rk_kept_owners(rk_k8s_secret *out, rk_op *op, const rk_wanted_secret *wanted)
{
    size_t count = wanted->owner_references.count;
    rk_k8s_owner *owners = rk_new_array(op, rk_k8s_owner, count);

    RK_CHECK(owners);
    for (size_t i = 0; i < count; i++)
        RK_TRY(read_owner(&owners[i], op, wanted->owner_references.items[i], i));
    out->owners = owners;
    out->owner_count = count;
    return 0;
}

/* --- ids -------------------------------------------------------------------------------------- */

int rk_kept_ids(rk_strings *out, rk_op *op, const rk_wanted_secret *wanted)
{
    const rk_strings *given = &wanted->secret_ids;
    const char **ids = rk_new_array(op, const char *, given->count);

    RK_CHECK(ids);
    memcpy(ids, given->items, given->count * sizeof(*ids));
    *out = (rk_strings){true, given->count, ids};
    rk_strings_sort(out);
    return 0;
}

static int refuse_missing(rk_op *op, const rk_strings *ids, const rk_kept_secret *secrets)
{
    size_t count = 0;
    rk_buf text;

    rk_buf_begin(&text, op, 256);
    for (size_t i = 0; i < ids->count; i++) {
        if (secrets[i].stored)
            continue;
        if (count < SHOWN_MAX)
            rk_buf_printf(&text, "%s%s", count ? ", " : "", ids->items[i]);
        count++;
    }
    if (count > SHOWN_MAX)
        rk_buf_printf(&text, " and %zu more", count - SHOWN_MAX);
    RK_TRY(rk_buf_finish(&text));
    return rk_fail(op, RK_ERR_NOT_FOUND, "These secrets cannot be found: %s", text.text);
}

int rk_kept_match(rk_kept_secret **out, rk_op *op, const rk_strings *ids, const rk_array *found)
{
    const rk_wrapped_secret *stored = found->items;
    rk_kept_secret *secrets = rk_new_array(op, rk_kept_secret, ids->count);

    RK_CHECK(secrets);
    for (size_t i = 0; i < found->count; i++)
        secrets[rk_strings_place(ids, stored[i].id)].stored = &stored[i];
    *out = secrets;
    return found->count < ids->count ? refuse_missing(op, ids, secrets) : 0;
}

/* --- keys ------------------------------------------------------------------------------------- */

/* How many keys one value of a mapping has: it is a text or a list of texts. */
static size_t count_of(struct json_object *value)
{
    return json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 1;
}

static const char *key_at(struct json_object *value, size_t index)
{
    if (json_object_is_type(value, json_type_array))
        value = json_object_array_get_idx(value, index);
    return json_object_get_string(value);
}

static bool has_mapping(struct json_object *mapping)
{
    return mapping && json_object_object_length(mapping) > 0;
}

static size_t count_all(struct json_object *mapping)
{
    size_t count = 0;

    json_object_object_foreach(mapping, id, value)
    {
        (void)id;
        count += count_of(value);
    }
    return count;
}

static int check_unique(rk_op *op, struct json_object *mapping)
{
    const size_t all = count_all(mapping);
    rk_strings keys = {true, 0, rk_new_array(op, const char *, all)};

    RK_CHECK(keys.items);
    json_object_object_foreach(mapping, id, value)
    {
        (void)id;
        for (size_t i = 0; i < count_of(value); i++)
            keys.items[keys.count++] = key_at(value, i);
    }
    rk_strings_sort(&keys);
    return keys.count == all ? 0 : rk_fail(op, RK_ERR_INVALID, "Key mapping values are not unique");
}

int rk_kept_check_mapping(rk_op *op, const rk_strings *ids, struct json_object *mapping)
{
    if (!has_mapping(mapping))
        return 0;
    bool complete = (size_t)json_object_object_length(mapping) == ids->count;

    for (size_t i = 0; complete && i < ids->count; i++)
        complete = json_object_object_get_ex(mapping, ids->items[i], NULL);
    if (!complete)
        return rk_fail(op, RK_ERR_INVALID, "Key mapping must include all requested secret IDs");
    return check_unique(op, mapping);
}

static rk_k8s_entry entry_of(const char *key, const rk_kept_secret *secret)
{
    return (rk_k8s_entry){key, secret->inner, strlen(secret->inner)};
}

int rk_kept_entries(rk_k8s_secret *out, rk_op *op, const rk_kept_secret *secrets, size_t count,
                    struct json_object *mapping)
{
    bool mapped = has_mapping(mapping);
    rk_k8s_entry *entries = rk_new_array(op, rk_k8s_entry, mapped ? count_all(mapping) : count);
    struct json_object *keys;
    size_t filled = 0;

    RK_CHECK(entries);
    for (size_t i = 0; i < count; i++) {
        if (!mapped)
            entries[filled++] = entry_of(secrets[i].stored->filename, &secrets[i]);
        else if (json_object_object_get_ex(mapping, secrets[i].stored->id, &keys))
            for (size_t k = 0; k < count_of(keys); k++)
                entries[filled++] = entry_of(key_at(keys, k), &secrets[i]);
    }
    out->entries = entries;
    out->entry_count = filled;
    return 0;
}
