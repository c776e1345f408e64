/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STORAGE_CORE_H
#define RK_STORAGE_CORE_H

#include <stdbool.h>

#include "librenku/base/op.h"
#include "librenku/base/value.h"
#include "librenku/storage/schema.h"

struct json_object;

/* The type that a configuration names. Spec: storage.md 4.4 */
int rk_storage_type_find(const rk_storage_type **out, rk_op *op, struct json_object *configuration);
/* Whether a provider, NULL is none, is among those of an option. Spec: storage.md 4.1 */
bool rk_storage_applies(const rk_storage_option *option, const char *provider);
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
