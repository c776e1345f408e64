/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/text_check.h"

static int64_t count_code_points(const char *text, size_t length)
{
    int64_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

int rk_text_check(rk_text_verdict *out, rk_matcher *matcher, const rk_schema *schema,
                  const char *text, size_t length)
{
    bool found = true;

    *out = RK_TEXT_FITS;
    if (schema->min_length > 0 || schema->max_length >= 0) {
        int64_t count = count_code_points(text, length);

        if (schema->max_length >= 0 && count > schema->max_length)
            *out = RK_TEXT_LONG;
        else if (count < schema->min_length)
            *out = RK_TEXT_SHORT;
    }
    if (*out != RK_TEXT_FITS || schema->pattern_index < 0)
        return 0;
    RK_TRY(rk_matcher_find(&found, matcher, schema->pattern_index, text, length));
    *out = found ? RK_TEXT_FITS : RK_TEXT_PATTERN;
    return 0;
}

bool rk_number_fits(const rk_schema *schema, double value)
{
    if (schema->has_minimum &&
        (schema->exclusive_minimum ? value <= schema->minimum : value < schema->minimum))
        return false;
    return !schema->has_maximum ||
           (schema->exclusive_maximum ? value < schema->maximum : value <= schema->maximum);
}
