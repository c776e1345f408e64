/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PAIRS_H
#define RK_PAIRS_H

#include "librenku/http/schema.h"

/* Shared by queries, forms and paths. */

/* Bytes as text: what is no UTF-8 becomes U+FFFD, a NUL the bytes C0 80. */
int rk_pairs_text(const char **out, rk_op *op, const char *bytes, size_t length);
/* A part of a path without its escapes; "+" stands for itself. */
int rk_path_text(const char **out, rk_op *op, const char *escaped, size_t length);
/* Adds one pair; the texts are borrowed. TOO_LARGE when there are too many. */
int rk_pairs_add(rk_pairs *pairs, rk_op *op, const char *name, const char *value);

#endif
