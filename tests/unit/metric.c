/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/metric/metric.h"

#include "tests/unit/unit.h"

static const struct {
    rk_identity identity;
    const char *hash;
} identities[] = {
    {{.user_id = "11111111-2222-3333-4444-555555555555",
      .email = "jane@example.org",
      .first_name = "Jane",
      .username = "jane"},
     "09801ec017cf13dbdaeae8635d02e045f6c25ee3"},
    {{.user_id = "u-7", .email = "ada@example.org", .first_name = "Ada", .username = "ada"},
     "95d5efb020d712dbda74bf3044bdba3578565bb9"},
 /* an empty text is not a missing one */
    {{.user_id = "u-7",
      .email = "ada@example.org",
      .first_name = "Ada",
      .last_name = "",
      .username = "ada"},
     "de0e85fae0dd83158aa80fb143b8822c55cef150"},
};

/* Spec: metrics.md 5, 8; foundations.md 17 */
START_TEST(an_identity_has_the_hash_of_its_parts)
{
    char hash[41];

    ck_ok(rk_identity_hash(hash, op, &identities[_i].identity));
    ck_assert_str_eq(hash, identities[_i].hash);
}
END_TEST

UNIT_SUITE(metric)
{
    unit_table(unit_case(suite, "metrics.md 5"), an_identity_has_the_hash_of_its_parts, identities);
}
