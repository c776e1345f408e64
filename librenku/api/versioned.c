/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/versioned.h"

#include <string.h>

bool rk_size_is_set(size_t size_bytes)
{
    return size_bytes >= sizeof(size_t) && size_bytes % sizeof(size_t) == 0;
}

bool rk_versioned_read(void *out, size_t known_bytes, const void *given)
{
    size_t given_bytes = *(const size_t *)given;

    if (!rk_size_is_set(given_bytes))
        return false;
    memcpy(out, given, given_bytes < known_bytes ? given_bytes : known_bytes);
    return true;
}
