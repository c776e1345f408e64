/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/user/core.h"

#include <string.h>

#include "librenku/base/letters.h"
#include "librenku/base/slug.h"

enum { NUMBERED_SLUGS = 5, USER_ID_MAX = 36 };

/* The final form of a candidate: a slug again, in lower case as namespaces are stored. */
static int settle(const char **out, rk_op *op, const char *candidate)
{
    const char *slug;

    RK_TRY(rk_slug_from_name(&slug, op, candidate));
    return rk_text_lower(out, op, slug);
}

int rk_user_numbered_slugs(rk_strings *out, rk_op *op, const rk_person *person, int numbered)
{
    const char **items = rk_new_array(op, const char *, (size_t)numbered + 2);
    char suffix[RK_SLUG_SUFFIX_LENGTH + 1];
    const char *base;

    RK_CHECK(items);
    RK_TRY(rk_slug_from_user(
        &base, op,
        &(rk_user_names){person->id, person->email, person->first_name, person->last_name}));
    RK_TRY(rk_slug_suffix(suffix, op));
    for (int i = 0; i < numbered + 2; i++) {
        const char *candidate = i == 0          ? base
                                : i <= numbered ? rk_printf(op, "%s-%d", base, i)
                                                : rk_printf(op, "%s-%s", base, suffix);

        RK_CHECK(candidate);
        RK_TRY(settle(&items[i], op, candidate));
    }
    *out = (rk_strings){true, (size_t)numbered + 2, items};
    return 0;
}

int rk_user_slug_candidates(rk_strings *out, rk_op *op, const rk_person *person)
{
    return rk_user_numbered_slugs(out, op, person, NUMBERED_SLUGS);
}

int rk_user_id_check(rk_op *op, const char *user_id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t length = strlen(user_id);

    if (length >= 2 && length <= USER_ID_MAX && *user_id != '-' &&
        strspn(user_id, letters) == length)
        return 0;
    return rk_fail(op, RK_ERR_INVALID,
                   "The user id \"%.80s\" is not valid: it must have 2 to %d letters, digits and "
                   "dashes.",
                   user_id, USER_ID_MAX);
}

static bool merge(const char **stored, const char *given)
{
    const char *value = rk_text_or_null(given);
    bool same = !given || (*stored && value ? strcmp(*stored, value) == 0 : *stored == value);

    if (!same)
        *stored = value;
    return !same;
}

bool rk_user_merge(rk_user *user, const rk_person *person)
{
    bool first_name = merge(&user->first_name, person->first_name);
    bool last_name = merge(&user->last_name, person->last_name);
    bool email = merge(&user->email, person->email);

    return first_name || last_name || email;
}

const char *rk_text_or_null(const char *text)
{
    return text && *text ? text : NULL;
}

bool rk_pin_matches(const char *one, const char *other)
{
    return rk_letters_equal(one, other);
}
