/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <string.h>

#include "librenku/authz/port.h"
#include "librenku/authz/tables.h"
#include "librenku/http/caller.h"

/* --- letters and numbers --- */

/* Spec: authorization.md 1 */
START_TEST(a_type_and_its_letter_name_each_other)
{
    rk_object_type type = (rk_object_type)_i;

    ck_assert_int_eq(rk_object_of_letter(rk_object_letters[type]), type);
    ck_assert_int_lt(_i, (int)RK_COUNT(op->checked));
    ck_assert_ptr_nonnull(rk_enum_name(&rk_object_type_names, _i));
}
END_TEST

START_TEST(a_row_is_a_relationship)
{
    const rk_authz_allowed *allowed = &rk_authz_allowed_list[_i];
    const char letters[] = {rk_object_letters[allowed->type],
                            rk_relation_letters[allowed->relation],
                            rk_object_letters[allowed->subject_type], '\0'};
    const rk_relation_row row = {letters, "X", allowed->wildcard ? "*" : "Y"};
    rk_relationship relationship = rk_relationship_of_row(&row);

    ck_assert_int_eq(relationship.type, allowed->type);
    ck_assert_int_eq(relationship.relation, allowed->relation);
    ck_assert_int_eq(relationship.subject_type, allowed->subject_type);
    ck_assert(rk_relationship_is_allowed(&relationship));
}
END_TEST

static const rk_relation_row senseless[] = {
    {"?ou", "X", "u"},
    {"Sou", "X", "u"},
    {"pxu", "X", "u"},
    {"uou", "X", "u"},
    {"po?", "X", "u"},
    {"pou", "X", "*"},
};

START_TEST(a_senseless_row_is_not_allowed)
{
    rk_relationship relationship = rk_relationship_of_row(&senseless[_i]);

    ck_assert(!rk_relationship_is_allowed(&relationship));
}
END_TEST

/* Spec: authorization.md 1 */
START_TEST(a_role_is_the_relation_of_its_name)
{
    ck_assert_str_eq(rk_enum_name(&rk_role_names, _i),
                     rk_enum_name(&rk_relation_kind_names, (int)rk_role_relations[_i]));
}
END_TEST

START_TEST(a_permission_has_its_expression_and_its_statements)
{
    for (int scope = 0; scope < RK_SCOPES; scope++) {
        bool defined = rk_object_permissions[_i] & RK_SCOPE_BIT(scope);

        ck_assert_int_eq(rk_authz_roots[_i][scope] != 0, defined);
        ck_assert_int_eq(rk_authz_objects_queries[_i][scope] != NULL, defined);
        ck_assert_int_eq(rk_authz_subjects_queries[_i][scope] != NULL, defined);
    }
    ck_assert_int_eq(rk_authz_bits_queries[_i] != NULL, rk_object_permissions[_i] != 0);
    ck_assert_int_eq(rk_authz_bits_many_queries[_i] != NULL, rk_object_permissions[_i] != 0);
}
END_TEST

/* --- guards --- */

static const rk_caller service = {.kind = RK_CALLER_SERVICE, .id = "migrations"};

/* Spec: authorization.md 7.3, 14 */
START_TEST(a_guard_marks_what_it_checked)
{
    op->caller = &service;
    ck_ok(rk_authz_require(op, RK_OBJECT_GROUP, "G", RK_SCOPE_BIT(RK_SCOPE_WRITE), RK_SCOPE_WRITE,
                           RK_ERR_NOT_FOUND));
    ck_assert(rk_authz_allows(op, RK_OBJECT_GROUP, RK_SCOPE_BIT(RK_SCOPE_READ), RK_SCOPE_READ));
    ck_assert(
        !rk_authz_allows(op, RK_OBJECT_PROJECT, RK_SCOPE_BIT(RK_SCOPE_READ), RK_SCOPE_DELETE));
    ck_ok(rk_authz_waive(op, RK_OBJECT_PLATFORM, RK_SCOPE_IS_ADMIN));
    ck_assert_uint_eq(op->checked[RK_OBJECT_GROUP], 1U << RK_SCOPE_WRITE | 1U << RK_SCOPE_READ);
    ck_assert_uint_eq(op->checked[RK_OBJECT_PROJECT], 1U << RK_SCOPE_DELETE);
    ck_assert_uint_eq(op->checked[RK_OBJECT_PLATFORM], 1U << RK_SCOPE_IS_ADMIN);
    ck_assert_uint_eq(op->checked[RK_OBJECT_USER], 0);
}
END_TEST

