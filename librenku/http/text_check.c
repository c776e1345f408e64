/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/text_check.h"

#include <string.h>

static int64_t count_bytewise(const char *text, size_t length)
{
    int64_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static int64_t count_code_points(const char *text, size_t length)
{
    static const uint64_t beyond_ascii = UINT64_C(0x8080808080808080);
    uint64_t eight;
    size_t at = 0;

    for (; length - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, text + at, sizeof eight);
        if (eight & beyond_ascii)
            break;
    }
    return (int64_t)at + count_bytewise(text + at, length - at);
}

/* A code point takes one to four bytes: mostly nothing needs to be counted. */
static rk_text_verdict check_length(const rk_schema *schema, const char *text, size_t length)
{
    bool may_be_long = schema->max_length >= 0 && (int64_t)length > schema->max_length;
    bool may_be_short = (int64_t)length < schema->min_length * 4;

    if (!may_be_long && !may_be_short)
        return RK_TEXT_FITS;
    int64_t count = count_code_points(text, length);

    if (schema->max_length >= 0 && count > schema->max_length)
        return RK_TEXT_LONG;
    return count < schema->min_length ? RK_TEXT_SHORT : RK_TEXT_FITS;
}

int rk_text_check(rk_text_verdict *out, rk_matcher *matcher, const rk_schema *schema,
                  const char *text, size_t length)
{
    bool found = true;

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
