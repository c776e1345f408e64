/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PLATFORM_CORE_H
#define RK_PLATFORM_CORE_H

#include "platform_api.h" /* generated: rk_redirect, rk_authorization_config */

/* The normal form of a legacy URL, or INVALID. Spec: platform.md 5 */
int rk_redirect_source(const char **out, rk_op *op, const char *url);
/* The same of where it leads. */
int rk_redirect_target(const char **out, rk_op *op, const char *url);
/* Spec: platform.md 3.2 */
int rk_authorization_etag(const char **out, rk_op *op, const rk_authorization_config *config);

#endif
