/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/authz.h"

#include "librenku/authz/tables.h"

static const rk_column id_columns[] = {
    {"rk_x.id", RK_COLUMN_TEXT, 0, NULL},
};
const rk_row rk_authz_id_row = RK_ROW(const char *, id_columns);

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
int rk_authz_objects(rk_strings *out, rk_op *op, rk_object_type type, rk_scope scope)
{
    rk_param subject_type = rk_subject_type(op);

    if (subject_type.text[0] == 'S')
        subject_type = rk_text("u");
    return ids(out, op, rk_authz_objects_queries[type][scope],
               RK_PARAMS(subject_type, rk_subject_id(op)));
}

/* Spec: authorization.md 7.6 */
int rk_authz_users(rk_strings *out, rk_op *op, rk_object_type type, const char *id, rk_scope scope)
{
    return ids(out, op, rk_authz_subjects_queries[type][scope], RK_PARAMS(rk_text(id)));
}
