/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMAS_H
#define SCHEMAS_H

#include "librenku/http/schema.h"
#include "tests/unit/unit.h"

/* The schemas that suites of http/schema.h share. */

#define NO_LIMITS .min_length = -1, .max_length = -1, .pattern_index = -1

enum { SLUG, USER_ID, NEWLINE, WORDS, REPEATED, ALTERNATING };
#define PATTERN(number, written)                                                                   \
    {                                                                                              \
        .kind = RK_KIND_TEXT, .min_length = -1, .max_length = -1, .pattern = (written),            \
        .pattern_index = (number)                                                                  \
    }

static const char *const role_texts[] = {"owner", "editor", "viewer"};
static const rk_enum roles = {3, role_texts};

static const rk_schema text = {.kind = RK_KIND_TEXT, NO_LIMITS};
static const rk_schema integer = {.kind = RK_KIND_INT, NO_LIMITS};
static const rk_schema between = {.kind = RK_KIND_INT,
                                  NO_LIMITS,
                                  .has_minimum = true,
                                  .has_maximum = true,
                                  .exclusive_minimum = true,
                                  .exclusive_maximum = true,
                                  .minimum = 0,
                                  .maximum = 10};
static const rk_schema number = {.kind = RK_KIND_NUMBER, NO_LIMITS};
static const rk_schema share = {.kind = RK_KIND_NUMBER,
                                NO_LIMITS,
                                .has_minimum = true,
                                .has_maximum = true,
                                .exclusive_minimum = true,
                                .minimum = 0,
                                .maximum = 0.5};
static const rk_schema boolean = {.kind = RK_KIND_BOOL, NO_LIMITS};
static const rk_schema role = {.kind = RK_KIND_ENUM, NO_LIMITS, .names = &roles};
static const rk_schema two_or_three = {.kind = RK_KIND_ARRAY,
                                       .min_length = 2,
                                       .max_length = 3,
                                       .pattern_index = -1,
                                       .items = &integer};
static const rk_schema maybe_integers = {
    .kind = RK_KIND_ARRAY, NO_LIMITS, .items = &integer, .items_nullable = true};

static const rk_schema user_id = PATTERN(USER_ID, "^[A-Za-z0-9]{1}[A-Za-z0-9-]+$");
typedef struct {
    const char *id;
    int role;
} member;
static const rk_field member_fields[] = {
    {RK_MEMBER("id"),   .schema = &user_id, .offset = offsetof(member, id),   .required = true},
    {RK_MEMBER("role"), .schema = &role,    .offset = offsetof(member, role), .required = true},
};
static const rk_schema member_schema = {.kind = RK_KIND_OBJECT,
                                        NO_LIMITS,
                                        .fields = member_fields,
                                        .field_count = 2,
                                        .size_bytes = sizeof(member),
                                        .extra = RK_EXTRA_FORBID};
static const rk_schema members = {.kind = RK_KIND_ARRAY, NO_LIMITS, .items = &member_schema};

/* A case whose tests find the patterns of the enumeration above, compiled. */
TCase *schema_case(Suite *suite, const char *section);
extern rk_patterns *schema_patterns;

/* Reads a value from JSON text, which is valid. */
int schema_read(void *out, const rk_schema *schema, const char *json);
/* What a value is written as, which succeeds. */
const char *schema_written(const rk_schema *schema, const void *value);

#endif
