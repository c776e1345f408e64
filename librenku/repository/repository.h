/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_REPOSITORY_H
#define RK_REPOSITORY_H

#include "librenku/base/op.h"

/* Checks the URL of a code repository and gives its normal form. *why is NULL, or the error code of
 * repositories.md 2.1 ("no_url_scheme"); the result is then 0 all the same. Spec: repositories.md 3
 */
int rk_git_url_normalize(const char **out, const char **why, rk_op *op, const char *url);

#endif
