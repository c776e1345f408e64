/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/storage/core.h"

#include <math.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/buf.h"
#include "librenku/crypto/obscure.h"
#include "librenku/http/json.h"
#include "librenku/storage/schema.h"
#include "librenku/storage/storage.h"

static const char masked[] = "<sensitive>";

/* --- values ----------------------------------------------------------------------------------- */

const char *rk_storage_member(struct json_object *configuration, const char *name)
{
    struct json_object *value = json_object_object_get(configuration, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static int put(rk_op *op, struct json_object *configuration, const char *name,
               struct json_object *value)
{
    if (value && json_object_object_add(configuration, name, value) == 0)
        return 0;
    (void)json_object_put(value); /* NULL when there was no memory for it */
    return rk_fail_default(op, RK_ERR_NO_MEMORY);
}

int rk_storage_put_text(rk_op *op, struct json_object *configuration, const char *name,
                        const char *text)
{
    return put(op, configuration, name, json_object_new_string(text));
}

const char *rk_storage_value_text(rk_op *op, struct json_object *value)
{
    rk_buf text;

    if (json_object_is_type(value, json_type_string))
        return json_object_get_string(value);
    if (json_object_is_type(value, json_type_boolean))
        return json_object_get_boolean(value) ? "True" : "False";
    rk_buf_begin(&text, op, 64);
    rk_json_write(&text, value);
    return rk_buf_finish(&text) == 0 ? text.text : NULL;
}

static bool is_of_kind(rk_storage_kind kind, struct json_object *value)
{
    switch (kind) {
    case RK_STORAGE_INT: /* in Python booleans are integers */
        return json_object_is_type(value, json_type_int) ||
               json_object_is_type(value, json_type_boolean);
    case RK_STORAGE_BOOL:
        return json_object_is_type(value, json_type_boolean);
    case RK_STORAGE_TRISTATE:
        return json_object_is_type(value, json_type_object);
    default:
        return json_object_is_type(value, json_type_string);
    }
}

/* --- types ------------------------------------------------------------------------------------ */

static bool is_among(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names;
}

/* Spec: storage.md 4.4 */
static int find_type(const rk_storage_type **out, rk_op *op, struct json_object *configuration)
{
    struct json_object *value = json_object_object_get(configuration, "type");

    if (!value)
        return rk_fail(op, RK_ERR_STORAGE,
                       "Expected a field `type` in the configuration of the storage.");
    const char *name = rk_storage_value_text(op, value);

    RK_CHECK(name);
    if (is_among(rk_storage_blocked_types, name))
        return rk_fail(op, RK_ERR_STORAGE, "Storage '%s' is not supported.", name);
    for (int i = 0; i < rk_storage_type_count; i++) {
        if (strcmp(rk_storage_types[i].name, name) != 0)
            continue;
        *out = &rk_storage_types[i];
        return 0;
    }
    return rk_fail(op, RK_ERR_STORAGE, "RClone provider '%s' does not exist.", name);
}

int rk_storage_check_type(rk_op *op, struct json_object *configuration)
{
    const rk_storage_type *type;

    return find_type(&type, op, configuration);
}

/* --- options ---------------------------------------------------------------------------------- */

static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (;;) {
        size_t item = strcspn(list, ",");

        if (item == length && memcmp(list, name, length) == 0)
            return true;
        if (!list[item])
            return false;
        list += item + 1;
    }
}

/* Whether a provider, NULL is none, is among those of an option. Spec: storage.md 4.1 */
static bool applies(const rk_storage_option *option, const char *provider)
{
    const char *list = option->provider;

    if (!list)
        return true;
    bool negated = *list == '!';

    return (provider && is_listed(list + negated, provider)) != negated;
}

static const rk_storage_option *option_lookup(const rk_storage_type *type, const char *name,
                                              const char *provider)
{
    for (int i = 0; i < type->option_count; i++) {
        if (strcmp(type->options[i].name, name) == 0 && applies(&type->options[i], provider))
            return &type->options[i];
    }
    return NULL;
}

static int check_required(rk_op *op, struct json_object *configuration, const rk_storage_type *type)
{
    const char *provider = rk_storage_member(configuration, "provider");
    rk_buf missing;

    rk_buf_begin(&missing, op, 0);
    for (int i = 0; i < type->option_count; i++) {
        const rk_storage_option *option = &type->options[i];

        if (option->flags & RK_STORAGE_REQUIRED && !option->fallback && applies(option, provider) &&
            !json_object_object_get_ex(configuration, option->name, NULL))
            rk_buf_printf(&missing, "\n%s", option->name);
    }
    RK_TRY(rk_buf_finish(&missing));
    if (!missing.length)
        return 0;
    return rk_fail(op, RK_ERR_STORAGE, "The following fields are required but missing:%s",
                   missing.text);
}

/* A secret does not stand in a message, which somebody may log. */
static const char *shown(rk_op *op, const rk_storage_option *option, struct json_object *value)
{
    return option->flags & RK_STORAGE_SECRET ? masked : rk_storage_value_text(op, value);
}

static int check_kind(rk_op *op, const rk_storage_option *option, struct json_object *value)
{
    static const char *const names[] = {
        [RK_STORAGE_TEXT] = "string",
        [RK_STORAGE_INT] = "int",
        [RK_STORAGE_BOOL] = "bool",
        [RK_STORAGE_TRISTATE] = "Dict(Tristate)",
    };

    if (is_of_kind(option->kind, value))
        return 0;
    const char *text = shown(op, option, value);

    RK_CHECK(text);
    return rk_fail(op, RK_ERR_STORAGE, "Value '%s' for field '%s' is not of type %s", text,
                   option->name, names[option->kind]);
}

static bool is_any(const char *provider)
{
    return !provider || !*provider;
}

static int check_examples(rk_op *op, const rk_storage_option *option, struct json_object *value,
                          const char *provider)
{
    const char *text = rk_storage_value_text(op, value);
    rk_buf names;

    RK_CHECK(text);
    rk_buf_begin(&names, op, 0);
    for (int i = 0; i < option->example_count; i++) {
        const rk_storage_example *example = &option->examples[i];

        if (strcmp(example->value, text) == 0 &&
            (is_any(example->provider) || (provider && strcmp(example->provider, provider) == 0)))
            return 0;
        rk_buf_printf(&names, "%s%s", i ? ", " : "", example->value);
    }
    RK_TRY(rk_buf_finish(&names));
    return rk_fail(op, RK_ERR_STORAGE, "Value '%s' is not valid for field %s. Valid values are: %s",
                   text, option->name, names.text);
}

/* Spec: storage.md 4.4: what would be more than one line of a configuration file */
static int check_lines(rk_op *op, const char *name, struct json_object *value)
{
    const char *text =
        json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == '=' || *c == 0x7f)
            return rk_fail(op, RK_ERR_STORAGE,
                           "A name of the configuration has a character that rclone cannot read.");
    }
    if (!text[strcspn(text, "\r\n")])
        return 0;
    return rk_fail(op, RK_ERR_STORAGE, "The value for field '%s' has a line break.", name);
}

