/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_OBSCURE_H
#define RK_OBSCURE_H

#include "librenku/base/op.h"

/* The form in which rclone keeps passwords: AES-256 in counter mode under a key that everybody
 * knows, so it protects nothing. Spec: storage.md 5.1 */

/* Different at each call. */
int rk_obscure(const char **out, rk_op *op, const char *text);
/* DECRYPTION when the text was not made that way. */
int rk_reveal(const char **out, rk_op *op, const char *obscured);

#endif
