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

const char *rk_config_get(const renku_config *config, const char *name)
{
    const rk_config_entry *entry = lookup(config, name);

    return entry ? entry->value : NULL;
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

static int append(renku_config *config, char *name, char *value)
{
    if (!name || !value || (config->count == config->capacity && grow(config) < 0)) {
        free(name);
        free(value);
        return -1;
    }
    config->entries[config->count++] = (rk_config_entry){name, value};
    return 0;
}

static int replace(rk_config_entry *entry, const char *value)
{
    char *copy = value ? strdup(value) : NULL;

    if (value && !copy)
        return -1;
    free(entry->value);
    entry->value = copy;
    return 0;
}

int renku_config_set(renku_config *config, const char *name, const char *value)
{
    if (!config || !name)
        return -1;
    rk_config_entry *entry = lookup(config, name);

    if (entry)
        return replace(entry, value);
    return value ? append(config, strdup(name), strdup(value)) : 0;
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
        int result = name ? renku_config_set(config, name, equals + 1) : -1;

        free(name);
        if (result < 0)
            return -1;
    }
    return 0;
}
