/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CANCEL_H
#define RK_CANCEL_H

#include <stdbool.h>

struct renku_cancel;

/* False for NULL. */
bool rk_cancel_is_set(const struct renku_cancel *cancel);
/* Becomes readable once cancelled, for poll(); -1 for NULL. */
int rk_cancel_fd(const struct renku_cancel *cancel);

#endif
