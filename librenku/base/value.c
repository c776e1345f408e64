/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/value.h"

#include <stdlib.h>
#include <string.h>

int rk_enum_lookup(const rk_enum *names, const char *text)
{
    for (size_t i = 0; text && i < names->count; i++)
        if (strcmp(names->names[i], text) == 0)
            return (int)i + 1;
    return 0;
}

const char *rk_enum_name(const rk_enum *names, int value)
{
    return value >= 1 && (size_t)value <= names->count ? names->names[value - 1] : NULL;
}

bool rk_strings_has(const rk_strings *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}

static int compare(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

void rk_strings_sort(rk_strings *texts)
{
    size_t kept = 0;

    if (texts->count)
        qsort(texts->items, texts->count, sizeof(*texts->items), compare);
    for (size_t i = 0; i < texts->count; i++)
        if (!kept || strcmp(texts->items[kept - 1], texts->items[i]) != 0)
            texts->items[kept++] = texts->items[i];
    texts->count = kept;
}

size_t rk_strings_place(const rk_strings *sorted, const char *text)
{
    const char **found = sorted->count ? bsearch(&text, sorted->items, sorted->count,
                                                 sizeof(*sorted->items), compare)
                                       : NULL;

    return found ? (size_t)(found - sorted->items) : sorted->count;
}
