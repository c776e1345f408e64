/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_TEXT_CHECK_H
#define RK_TEXT_CHECK_H

#include "librenku/http/patterns.h"

typedef enum {
    RK_TEXT_FITS,
    RK_TEXT_SHORT,
    RK_TEXT_LONG,
    RK_TEXT_PATTERN,
} rk_text_verdict;

/* Whether a text of that many bytes fits whatever it says: a code point takes one to four. */
static inline bool rk_text_surely_fits(const rk_schema *schema, size_t length)
{
    return schema->pattern_index < 0 && (uint64_t)length <= (uint64_t)schema->max_length &&
           (int64_t)length > (schema->min_length - 1) * 4;
}
/* Length in code points and pattern of a text. */
int rk_text_check(rk_text_verdict *out, rk_matcher *matcher, const rk_schema *schema,
                  const char *text, size_t length);
/* Whether a number is within the bounds. */
bool rk_number_fits(const rk_schema *schema, double value);

#endif
