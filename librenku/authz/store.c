/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/port.h"

#include "librenku/authz/tables.h"

/* In key order, so that concurrent writers lock rows in one order. */
#define UNPACKED                                                                                   \
    "SELECT substr(k.letters, 1, 1)::\"char\" AS object_type, k.object_id,"                        \
    "       substr(k.letters, 2, 1)::\"char\" AS relation,"                                        \
    "       substr(k.letters, 3, 1)::\"char\" AS subject_type, k.subject_id"                       \
    "  FROM unnest($1::text[], $2::text[], $3::text[]) AS k (letters, object_id, subject_id)"      \
    " ORDER BY k.object_id, k.letters, k.subject_id"

/* What is there already may come again; a second home of a project is no such row, and is refused.
 */
#define UNLESS_THERE                                                                               \
    " ON CONFLICT (object_id, object_type, subject_id, relation, subject_type) DO NOTHING"
#define HOME_TAKEN "The project belongs to another namespace already: it can belong to one only."

static int add(rk_relation_arrays *to, rk_op *op, const rk_relationship *relationship)
{
    RK_ASSERT(relationship->id && *relationship->id && relationship->subject_id &&
              *relationship->subject_id && rk_relationship_is_allowed(relationship));
    return rk_relation_arrays_add(to, op, relationship);
}

static const rk_column exist_columns[] = {
    {"EXISTS (SELECT FROM librenku.relation r"
     "         WHERE r.object_id = k.object_id"
     "           AND r.object_type = substr(k.letters, 1, 1)::\"char\""
     "           AND r.relation = substr(k.letters, 2, 1)::\"char\""
     "           AND r.subject_type = substr(k.letters, 3, 1)::\"char\""
     "           AND r.subject_id = k.subject_id)", RK_COLUMN_BOOL, 0, NULL},
};
static const rk_row exist_row = RK_ROW(rk_opt_bool, exist_columns);

int rk_embedded_exist(bool *out, rk_op *op, const rk_relationship *relationships, size_t count)
{
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY"
               "    AS k (letters, object_id, subject_id, place)"
               " ORDER BY k.place",
        .row = &exist_row,
    };
    rk_relation_arrays asked;
    rk_array rows;

    RK_TRY(rk_relation_arrays_begin(&asked, op, count));
    for (size_t i = 0; i < count; i++)
        RK_TRY(add(&asked, op, &relationships[i]));
    RK_TRY(rk_db_each(&rows, op, &query,
                      RK_PARAMS(rk_texts(op, &asked.letters), rk_texts(op, &asked.objects),
                                rk_texts(op, &asked.subjects)),
                      count));
    for (size_t i = 0; i < count; i++)
        out[i] = ((const rk_opt_bool *)rows.items)[i].value;
    return 0;
}

static int run(rk_op *op, const rk_query *query, const rk_relation_arrays *rows)
{
    if (rows->letters.count == 0)
        return 0;
    return rk_db_defer(NULL, op, query,
                       RK_PARAMS(rk_texts(op, &rows->letters), rk_texts(op, &rows->objects),
                                 rk_texts(op, &rows->subjects)));
}

/* What is both removed and touched in one call is there afterwards. Spec: authorization.md 8 */
int rk_embedded_write(rk_op *op, const rk_relationship_change *changes, size_t count)
{
    static const rk_query removal = {
        .sql = "DELETE FROM librenku.relation r"
               " USING (" UNPACKED ") d"
               " WHERE r.object_id = d.object_id AND r.object_type = d.object_type"
               "   AND r.relation = d.relation AND r.subject_id = d.subject_id"
               "   AND r.subject_type = d.subject_type",
    };
    static const rk_query touch = {
        .sql =
            "INSERT INTO librenku.relation"
            " (object_type, object_id, relation, subject_type, subject_id) " UNPACKED UNLESS_THERE,
        .duplicate = RK_ERR_CONFLICT,
        .taken = HOME_TAKEN,
    };
    rk_relation_arrays removed, touched;

    RK_TRY(rk_relation_arrays_begin(&removed, op, count));
    RK_TRY(rk_relation_arrays_begin(&touched, op, count));
    for (size_t i = 0; i < count; i++)
        RK_TRY(add(changes[i].remove ? &removed : &touched, op, &changes[i].relationship));
    RK_TRY(run(op, &removal, &removed));
    return run(op, &touch, &touched);
}

static rk_param letter(char of)
{
    return (rk_param){.own = {of}, .inside = true};
}

int rk_embedded_forget_resource(rk_op *op, rk_object_type type, const char *id)
{
    static const rk_query query = {
        .sql = "DELETE FROM librenku.relation r"
               " WHERE r.object_id = $1 AND r.object_type = $2::text::\"char\"",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(id), letter(rk_object_letters[type])));
}

int rk_embedded_forget_subject(rk_op *op, rk_object_type type, const char *id)
{
    static const rk_query query = {
        .sql = "DELETE FROM librenku.relation r"
               " WHERE r.subject_id = $1 AND r.subject_type = $2::text::\"char\"",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(id), letter(rk_object_letters[type])));
}

/* The new row waits for the others to be gone. */
int rk_embedded_replace(rk_op *op, const rk_relationship *relationship)
{
    static const rk_query query = {
        .sql = "WITH gone AS ("
               "  DELETE FROM librenku.relation r"
               "   WHERE r.object_id = $2 AND r.object_type = substr($1, 1, 1)::\"char\""
               "     AND r.relation = substr($1, 2, 1)::\"char\""
               "     AND (r.subject_id, r.subject_type) <> ($3, substr($1, 3, 1)::\"char\")"
               "  RETURNING 1)"
               " INSERT INTO librenku.relation"
               "   (object_type, object_id, relation, subject_type, subject_id)"
               " SELECT substr($1, 1, 1)::\"char\", $2, substr($1, 2, 1)::\"char\","
               "        substr($1, 3, 1)::\"char\", $3"
               "   FROM (SELECT count(*) FROM gone) AS all_gone" UNLESS_THERE,
        .duplicate = RK_ERR_CONFLICT,
        .taken = HOME_TAKEN,
    };
    rk_relation_arrays one;

    RK_TRY(rk_relation_arrays_begin(&one, op, 1));
    RK_TRY(add(&one, op, relationship));
    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(one.letters.items[0]), rk_text(relationship->id),
                                 rk_text(relationship->subject_id)));
}