/* --- the whole -------------------------------------------------------------------------------- */

typedef struct {
    const rk_storage_type *type;
    const char *provider;
    rk_storage_secrets secrets;
} checking;

static int check_member(rk_op *op, struct json_object *configuration, const char *name,
                        const checking *how)
{
    struct json_object *value = json_object_object_get(configuration, name);

    if (is_among(how->type->blocked, name))
        return rk_fail(op, RK_ERR_STORAGE, "The %s option is not allowed.", name);
    RK_TRY(check_lines(op, name, value));
    const rk_storage_option *option = option_lookup(how->type, name, how->provider);

    if (!option)
        return 0;
    if (how->secrets == RK_STORAGE_MASK_SECRETS && option->flags & RK_STORAGE_SECRET)
        return rk_storage_put_text(op, configuration, name, masked);
    RK_TRY(check_kind(op, option, value));
    if (!(option->flags & RK_STORAGE_EXCLUSIVE))
        return 0;
    return check_examples(op, option, value, how->provider);
}

/* 5.0 and 1e3 are integers. Spec: storage.md 4.3 */
static int settle_number(rk_op *op, struct json_object *configuration, const char *name)
{
    struct json_object *value = json_object_object_get(configuration, name);
    double number = json_object_get_double(value);

    if (!json_object_is_type(value, json_type_double) || number != trunc(number) ||
        fabs(number) > 0x1p62)
        return 0;
    return put(op, configuration, name, json_object_new_int64((int64_t)number));
}

