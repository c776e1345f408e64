/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SECRET_CORE_H
#define RK_SECRET_CORE_H

#include "librenku/secret/secret.h"

/* INVALID for a time without a zone. Spec: secrets.md 3.3 */
int rk_secret_expiration_check(rk_op *op, const rk_instant *expiration);
/* A file name for a secret of that name: its slug and something random. Spec: secrets.md 5.2 */
int rk_secret_file_name(const char **out, rk_op *op, const char *name);

/* INVALID unless the name is its own last component. Spec: session-secrets.md 3.2 */
int rk_secret_slot_filename_check(rk_op *op, const char *filename);
/* A slot from the body of a creation, with its id. Spec: session-secrets.md 3.2 */
int rk_secret_slot_draft(rk_secret_slot *out, rk_op *op, const rk_new_secret_slot *body);
/* Applies the values of a patch, and tells whether any is new. Spec: session-secrets.md 3.4 */
bool rk_secret_slot_apply(rk_secret_slot *slot, const rk_secret_slot_changes *patch);

#endif
