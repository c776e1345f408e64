/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STORAGE_H
#define RK_STORAGE_H

#include "librenku/base/op.h"

struct json_object;

/* What becomes of secret values in a configuration that is checked. */
typedef enum {
    RK_STORAGE_MASK_SECRETS, /* they are replaced by "<sensitive>", unseen */
    RK_STORAGE_KEEP_SECRETS,
} rk_storage_secrets;

/* Checks a configuration, and changes it in place: members that are null go, integers are integers
 * in any form. Spec: storage.md 4.4 */
int rk_storage_check(rk_op *op, struct json_object *configuration, rk_storage_secrets secrets);
/* The type of a configuration, which must be one that is offered. */
int rk_storage_check_type(rk_op *op, struct json_object *configuration);
/* The JSON array of the secret options that the configuration sets. Spec: storage.md 4.5 */
int rk_storage_secret_fields(const char **out, rk_op *op, struct json_object *configuration);

/* Where a URL leads. */
typedef struct {
    struct json_object *configuration;
    const char *source_path;
} rk_storage_place;
/* Spec: storage.md 4.6 */
int rk_storage_from_url(rk_storage_place *out, rk_op *op, const char *url);

#endif
