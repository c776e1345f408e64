/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/value.h"

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
