/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/ctx.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

renku_config *renku_config_new(void)
{
    return calloc(1, sizeof(renku_config));
}

void renku_config_free(renku_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->count; i++) {
        free(config->entries[i].name);
        free(config->entries[i].value);
        free(config->entries[i].source);
    }
    free(config->entries);
    free(config);
}

void renku_config_log(renku_config *config, renku_log_callback *callback, void *user)
{
    if (!config)
        return;
    config->log = callback;
    config->log_user = user;
}

static rk_config_entry *lookup(const renku_config *config, const char *name)
{
    for (size_t i = 0; i < config->count; i++) {
        if (strcmp(config->entries[i].name, name) == 0)
            return &config->entries[i];
    }
    return NULL;
}

const char *renku_config_get(const renku_config *config, const char *name)
{
    const rk_config_entry *entry = config && name ? lookup(config, name) : NULL;

    return entry ? entry->value : NULL;
}

int renku_config_entry(const renku_config *config, size_t index, const char **name,
                       const char **value)
{
    if (!config || index >= config->count)
        return 0;
    if (name)
        *name = config->entries[index].name;
    if (value)
        *value = config->entries[index].value;
    return 1;
}

static int grow(renku_config *config)
{
    size_t capacity = config->capacity ? config->capacity * 2 : 64;
    rk_config_entry *entries = realloc(config->entries, capacity * sizeof(*entries));

    if (!entries)
        return -1;
    config->entries = entries;
    config->capacity = capacity;
    return 0;
}

/* Takes the texts over; those that are NULL were no longer to be had. */
static int append(renku_config *config, rk_config_entry entry)
{
    bool whole = entry.name && entry.value && entry.source;

    if (whole && (config->count < config->capacity || grow(config) == 0)) {
        config->entries[config->count++] = entry;
        return 0;
    }
    free(entry.name);
    free(entry.value);
    free(entry.source);
    return -1;
}

static int replace(rk_config_entry *entry, const char *value, const char *source)
{
    char *copy = value ? strdup(value) : NULL;
    char *origin = strdup(source);

    if ((value && !copy) || !origin) {
        free(copy);
        free(origin);
        return -1;
    }
    free(entry->value);
    free(entry->source);
    entry->value = copy;
    entry->source = origin;
    return 0;
}

int rk_config_put(renku_config *config, const char *name, const char *value, const char *source)
{
    rk_config_entry *entry = lookup(config, name);

    if (entry)
        return replace(entry, value, source);
    return value ? append(config, (rk_config_entry){strdup(name), strdup(value), strdup(source)})
                 : 0;
}

int renku_config_set(renku_config *config, const char *name, const char *value)
{
    return config && name ? rk_config_put(config, name, value, "call") : -1;
}

int renku_config_from_environment(renku_config *config)
{
    if (!config)
        return -1;
    for (char **variable = environ; variable && *variable; variable++) {
        const char *equals = strchr(*variable, '=');

        if (!equals)
            continue;
        char *name = strndup(*variable, (size_t)(equals - *variable));
        int result = name ? rk_config_put(config, name, equals + 1, "environment") : -1;

        free(name);
        if (result < 0)
            return -1;
    }
    return 0;
}
