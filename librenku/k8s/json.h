/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_K8S_JSON_H
#define RK_K8S_JSON_H

#include "librenku/base/op.h"

struct json_object;

/* Reads a JSON object that fills the text; NULL when it is none. Lives as long as the operation. */
int rk_k8s_json_read(struct json_object **out, rk_op *op, const char *text, size_t length);
/* What stands there: "metadata/name"; NULL when nothing does. */
struct json_object *rk_k8s_json_at(struct json_object *object, const char *place);
/* The text that stands there; NULL when there is none. Borrowed. */
const char *rk_k8s_json_text(struct json_object *object, const char *place);
/* Adds a member; takes the value over, whatever comes out. */
int rk_k8s_json_add(rk_op *op, struct json_object *object, const char *name,
                    struct json_object *value);

#endif
