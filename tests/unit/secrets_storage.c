/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/secrets_storage/core.h"

#include <string.h>

#include <json-c/json.h>

#include "tests/unit/unit.h"

static const char *given[] = {"B", "A", "B", "C", "A"};
static rk_wrapped_secret rows[] = {
    {.id = "C", .filename = "c.txt"},
    {.id = "A", .filename = "a.txt"},
    {.id = "B", .filename = "b.txt"},
};

static rk_strings ids_of(size_t count)
{
    const rk_wanted_secret wanted = {
        .secret_ids = {true, count, given}
    };
    rk_strings ids;

    ck_ok(rk_kept_ids(&ids, op, &wanted));
    return ids;
}

/* Spec: secrets.md 6.2: duplicates collapse */
START_TEST(an_id_that_is_given_twice_counts_once)
{
    rk_strings ids = ids_of(5);

    ck_assert_uint_eq(ids.count, 3);
    ck_assert_str_eq(ids.items[0], "A");
    ck_assert_str_eq(ids.items[1], "B");
    ck_assert_str_eq(ids.items[2], "C");
    ck_assert_str_eq(given[0], "B");
}
END_TEST

/* Spec: secrets.md 6.2 */
START_TEST(what_is_found_is_matched_in_any_order)
{
    rk_strings ids = ids_of(5);
    const rk_array found = {true, 3, rows}, less = {true, 2, rows};
    rk_kept_secret *kept;

    ck_ok(rk_kept_match(&kept, op, &ids, &found));
    ck_assert_str_eq(kept[0].stored->filename, "a.txt");
    ck_assert_str_eq(kept[2].stored->filename, "c.txt");
    ck_fails(rk_kept_match(&kept, op, &ids, &less), RK_ERR_NOT_FOUND);
    ck_assert_str_eq(op->error.message, "These secrets cannot be found: B");
}
END_TEST

static const struct {
    const char *mapping;
    int result;
    const char *keys; /* in their order, with blanks between */
} mappings[] = {
    {NULL,                                           0,              "a.txt b.txt c.txt"},
    {"{}",                                           0,              "a.txt b.txt c.txt"},
    {"{\"A\":\"x\",\"B\":\"y\",\"C\":\"z\"}",        0,              "x y z"            },
    {"{\"C\":[\"z\"],\"B\":[],\"A\":[\"x\",\"y\"]}", 0,              "x y z"            },
    {"{\"A\":[],\"B\":[],\"C\":[]}",                 0,              ""                 },
    {"{\"A\":\"x\",\"B\":\"y\"}",                    RK_ERR_INVALID, ""                 },
    {"{\"A\":\"x\",\"B\":\"y\",\"D\":\"z\"}",        RK_ERR_INVALID, ""                 },
    {"{\"A\":\"x\",\"B\":\"y\",\"C\":\"x\"}",        RK_ERR_INVALID, ""                 },
    {"{\"A\":[\"x\",\"x\"],\"B\":[],\"C\":[]}",      RK_ERR_INVALID, ""                 },
};

/* Spec: secrets.md 6.2 step 6 */
START_TEST(a_mapping_names_the_keys)
{
    struct json_object *mapping =
        mappings[_i].mapping ? json_tokener_parse(mappings[_i].mapping) : NULL;
    rk_strings ids = ids_of(5);
    const rk_array found = {true, 3, rows};
    rk_k8s_secret secret = {0};
    rk_kept_secret *kept;
    char keys[64] = "";

    ck_ok(rk_kept_match(&kept, op, &ids, &found));
    for (size_t i = 0; i < 3; i++)
        kept[i].inner = "inner";
    ck_assert_int_eq(rk_kept_check_mapping(op, &ids, mapping), mappings[_i].result);
    if (mappings[_i].result == 0) {
        ck_ok(rk_kept_entries(&secret, op, kept, 3, mapping));
        for (size_t i = 0; i < secret.entry_count; i++)
            strcat(strcat(keys, i ? " " : ""), secret.entries[i].key);
        ck_assert_str_eq(keys, mappings[_i].keys);
    }
    json_object_put(mapping);
}
END_TEST

/* Spec: secrets.md 6.2 step 4 */
START_TEST(an_owner_has_four_members)
{
    struct json_object *owner = json_tokener_parse(
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"n\",\"uid\":\"u\",\"more\":\"m\"}");
    rk_wanted_secret wanted = {
        .owner_references = {true, 1, &owner}
    };
    rk_k8s_secret secret = {0};

    ck_ok(rk_kept_owners(&secret, op, &wanted));
    ck_assert_uint_eq(secret.owner_count, 1);
    ck_assert_str_eq(secret.owners[0].api_version, "v1");
    ck_assert_str_eq(secret.owners[0].uid, "u");
    json_object_object_del(owner, "kind");
    ck_fails(rk_kept_owners(&secret, op, &wanted), RK_ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(op->error.message, "owner_references.0.kind: Field required"));
    json_object_put(owner);
}
END_TEST

UNIT_SUITE(secrets_storage)
{
    TCase *creation = unit_case(suite, "secrets.md 6.2");

    tcase_add_test(creation, an_id_that_is_given_twice_counts_once);
    tcase_add_test(creation, what_is_found_is_matched_in_any_order);
    unit_table(creation, a_mapping_names_the_keys, mappings);
    tcase_add_test(creation, an_owner_has_four_members);
}