START_TEST(a_guard_refuses_with_the_error_it_is_given)
{
    ck_fails(rk_authz_require(op, RK_OBJECT_GROUP, NULL, ~RK_SCOPE_BIT(RK_SCOPE_READ),
                              RK_SCOPE_READ, RK_ERR_FORBIDDEN),
             RK_ERR_FORBIDDEN);
    ck_assert_ptr_nonnull(strstr(op->error.message, "group"));
}
END_TEST

/* Spec: authorization.md 13 */
START_TEST(a_service_needs_no_statement)
{
    const char *ids[] = {"P", "Q"};
    const rk_strings two = {true, 2, ids};
    int64_t bits[2];

    op->caller = &service;
    ck_ok(rk_authz_bits(bits, op, RK_OBJECT_PROJECT, "P"));
    ck_assert_int_eq(bits[0], rk_object_permissions[RK_OBJECT_PROJECT]);
    ck_ok(rk_authz_bits_many(bits, op, RK_OBJECT_GROUP, &two));
    ck_assert_int_eq(bits[1], rk_object_permissions[RK_OBJECT_GROUP]);
}
END_TEST

/* --- text --- */

static const char line[] = "data_connector:01J#data_connector_namespace@user_namespace:01K";

START_TEST(every_allocation_of_a_line_may_fail)
{
    rk_relationship parsed;
    const char *printed;
    int allocations;

    unit_fail_allocation(0);
    ck_ok(rk_relationship_parse(&parsed, op, line));
    ck_ok(rk_relationship_print(&printed, op, &parsed));
    ck_assert_str_eq(printed, line);
    allocations = unit_allocations();
    for (int n = 1; n <= allocations; n++) {
        rk_op small;

        ck_assert_int_eq(rk_op_begin(&small), 0);
        unit_fail_allocation(n);
        int err = rk_relationship_parse(&parsed, &small, line);

        if (err == 0)
            err = rk_relationship_print(&printed, &small, &parsed);
        unit_fail_allocation(0);
        ck_assert(err == 0 || err == RK_ERR_NO_MEMORY);
        rk_op_end(&small);
    }
}
END_TEST

START_TEST(a_wildcard_is_allowed_where_the_schema_says)
{
    rk_relationship relationship = {RK_OBJECT_PROJECT, "P", RK_RELATION_PUBLIC_VIEWER,
                                    RK_OBJECT_USER, "*"};

    ck_assert(rk_relationship_is_allowed(&relationship));
    relationship.subject_id = "u1";
    ck_assert(!rk_relationship_is_allowed(&relationship));
    relationship.relation = RK_RELATION_OWNER;
    ck_assert(rk_relationship_is_allowed(&relationship));
    relationship.subject_id = "*";
    ck_assert(!rk_relationship_is_allowed(&relationship));
    relationship = (rk_relationship){.id = "P", .subject_id = "*"};
    ck_assert(!rk_relationship_is_allowed(&relationship));
}
END_TEST

UNIT_SUITE(authz)
{
    TCase *schema = unit_case(suite, "authorization.md 1, 3");
    TCase *guards = unit_case(suite, "authorization.md 7, 13, 14");
    TCase *text = unit_case(suite, "authorization.md 2");

    tcase_add_loop_test(schema, a_type_and_its_letter_name_each_other, 1, RK_OBJECT_TYPES + 1);
    tcase_add_loop_test(schema, a_row_is_a_relationship, 0, (int)rk_authz_allowed_count);
    unit_table(schema, a_senseless_row_is_not_allowed, senseless);
    tcase_add_loop_test(schema, a_role_is_the_relation_of_its_name, 1, RK_ROLES + 1);
    tcase_add_loop_test(schema, a_permission_has_its_expression_and_its_statements, 1,
                        RK_OBJECT_TYPES + 1);
    tcase_add_test(guards, a_guard_marks_what_it_checked);
    tcase_add_test(guards, a_guard_refuses_with_the_error_it_is_given);
    tcase_add_test(guards, a_service_needs_no_statement);
    tcase_add_test(text, every_allocation_of_a_line_may_fail);
    tcase_add_test(text, a_wildcard_is_allowed_where_the_schema_says);
}
