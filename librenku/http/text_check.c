/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/text_check.h"

#include <string.h>

static int64_t count_code_points(const char *text, size_t length)
{
    int64_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static bool is_ascii(const char *text, size_t length)
{
    uint64_t eight, all = 0;

    if (length < sizeof eight)
        return false; /* sooner counted than looked at */
    for (size_t at = 0; at < length - sizeof eight; at += sizeof eight) {
        memcpy(&eight, text + at, sizeof eight);
        all |= eight;
    }
    memcpy(&eight, text + length - sizeof eight, sizeof eight);
    return ((all | eight) & UINT64_C(0x8080808080808080)) == 0;
}

static rk_text_verdict check_length(const rk_schema *schema, const char *text, size_t length)
{
    int64_t count = is_ascii(text, length) ? (int64_t)length : count_code_points(text, length);

    if (schema->max_length >= 0 && count > schema->max_length)
        return RK_TEXT_LONG;
    return count < schema->min_length ? RK_TEXT_SHORT : RK_TEXT_FITS;
}

int rk_text_check(rk_text_verdict *out, rk_matcher *matcher, const rk_schema *schema,
                  const char *text, size_t length)
{
    bool found = true;

    if (rk_text_surely_fits(schema, length)) {
        *out = RK_TEXT_FITS;
        return 0;
    }
    *out = check_length(schema, text, length);
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
