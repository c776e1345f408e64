/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/letters.h"

static bool are_alike(char one, char other)
{
    return one == other || rk_letter_lower(one) == rk_letter_lower(other);
}

bool rk_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char rk_letter_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return c;
}

bool rk_letters_equal(const char *one, const char *other)
{
    for (; are_alike(*one, *other); one++, other++)
        if (!*one)
            return true;
    return false;
}

bool rk_letters_equal_n(const char *one, const char *other, size_t length)
{
    size_t i = 0;

    while (i < length && are_alike(one[i], other[i]) && one[i])
        i++;
    return i == length || (!one[i] && !other[i]);
}
