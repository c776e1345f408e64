/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/user/core.h"

#include "tests/unit/unit.h"

/* One field: what is stored, what is given, what comes out. Spec: users.md 4.1, 4.3 */
static const struct {
    const char *stored, *given, *merged;
    bool changes;
} fields[] = {
    {"a",  NULL, "a",  false},
    {"a",  "a",  "a",  false},
    {"a",  "A",  "A",  true },
    {"a",  "",   NULL, true },
    {NULL, NULL, NULL, false},
    {NULL, "",   NULL, false},
    {NULL, "a",  "a",  true },
};

START_TEST(what_is_given_replaces_what_is_stored_and_the_empty_text_removes_it)
{
    const char *stored = fields[_i].stored, *given = fields[_i].given;
    const rk_person people[] = {
        {.email = given},
        {.first_name = given},
        {.last_name = given},
    };

    for (size_t i = 0; i < RK_COUNT(people); i++) {
        rk_user user = {.email = stored, .first_name = stored, .last_name = stored};
        const char *const *values[] = {&user.email, &user.first_name, &user.last_name};

        ck_assert_int_eq(rk_user_merge(&user, &people[i]), fields[_i].changes);
        for (size_t j = 0; j < RK_COUNT(values); j++)
            ck_assert_pstr_eq(*values[j], i == j ? fields[_i].merged : stored);
    }
}
END_TEST

UNIT_SUITE(user)
{
    TCase *tcase = unit_case(suite, "users.md 4.1");

    unit_table(tcase, what_is_given_replaces_what_is_stored_and_the_empty_text_removes_it, fields);
}
