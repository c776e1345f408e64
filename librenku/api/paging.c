/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/paging.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PER_PAGE_DEFAULT = 20, PER_PAGE_MAX = 100 };

static const char *first(const rk_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->names[i], name) == 0)
            return pairs->values[i];
    }
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The digits of an integer text: blanks around, a sign, single underscores inside. NULL when it is
 * none. */
static char *digits_of(rk_op *op, const char *text)
{
    char *digits = rk_strdup(op, text);
    size_t length = 0;

    if (!digits)
        return NULL;
    while (is_blank(*text))
        text++;
    for (; *text && !is_blank(*text); text++) {
        if (*text != '_')
            digits[length++] = *text;
        else if (length == 0 || text[1] < '0' || text[1] > '9')
            return NULL;
    }
    digits[length] = '\0';
    while (is_blank(*text))
        text++;
    size_t sign = digits[0] == '-' || digits[0] == '+';

    return *text || length == sign || strspn(digits + sign, "0123456789") != length - sign ? NULL
                                                                                           : digits;
}

/* Saturates, and tells whether it had to. */
static int read_number(int64_t *out, bool *beyond, rk_op *op, const char *name, const char *text)
{
    const char *digits = digits_of(op, text);

    if (!digits)
        return rk_fail(op, RK_ERR_INVALID, "Invalid value for parameter '%s': %s", name, text);
    errno = 0;
    *out = strtoll(digits, NULL, 10);
    *beyond = errno == ERANGE;
    return 0;
}

int rk_page_read(rk_page *out, rk_op *op, const rk_pairs *pairs)
{
    const char *page = first(pairs, "page");
    const char *per_page = first(pairs, "per_page");

    bool beyond = false, unused;

    *out = (rk_page){.number = 1, .per_page = PER_PAGE_DEFAULT};
    if (page)
        RK_TRY(read_number(&out->number, &beyond, op, "page", page));
    if (out->number < 1)
        return rk_fail(op, RK_ERR_INVALID, "Parameter 'page' must be a natural number");
    if (per_page)
        RK_TRY(read_number(&out->per_page, &unused, op, "per_page", per_page));
    if (out->per_page < 1 || out->per_page > PER_PAGE_MAX)
        return rk_fail(op, RK_ERR_INVALID, "Parameter 'per_page' must be between 1 and %d",
                       PER_PAGE_MAX);
    if (beyond || __builtin_mul_overflow(out->number - 1, out->per_page, &out->offset))
        return rk_fail(op, RK_ERR_INVALID,
                       "Calculated pagination offset value is too large for page %s", page);
    return 0;
}

int64_t rk_page_total(const rk_page *page, int64_t total)
{
    return total / page->per_page + (total % page->per_page != 0);
}
