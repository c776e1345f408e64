/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_GITLAB_H
#define RK_GITLAB_H

#include "librenku/base/op.h"
#include "librenku/base/settings.h"

/* The base URL of the attached GitLab: with a scheme, without slashes at the end. NULL when there
 * is none. Spec: authentication.md 4 */
int rk_gitlab_url(const char **out, rk_op *op, const rk_settings *settings);

#endif
