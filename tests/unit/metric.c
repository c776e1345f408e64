/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/metric/metric.h"

#include "tests/unit/unit.h"

/* Spec: foundations.md 17 */
START_TEST(an_identity_has_the_hash_of_its_parts)
{
    const rk_identity identity = {
        .user_id = "11111111-2222-3333-4444-555555555555",
        .email = "jane@example.org",
        .first_name = "Jane",
        .username = "jane",
    };
    char hash[41];

    ck_ok(rk_identity_hash(hash, op, &identity));
    ck_assert_str_eq(hash, "09801ec017cf13dbdaeae8635d02e045f6c25ee3");
}
END_TEST

UNIT_SUITE(metric)
{
    tcase_add_test(unit_case(suite, "foundations.md 17"), an_identity_has_the_hash_of_its_parts);
}
