/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_URL_H
#define RK_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "librenku/base/buf.h"

/* A part of a text, not terminated. */
typedef struct {
    const char *text;
    size_t length;
} rk_part;

/* A URL or a reference; a part that is not there has length 0. */
typedef struct {
    rk_part scheme, authority, path, query, fragment;
} rk_url;

/* Takes a text apart; whatever it is, that works. */
rk_url rk_url_split(const char *text);
/* Whether the part is that text, letters of either case. */
bool rk_part_is(const rk_part *part, const char *wanted);
bool rk_part_starts(const rk_part *part, const char *wanted);
/* Without user, port and brackets; of length 0 when a bracket is not closed. */
rk_part rk_authority_host(const rk_part *authority);
/* Whether brackets, where there are any, enclose an IPv6 address that is the host. */
bool rk_authority_is_sound(const rk_part *authority);
/* The URL for people: without user, query and fragment, which may hold secrets. NULL without
 * memory.
 */
const char *rk_url_shown(rk_op *op, const char *url);
/* Adds a text as a segment or a value: percent signs for all that is neither letter, digit nor one
 * of "-._~". */
void rk_url_add_encoded(rk_buf *buf, const char *text);

#endif
