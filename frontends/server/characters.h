/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CHARACTERS_H
#define RK_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>

/* Which characters may stand where in the head of a request. */

/* RFC 9110 5.6.2; never empty. */
bool rk_is_token(const char *text, size_t size);
bool rk_is_host(const char *text, size_t size);
/* RFC 9110 5.5: visible, blank, tab and the upper half. */
bool rk_is_field_text(const char *text, size_t size);

#endif
