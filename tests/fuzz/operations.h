/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_FUZZ_OPERATIONS_H
#define RK_FUZZ_OPERATIONS_H

#include <string.h>

#include "librenku/http/operation.h"

/* The operation that the first line of an input names, NULL when there is none; *rest is what
 * follows that line. */
static inline const rk_operation *named_operation(const char **rest, size_t *left, const char *text,
                                                  size_t size)
{
    const char *end = memchr(text, '\n', size);

    if (!end)
        return NULL;
    *rest = end + 1;
    *left = size - (size_t)(end + 1 - text);
    char name[64] = "";

    if ((size_t)(end - text) >= sizeof(name))
        return NULL;
    memcpy(name, text, (size_t)(end - text));
    for (int i = 0; i < RK_SERVICE_COUNT_; i++) {
        const rk_operation *found = rk_operation_named(&rk_services[i], name);

        if (found)
            return found;
    }
    return NULL;
}

/* Room for whatever the schema reads. */
static inline size_t room_for(const rk_schema *schema)
{
    size_t least = 64;

    return schema->size_bytes > least ? schema->size_bytes : least;
}

#endif
