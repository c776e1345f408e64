/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LOCATION_H
#define RK_LOCATION_H

#include "librenku/base/buf.h"

/* Where a value stands: names and indexes from the inside out. NULL is the whole. They live on the
 * stack of whoever goes through a value. */
typedef struct rk_location {
    const struct rk_location *outer;
    const char *name; /* NULL: the index counts */
    size_t index;
} rk_location;

/* "session_launcher.name", "1.id". Spec: foundations.md 5.4 */
void rk_location_print(rk_buf *out, const rk_location *location);

#endif
