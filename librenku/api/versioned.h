/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_VERSIONED_H
#define RK_VERSIONED_H

#include <stdbool.h>
#include <stddef.h>

/* Structures of the calling program that begin with their size, since it may have been compiled
 * with older headers, or with newer ones. */

/* Whether a size can be one: a program that forgot the initialiser has 0 there. */
bool rk_size_is_set(size_t size_bytes);
/* Copies what both sides know over the defaults in @p out; false when the size cannot be one. */
bool rk_versioned_read(void *out, size_t known_bytes, const void *given);

#endif
