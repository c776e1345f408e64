/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/characters.h"

#include <stdint.h>
#include <string.h>

/* Where a character may stand. */
enum { IN_TOKEN = 1, IN_HOST = 2, IN_BOTH = 3 };

#define RANGE(from, to, where) [(from)...(to)] = (where)

static const unsigned char classes[256] = {
    RANGE('0', '9', IN_BOTH),
    RANGE('a', 'z', IN_BOTH),
    RANGE('A', 'Z', IN_BOTH),
    /* both */
    ['-'] = IN_BOTH,
    ['.'] = IN_BOTH,
    ['_'] = IN_BOTH,
    ['~'] = IN_BOTH,
    ['%'] = IN_BOTH,
    /* RFC 9110 5.6.2 */
    ['!'] = IN_TOKEN,
    ['#'] = IN_TOKEN,
    ['$'] = IN_TOKEN,
    ['&'] = IN_TOKEN,
    ['\''] = IN_TOKEN,
    ['*'] = IN_TOKEN,
    ['+'] = IN_TOKEN,
    ['^'] = IN_TOKEN,
    ['`'] = IN_TOKEN,
    ['|'] = IN_TOKEN,
    [':'] = IN_HOST,
    ['['] = IN_HOST,
    [']'] = IN_HOST,
};

static bool is_all(const char *text, size_t size, unsigned char where)
{
    for (size_t i = 0; i < size; i++)
        if (!(classes[(unsigned char)text[i]] & where))
            return false;
    return true;
}

bool rk_is_token(const char *text, size_t size)
{
    return size > 0 && is_all(text, size, IN_TOKEN);
}

bool rk_is_host(const char *text, size_t size)
{
    return is_all(text, size, IN_HOST);
}

typedef unsigned char block __attribute__((vector_size(16)));

static bool is_unmarked(const block *marks)
{
    uint64_t halves[2];

    memcpy(halves, marks, sizeof(halves));
    return (halves[0] | halves[1]) == 0;
}

bool rk_is_field_text(const char *text, size_t size)
{
    block sixteen, wrong = {0};
    size_t i = 0;

    for (; size - i >= sizeof(block); i += sizeof(block)) {
        memcpy(&sixteen, text + i, sizeof(sixteen));
        wrong |= (block)((sixteen < 0x20) & (sixteen != '\t')) | (block)(sixteen == 0x7f);
    }
    for (; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return is_unmarked(&wrong);
}
