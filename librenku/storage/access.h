/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STORAGE_ACCESS_H
#define RK_STORAGE_ACCESS_H

#include "librenku/base/op.h"

/* What the caller is to a project in GitLab. */
typedef enum {
    RK_STORAGE_STRANGER,
    RK_STORAGE_MEMBER,
    RK_STORAGE_OWNER,
} rk_storage_level;

/* Asks GitLab. No connection to the database should be held. Spec: authentication.md 4.1 */
int rk_storage_level_of(rk_storage_level *out, rk_op *op, const char *project_id);
/* FORBIDDEN below the level. */
int rk_storage_require(rk_op *op, const char *project_id, rk_storage_level level);

#endif
