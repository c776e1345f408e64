/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LISTING_VERIFY_H
#define RK_LISTING_VERIFY_H

#include "librenku/base/buf.h"

/* Compares the projection behind the lists with the rows and relationships, names what differs, and
 * makes it anew when asked: {"differences":[..],"rebuilt":true|false}. CONFLICT when there are
 * differences that stay. */
int rk_listing_verify(rk_op *op, rk_buf *out, bool repair);

#endif
