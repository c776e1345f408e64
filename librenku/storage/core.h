/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STORAGE_CORE_H
#define RK_STORAGE_CORE_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

struct json_object;

/* The text of a member, NULL when it has none. */
const char *rk_storage_member(struct json_object *configuration, const char *name);
/* Sets a member to a text. */
int rk_storage_put_text(rk_op *op, struct json_object *configuration, const char *name,
                        const char *text);
/* A value as rclone reads it, and as messages show it. */
const char *rk_storage_value_text(rk_op *op, struct json_object *value);
/* The secret texts of a configuration. */
int rk_storage_secret_values(rk_strings *out, rk_op *op, struct json_object *configuration);
/* Passwords become what rclone reads. Spec: storage.md 5.1 */
int rk_storage_obscure_passwords(rk_op *op, struct json_object *configuration);

#endif