static int settle(rk_op *op, struct json_object *configuration)
{
    json_object_object_foreach(configuration, name, value)
    {
        if (!value)
            json_object_object_del(configuration, name);
        else
            RK_TRY(settle_number(op, configuration, name));
    }
    return 0;
}

int rk_storage_check(rk_op *op, struct json_object *configuration, rk_storage_secrets secrets)
{
    checking how = {.secrets = secrets};

    RK_TRY(find_type(&how.type, op, configuration));
    RK_TRY(settle(op, configuration));
    RK_TRY(check_required(op, configuration, how.type));
    how.provider = rk_storage_member(configuration, "provider");
    json_object_object_foreach(configuration, name, value)
    {
        (void)value;
        if (strcmp(name, "type") != 0)
            RK_TRY(check_member(op, configuration, name, &how));
    }
    return 0;
}

/* --- secrets ---------------------------------------------------------------------------------- */

int rk_storage_secret_fields(const char **out, rk_op *op, struct json_object *configuration)
{
    const char *provider = rk_storage_member(configuration, "provider");
    const rk_storage_type *type;
    rk_buf fields;

    RK_TRY(find_type(&type, op, configuration));
    rk_buf_begin(&fields, op, 256);
    rk_buf_char(&fields, '[');
    for (int i = 0; i < type->option_count; i++) {
        const rk_storage_option *option = &type->options[i];

        if (!(option->flags & RK_STORAGE_SECRET) || !applies(option, provider) ||
            !json_object_object_get_ex(configuration, option->name, NULL))
            continue;
        rk_buf_text(&fields, fields.length > 1 ? "," : "");
        rk_buf_add(&fields, rk_storage_schema_text + option->offset, (size_t)option->length);
    }
    rk_buf_char(&fields, ']');
    *out = fields.text;
    return rk_buf_finish(&fields);
}

int rk_storage_secret_values(rk_strings *out, rk_op *op, struct json_object *configuration)
{
    const rk_storage_type *type;

    RK_TRY(find_type(&type, op, configuration));
    *out = (rk_strings){true, 0, rk_new_array(op, const char *, (size_t)type->option_count)};
    RK_CHECK(out->items);
    for (int i = 0; i < type->option_count; i++) {
        const char *value = rk_storage_member(configuration, type->options[i].name);

        if (!(type->options[i].flags & RK_STORAGE_SECRET) || !value)
            continue;
        out->items[out->count] = rk_strdup(op, value);
        RK_CHECK(out->items[out->count++]);
    }
    return 0;
}

static int obscure(rk_op *op, struct json_object *configuration, const rk_storage_option *option)
{
    struct json_object *value = json_object_object_get(configuration, option->name);
    const char *text;

    if (!value)
        return 0;
    RK_TRY(check_kind(op, option, value));
    if (!json_object_get_string_len(value))
        return 0;
    RK_TRY(rk_obscure(&text, op, json_object_get_string(value)));
    return rk_storage_put_text(op, configuration, option->name, text);
}

int rk_storage_obscure_passwords(rk_op *op, struct json_object *configuration)
{
    const rk_storage_type *type;

    RK_TRY(find_type(&type, op, configuration));
    for (int i = 0; i < type->option_count; i++) {
        if (type->options[i].flags & RK_STORAGE_PASSWORD)
            RK_TRY(obscure(op, configuration, &type->options[i]));
    }
    return 0;
}
