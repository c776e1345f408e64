/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_HTTP_JSON_H
#define RK_HTTP_JSON_H

#include "librenku/http/schema.h"

/* The arena takes a value over; NULL is accepted. On failure it is given back at once. */
int rk_json_keep(rk_op *op, struct json_object *value);
/* The text of a number that json-c cannot hold exactly, or that was not written as an integer; NULL
 * for others. */
const char *rk_json_literal(struct json_object *number);
/* Whether a number is written as one: beyond all doubles only whole ones are. */
bool rk_json_is_finite(struct json_object *number);
/* What stands for NUL in the name of a member, and in no UTF-8. */
#define RK_JSON_NUL_IN_NAME "\xc0\x80"
/* Writes a value as it is, members in their order. Spec: foundations.md 10.4 */
void rk_json_write(rk_buf *out, struct json_object *value);

#endif
