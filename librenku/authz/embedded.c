/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/port.h"
#include "librenku/authz/tables.h"

static const rk_column id_columns[] = {
    {"rk_x.id", RK_COLUMN_TEXT, 0, NULL},
};
const rk_row rk_authz_id_row = RK_ROW(const char *, id_columns);

static rk_param letter(rk_object_type type)
{
    return (rk_param){.own = {rk_object_letters[type]}, .inside = true};
}

/* --- checks --- */

static int bits(int64_t *out, rk_op *op, rk_object_type type, const char *id)
{
    const rk_query *query = rk_authz_bits_queries[type];

    RK_ASSERT(query);
    return rk_db_one(out, op, query, RK_PARAMS(RK_SUBJECT(op), rk_text(id)));
}

static int bits_many(int64_t *out, rk_op *op, rk_object_type type, const rk_strings *ids)
{
    const rk_query *query = rk_authz_bits_many_queries[type];
    rk_array rows;

    RK_ASSERT(query);
    RK_TRY(rk_db_each(&rows, op, query, RK_PARAMS(RK_SUBJECT(op), rk_texts(op, ids)), ids->count));
    const int64_t *found = rows.items;

    for (size_t i = 0; i < rows.count; i++)
        out[i] = found[i];
    return 0;
}

/* --- look-ups --- */

static int ids(rk_strings *out, rk_op *op, const rk_query *query, rk_params params)
{
    rk_array found;

    RK_ASSERT(query);
    RK_TRY(rk_db_all(&found, op, query, params));
    *out = (rk_strings){true, found.count, found.items};
    return 0;
}

/* A service is looked up as a user of its id: it finds what is public. Spec: authorization.md 7.4
 */
static int objects(rk_strings *out, rk_op *op, rk_object_type type, rk_scope scope)
{
    rk_param subject_type = rk_subject_type(op);

    if (subject_type.text[0] == RK_SUBJECT_SERVICE[0])
        subject_type = rk_text(RK_SUBJECT_USER);
    return ids(out, op, rk_authz_objects_queries[type][scope],
               RK_PARAMS(subject_type, rk_subject_id(op)));
}

static int users(rk_strings *out, rk_op *op, rk_object_type type, const char *id, rk_scope scope)
{
    return ids(out, op, rk_authz_subjects_queries[type][scope], RK_PARAMS(rk_text(id)));
}

/* --- members --- */

static const rk_column member_columns[] = {
    {"r.subject_id",     RK_COLUMN_TEXT, offsetof(rk_member, user_id), NULL            },
    {"r.relation::text", RK_COLUMN_ENUM, offsetof(rk_member, role),    &rk_role_letters},
};
static const rk_row member_row = RK_ROW(rk_member, member_columns);

#define MEMBERS                                                                                    \
    "SELECT {row}"                                                                                 \
    "  FROM librenku.relation r"                                                                   \
    " WHERE r.object_id = $1 AND r.object_type = $2::text::\"char\""                               \
    "   AND r.subject_type = " RK_SQL_OBJECT_USER " AND r.subject_id NOT IN ('', '*')"             \
    "   AND r.relation IN (" RK_SQL_ROLES ")"
#define IN_ORDER " ORDER BY r.subject_id, " RK_SQL_ROLE("r.relation")

static int members(rk_array *out, rk_op *op, rk_object_type type, const char *id,
                   const rk_strings *of)
{
    static const rk_query everybody = {.sql = MEMBERS IN_ORDER, .row = &member_row};
    static const rk_query owners_and = {
        .sql = MEMBERS " AND (r.relation = " RK_SQL_RELATION_OWNER
                       " OR r.subject_id = ANY ($3::text[]))" IN_ORDER,
        .row = &member_row,
    };

    if (!of)
        return rk_db_all(out, op, &everybody, RK_PARAMS(rk_text(id), letter(type)));
    return rk_db_all(out, op, &owners_and, RK_PARAMS(rk_text(id), letter(type), rk_texts(op, of)));
}

static int admins(rk_strings *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM (SELECT r.subject_id AS id"
               "          FROM librenku.relation r"
               "         WHERE r.object_id = '" RK_PLATFORM_ID "'"
               "           AND r.object_type = " RK_SQL_OBJECT_PLATFORM
               "           AND r.relation = " RK_SQL_RELATION_ADMIN
               "           AND r.subject_type = " RK_SQL_OBJECT_USER
               "           AND r.subject_id <> '*') rk_x"
               " ORDER BY rk_x.id",
        .row = &rk_authz_id_row,
    };

    return ids(out, op, &query, RK_NO_PARAMS);
}

const rk_authz_port rk_authz_embedded = {
    .name = "embedded",
    .bits = bits,
    .bits_many = bits_many,
    .objects = objects,
    .users = users,
    .members = members,
    .admins = admins,
    .exist = rk_embedded_exist,
    .write = rk_embedded_write,
    .forget_resource = rk_embedded_forget_resource,
    .forget_subject = rk_embedded_forget_subject,
    .replace = rk_embedded_replace,
};
