/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CRYPTO_JSON_H
#define RK_CRYPTO_JSON_H

#include "librenku/base/op.h"

struct json_object;

/* Reads one JSON object that fills the text: strict, UTF-8, at most 32 levels, no name twice.
 * INVALID_TOKEN when it is none. The object is given back with the arena. */
int rk_crypto_json_read(struct json_object **out, rk_op *op, const char *text, size_t length);
/* A member that is a text without NUL, copied; NULL when it is absent or null; INVALID_TOKEN when
 * it is anything else. */
int rk_crypto_json_text(const char **out, rk_op *op, struct json_object *object, const char *name);

#endif
