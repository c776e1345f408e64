/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PAGING_H
#define RK_PAGING_H

#include "librenku/http/reply.h"
#include "librenku/http/schema.h"

/* Reads page and per_page from the raw query. Spec: foundations.md 7 */
int rk_page_read(rk_page *out, rk_op *op, const rk_pairs *pairs);
/* ceil(total / per_page). */
int64_t rk_page_total(const rk_page *page, int64_t total);

#endif
