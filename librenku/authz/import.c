/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/authz/tables.h"
#include "librenku/authz/tools.h"

enum { CHUNK = 10000 };

/* What there is to do once the text is read. */
typedef enum { MERGE, NORMALISE, COMPARE, WRITE, STEPS } step;
static const char *const steps[] = {
    [MERGE] = "adding what is there",
    [NORMALISE] = "putting names right",
    [COMPARE] = "comparing with the rows",
    [WRITE] = "writing",
};

typedef struct {
    const rk_authz_import *import;
    rk_buf *out;
    size_t lines;
    rk_relation_arrays read;
} work;

static int64_t chunks(const work *on)
{
    return (int64_t)(on->read.letters.count + CHUNK - 1) / CHUNK;
}

static void tell(const work *on, const rk_op *op, step next)
{
    rk_op_tell(op, chunks(on) + next, chunks(on) + STEPS, "%s", steps[next]);
}

/* --- the text --- */

static int at_line(rk_op *op, size_t number)
{
    const char *message = rk_strdup(op, op->error.message);

    RK_CHECK(message);
    rk_error_clear(op);
    return rk_fail(op, RK_ERR_INVALID, "Line %zu: %s", number, message);
}

static bool says_nothing(const char *line)
{
    line += strspn(line, " \t\r");
    return !*line || strncmp(line, "//", 2) == 0 || *line == '#';
}

static int read_line(work *to, rk_op *op, const char *start, size_t length)
{
    rk_relationship relationship;
    const char *line = rk_strndup(op, start, length);

    RK_CHECK(line);
    if (strlen(line) != length)
        return rk_fail(op, RK_ERR_INVALID, "A line holds a NUL.");
    if (says_nothing(line))
        return 0;
    RK_TRY(rk_relationship_parse(&relationship, op, line));
    return rk_relation_arrays_add(&to->read, op, &relationship);
}

static size_t count_lines(const rk_authz_import *import)
{
    size_t count = 1;

    for (size_t i = 0; i < import->size; i++)
        count += import->text[i] == '\n';
    return count;
}

static int read_text(work *to, rk_op *op, const rk_authz_import *import)
{
    const char *end = import->text + import->size;

    RK_TRY(rk_relation_arrays_begin(&to->read, op, count_lines(import)));
    for (const char *start = import->text; start < end;) {
        const char *stop = memchr(start, '\n', (size_t)(end - start));

        to->lines++;
        if (!stop)
            stop = end;
        int err = read_line(to, op, start, (size_t)(stop - start));

        if (err < 0)
            return err == RK_ERR_INVALID ? at_line(op, to->lines) : err;
        start = stop + 1;
    }
    return 0;
}

/* --- a table for it --- */

static rk_strings slice(const rk_strings *of, size_t first, size_t count)
{
    return (rk_strings){true, count, of->items + first};
}

static int insert(work *from, rk_op *op, size_t first, size_t count)
{
    static const rk_query query = {
        .sql = "INSERT INTO rk_import (object_type, object_id, relation, subject_type, subject_id)"
               " SELECT substr(k.letters, 1, 1)::\"char\", k.object_id, substr(k.letters, 2, "
               "1)::\"char\","
               "        substr(k.letters, 3, 1)::\"char\", k.subject_id"
               "   FROM unnest($1::text[], $2::text[], $3::text[]) AS k (letters, object_id, "
               "subject_id)"
               " ON CONFLICT DO NOTHING",
    };
    rk_strings letters = slice(&from->read.letters, first, count);
    rk_strings objects = slice(&from->read.objects, first, count);
    rk_strings subjects = slice(&from->read.subjects, first, count);

    return rk_db_run(
        NULL, op, &query,
        RK_PARAMS(rk_texts(op, &letters), rk_texts(op, &objects), rk_texts(op, &subjects)));
}

static int fill(work *from, rk_op *op)
{
    static const rk_query lock = {.sql =
                                      "LOCK TABLE librenku.relation IN SHARE ROW EXCLUSIVE MODE"};
    static const rk_query create = {
        .sql = "CREATE TEMPORARY TABLE rk_import (LIKE librenku.relation,"
               "  PRIMARY KEY (object_id, object_type, subject_id, relation, subject_type))"
               " ON COMMIT DROP",
    };
    static const rk_query analyze = {.sql = "ANALYZE rk_import"};

    if (from->import->apply)
        RK_TRY(rk_db_run(NULL, op, &lock, RK_NO_PARAMS));
    RK_TRY(rk_db_run(NULL, op, &create, RK_NO_PARAMS));
    for (size_t first = 0; first < from->read.letters.count; first += CHUNK) {
        size_t left = from->read.letters.count - first;

        rk_op_tell(op, (int64_t)first / CHUNK, chunks(from) + STEPS,
                   "reading relationship %zu of %zu", first + 1, from->read.letters.count);
        RK_TRY(insert(from, op, first, left < CHUNK ? left : CHUNK));
    }
    return rk_db_run(NULL, op, &analyze, RK_NO_PARAMS);
}

/* --- findings --- */

typedef struct {
    rk_relation_row row;
    const char *to_letters; /* NULL: it goes */
    const char *to_subject_id;
    const char *why;
} finding;

static const rk_column finding_columns[] = {
    {"f.letters",       RK_COLUMN_TEXT, offsetof(finding, row.letters),    NULL},
    {"f.object_id",     RK_COLUMN_TEXT, offsetof(finding, row.id),         NULL},
    {"f.subject_id",    RK_COLUMN_TEXT, offsetof(finding, row.subject_id), NULL},
    {"f.to_letters",    RK_COLUMN_TEXT, offsetof(finding, to_letters),     NULL},
    {"f.to_subject_id", RK_COLUMN_TEXT, offsetof(finding, to_subject_id),  NULL},
    {"f.why",           RK_COLUMN_TEXT, offsetof(finding, why),            NULL},
};
static const rk_row finding_row = RK_ROW(finding, finding_columns);

#define IN_ORDER " ORDER BY f.letters, f.object_id, f.subject_id"

static int write_relationship(rk_op *op, rk_buf *out, const rk_relation_row *row)
{
    rk_relationship relationship = rk_relationship_of_row(row);
    const char *text;

    RK_TRY(rk_relationship_print(&text, op, &relationship));
    rk_buf_json_text(out, text);
    return 0;
}

static int write_to(rk_op *op, rk_buf *out, const finding *found)
{
    const rk_relation_row row = {found->to_letters, found->row.id, found->to_subject_id};

    if (found->to_letters)
        return write_relationship(op, out, &row);
    rk_buf_text(out, "null");
    return 0;
}

static int write_normalised(rk_op *op, rk_buf *out, const finding *found)
{
    rk_buf_text(out, "{\"from\":");
    RK_TRY(write_relationship(op, out, &found->row));
    rk_buf_text(out, ",\"to\":");
    RK_TRY(write_to(op, out, found));
    rk_buf_text(out, ",\"why\":");
    rk_buf_json_text(out, found->why);
    rk_buf_char(out, '}');
    return 0;
}

static int write_found(rk_op *op, rk_buf *out, const finding *found)
{
    rk_buf_text(out, "{\"relationship\":");
    RK_TRY(write_relationship(op, out, &found->row));
    rk_buf_text(out, ",\"why\":");
    rk_buf_json_text(out, found->why);
    rk_buf_char(out, '}');
    return 0;
}

static int write_removed(rk_op *op, rk_buf *out, const finding *found)
{
    return write_relationship(op, out, &found->row);
}

/* Runs a statement that gives findings, and lists them. */
static int list(work *on, rk_op *op, const rk_query *query,
                int (*write)(rk_op *, rk_buf *, const finding *), bool *more)
{
    rk_array rows;

    RK_TRY(rk_db_all(&rows, op, query, RK_NO_PARAMS));
    const finding *items = rows.items;

    for (size_t i = 0; i < rows.count; i++) {
        if (*more)
            rk_buf_char(on->out, ',');
        *more = true;
        RK_TRY(write(op, on->out, &items[i]));
    }
    return 0;
}

/* --- what the rows say --- */

#define PROJECT RK_SQL_OBJECT_PROJECT
#define GROUP RK_SQL_OBJECT_GROUP
#define SPACE RK_SQL_OBJECT_USER_NAMESPACE
#define CONNECTOR RK_SQL_OBJECT_DATA_CONNECTOR
#define PLATFORM RK_SQL_OBJECT_PLATFORM

/* Relations of which each type has one of its own, all with one letter. */
#define IS_ON RK_SQL_RELATION_PROJECT_PLATFORM
#define LIVES_IN RK_SQL_RELATION_PROJECT_NAMESPACE
#define VIEWED_BY RK_SQL_RELATION_PUBLIC_VIEWER

/* clang-format off */
/* Where each project and data connector lives. */
#define HOMES                                                                                      \
    " SELECT " PROJECT "::\"char\" AS object_type, s.project_id AS object_id,"                     \
    "        CASE WHEN n.group_id IS NULL THEN " SPACE " ELSE " GROUP " END::\"char\""             \
    "          AS subject_type,"                                                                   \
    "        coalesce(n.group_id, n.id) AS subject_id"                                             \
    "   FROM common.entity_slugs s"                                                                \
    "   JOIN common.namespaces n ON n.id = s.namespace_id"                                         \
    "  WHERE s.project_id IS NOT NULL AND s.data_connector_id IS NULL"                             \
    " UNION ALL"                                                                                   \
    " SELECT " CONNECTOR ", s.data_connector_id,"                                                  \
    "        CASE WHEN s.project_id IS NOT NULL THEN " PROJECT                                     \
    "             WHEN n.group_id IS NULL THEN " SPACE " ELSE " GROUP " END::\"char\","            \
    "        coalesce(s.project_id, n.group_id, n.id)"                                             \
    "   FROM common.entity_slugs s"                                                                \
    "   JOIN common.namespaces n ON n.id = s.namespace_id"                                         \
    "  WHERE s.data_connector_id IS NOT NULL"

/* Every object and whether everybody may see it. */
#define OBJECTS                                                                                    \
    " SELECT " SPACE "::\"char\" AS object_type, n.id::text AS object_id, true AS public"          \
    "   FROM common.namespaces n WHERE n.user_id IS NOT NULL"                                      \
    " UNION ALL SELECT " GROUP ", g.id, true FROM common.groups g"                                 \
    " UNION ALL SELECT " PROJECT ", p.id, p.visibility = 'public' FROM projects.projects p"        \
    " UNION ALL SELECT " CONNECTOR ", c.id, c.visibility = 'public'"                               \
    "             FROM storage.data_connectors c"                                                  \
    " UNION ALL SELECT " RK_SQL_OBJECT_RESOURCE_POOL ", r.id::text, r.public"                      \
    "             FROM resource_pools.resource_pools r"

#define IMPLIED                                                                                    \
    " SELECT concat(o.object_type, " IS_ON ", " PLATFORM ") AS letters, o.object_id,"              \
    "        '" RK_PLATFORM_ID "' AS subject_id, 'it exists' AS why FROM objects o"                \
    " UNION ALL SELECT concat(o.object_type, " VIEWED_BY ", everybody), o.object_id, '*',"         \
    "        'it is public'"                                                                       \
    "   FROM objects o,"                                                                           \
    "        unnest(ARRAY[" RK_SQL_OBJECT_USER ", " RK_SQL_OBJECT_ANONYMOUS_USER "]) AS everybody" \
    "  WHERE o.public"                                                                             \
    " UNION ALL SELECT concat(h.object_type, " LIVES_IN ", h.subject_type), h.object_id,"          \
    "        h.subject_id, 'it lives there' FROM homes h"                                          \
    " UNION ALL SELECT concat(" SPACE ", " RK_SQL_RELATION_OWNER ", " RK_SQL_OBJECT_USER "),"      \
    "        n.id, n.user_id, 'it is the namespace of this user'"                                  \
    "   FROM common.namespaces n WHERE n.user_id IS NOT NULL"
/* clang-format on */

/* A project that moved into a group was given the id of the group's namespace; a data connector
 * that left a project the project's id as that of a user namespace. Spec: authorization.md 9 */
static const rk_query misnamed = {
    .sql =
        "WITH wrong AS ("
        "  SELECT i.object_type, i.object_id, i.relation, i.subject_type, i.subject_id,"
        "         CASE WHEN n.id IS NULL THEN " PROJECT " ELSE " GROUP " END AS right_type,"
        "         coalesce(n.group_id, p.id) AS right_id"
        "    FROM rk_import i"
        "    LEFT JOIN common.namespaces n"
        "      ON n.id = i.subject_id AND n.group_id IS NOT NULL AND i.subject_type = " GROUP
        "    LEFT JOIN projects.projects p"
        "      ON p.id = i.subject_id AND i.subject_type = " SPACE " AND i.object_type = " CONNECTOR
        "   WHERE i.object_type IN (" PROJECT ", " CONNECTOR ") AND i.relation = " LIVES_IN
        "     AND (n.id IS NOT NULL OR p.id IS NOT NULL)),"
        " gone AS ("
        "  DELETE FROM rk_import i USING wrong w"
        "   WHERE i.object_id = w.object_id AND i.object_type = w.object_type"
        "     AND i.relation = w.relation AND i.subject_id = w.subject_id"
        "     AND i.subject_type = w.subject_type),"
        " come AS ("
        "  INSERT INTO rk_import (object_type, object_id, relation, subject_type, subject_id)"
        "  SELECT w.object_type, w.object_id, w.relation, w.right_type::\"char\", w.right_id FROM "
        "wrong w"
        "  ON CONFLICT DO NOTHING)"
        " SELECT {row}"
        "   FROM (SELECT concat(w.object_type, w.relation, w.subject_type) AS letters, w.object_id,"
        "                w.subject_id, concat(w.object_type, w.relation, w.right_type) AS "
        "to_letters,"
        "                w.right_id AS to_subject_id,"
        "                CASE w.right_type"
        "                WHEN " GROUP " THEN 'this is the id of the namespace of a group'"
        "                ELSE 'this is the id of a project' END AS why"
        "           FROM wrong w) f" IN_ORDER,
    .row = &finding_row,
};

/* A home that the rows do not know stays only if there is no other; of several homes of a project
 * that is gone, none does. Spec: authorization.md 9 */
static const rk_query stale = {
    .sql = "WITH homes AS (" HOMES "),"
           " several AS ("
           "  SELECT i.object_type, i.object_id FROM rk_import i"
           "   WHERE i.object_type IN (" PROJECT ", " CONNECTOR ") AND i.relation = " LIVES_IN
           "   GROUP BY i.object_type, i.object_id HAVING count(*) > 1),"
           " gone AS ("
           "  DELETE FROM rk_import i"
           "   USING several o"
           "    LEFT JOIN homes h ON h.object_id = o.object_id AND h.object_type = o.object_type"
           "   WHERE i.object_id = o.object_id AND i.object_type = o.object_type"
           "     AND i.relation = " LIVES_IN " AND CASE WHEN h.object_id IS NULL"
           "              THEN i.object_type = " PROJECT
           "              ELSE (i.subject_type, i.subject_id) <> (h.subject_type, h.subject_id) END"
           "  RETURNING i.*, CASE WHEN h.object_id IS NULL THEN 'its object does not exist'"
           "                      ELSE 'it lives elsewhere by now' END AS why)"
           " SELECT {row}"
           "   FROM (SELECT " RK_RELATION_LETTERS(
               "i") " AS letters, i.object_id, i.subject_id,"
                    "                NULL AS to_letters, NULL AS to_subject_id, i.why"
                    "           FROM gone i) f" IN_ORDER,
    .row = &finding_row,
};

/* Spec: authorization.md 9, 11 */
static const rk_query missing = {
    .sql =
        "WITH homes AS (" HOMES "), objects AS (" OBJECTS "), implied AS (" IMPLIED ")"
        " SELECT {row}"
        "   FROM (SELECT m.letters, m.object_id, m.subject_id, NULL AS to_letters,"
        "                NULL AS to_subject_id, m.why"
        "           FROM implied m"
        "          WHERE NOT EXISTS (SELECT FROM rk_import i"
        "                             WHERE i.object_id = m.object_id AND i.subject_id = "
        "m.subject_id"
        "                               AND " RK_RELATION_LETTERS("i") " = m.letters)) f" IN_ORDER,
    .row = &finding_row,
};

static const rk_query unexpected = {
    .sql = "WITH homes AS (" HOMES "), objects AS (" OBJECTS "),"
           " judged AS ("
           "  SELECT " RK_RELATION_LETTERS(
               "i") " AS letters, i.object_id, i.subject_id,"
                    "         NULL AS to_letters, NULL AS to_subject_id,"
                    "         CASE WHEN o.object_id IS NULL AND i.object_type <> " PLATFORM
                    "              THEN 'its object does not exist'"
                    "              WHEN i.relation = " VIEWED_BY " AND NOT o.public"
                    "              THEN 'its object is private'"
                    "              WHEN i.subject_type IN (" SPACE ", " GROUP ", " PROJECT ")"
                    "               AND s.object_id IS NULL"
                    "              THEN 'its subject does not exist'"
                    "              WHEN i.relation = " LIVES_IN
                    "               AND h.subject_id IS DISTINCT FROM i.subject_id"
                    "              THEN 'its object lives elsewhere' END AS why"
                    "    FROM rk_import i"
                    "    LEFT JOIN objects o ON o.object_type = i.object_type AND o.object_id = "
                    "i.object_id"
                    "    LEFT JOIN objects s ON s.object_type = i.subject_type AND s.object_id = "
                    "i.subject_id"
                    "    LEFT JOIN homes h ON h.object_type = i.object_type AND h.object_id = "
                    "i.object_id)"
                    " SELECT {row} FROM judged f WHERE f.why IS NOT NULL" IN_ORDER,
    .row = &finding_row,
};

/* --- what is there --- */

#define CREATORS RK_SQL_RELATION_PROJECT_CREATOR ", " RK_SQL_RELATION_GROUP_CREATOR

/* What a migration put there gives way to the text of a whole deployment, as long as nothing else
 * was written: whether everybody may create projects and groups is said by the text. */
static const rk_query replaced = {
    .sql = "SELECT {row}"
           "  FROM (SELECT " RK_RELATION_LETTERS(
               "r") " AS letters, r.object_id, r.subject_id,"
                    "               NULL AS to_letters, NULL AS to_subject_id, '' AS why"
                    "          FROM librenku.relation r"
                    "         WHERE NOT EXISTS (SELECT FROM librenku.relation x"
                    "                            WHERE x.object_type <> " PLATFORM
                    "                               OR x.relation NOT IN (" CREATORS "))"
                    "           AND EXISTS (SELECT FROM rk_import i"
                    "                        WHERE i.object_type <> " PLATFORM
                    "                          AND i.relation = " IS_ON ")"
                    "           AND NOT EXISTS (SELECT FROM rk_import i"
                    "                            WHERE i.object_type = " PLATFORM
                    "                              AND i.relation = r.relation)) f" IN_ORDER,
    .row = &finding_row,
};

/* How many rows of the first table are not in the second. */
#define EXCEPT(FIRST, SECOND) "SELECT {row} FROM (TABLE " FIRST " EXCEPT TABLE " SECOND ") x"

static const rk_column number_columns[] = {
    {"count(*)", RK_COLUMN_INT, 0, NULL},
};
static const rk_row number_row = RK_ROW(rk_opt_int, number_columns);

static const rk_query kept = {
    .sql = EXCEPT("librenku.relation", "rk_import"),
    .row = &number_row,
};
static const rk_query fresh = {
    .sql = EXCEPT("rk_import", "librenku.relation"),
    .row = &number_row,
};

static int count(work *on, rk_op *op, const char *name, const rk_query *query)
{
    rk_opt_int found;

    RK_TRY(rk_db_one(&found, op, query, RK_NO_PARAMS));
    rk_buf_printf(on->out, ",\"%s\":%lld", name, (long long)found.value);
    return 0;
}

/* --- the import --- */

/* A text without any relationship is a mistake, unless there is nothing that has some. */
static int refuse_nothing(rk_op *op)
{
    static const rk_column columns[] = {
        {"EXISTS (" OBJECTS ")", RK_COLUMN_BOOL, 0, NULL},
    };
    static const rk_row row = RK_ROW(rk_opt_bool, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    rk_opt_bool some;

    RK_TRY(rk_db_one(&some, op, &query, RK_NO_PARAMS));
    if (!some.value)
        return 0;
    (void)rk_fail(op, RK_ERR_INVALID, /* the detail returns it */
                  "The text holds no relationship, and this installation is not empty.");
    return rk_fail_detail(op,
                          "nothing was changed; export the relationships again where they are, as "
                          "docs/operating.md tells, and look whether the file has them");
}

/* Takes what is there into the table, so that it holds what there will be. */
static int merge(work *on, rk_op *op)
{
    static const rk_query rest = {
        .sql = "INSERT INTO rk_import TABLE librenku.relation ON CONFLICT DO NOTHING",
    };
    bool some = false;

    tell(on, op, MERGE);
    rk_buf_text(on->out, ",\"removed\":[");
    RK_TRY(list(on, op, &replaced, write_removed, &some));
    rk_buf_char(on->out, ']');
    RK_TRY(count(on, op, "kept", &kept));
    return some ? 0 : rk_db_run(NULL, op, &rest, RK_NO_PARAMS);
}

static int normalise(work *on, rk_op *op)
{
    bool more = false;

    tell(on, op, NORMALISE);
    rk_buf_text(on->out, ",\"normalised\":[");
    RK_TRY(list(on, op, &misnamed, write_normalised, &more));
    RK_TRY(list(on, op, &stale, write_normalised, &more));
    rk_buf_char(on->out, ']');
    return count(on, op, "new", &fresh);
}

static int compare(work *on, rk_op *op)
{
    bool more = false;

    tell(on, op, COMPARE);
    rk_buf_text(on->out, ",\"missing\":[");
    RK_TRY(list(on, op, &missing, write_found, &more));
    more = false;
    rk_buf_text(on->out, "],\"unexpected\":[");
    RK_TRY(list(on, op, &unexpected, write_found, &more));
    rk_buf_char(on->out, ']');
    return 0;
}

/* Makes what is there what there will be. */
static int write(work *on, rk_op *op)
{
    static const rk_query drop = {
        .sql = "DELETE FROM librenku.relation r"
               " WHERE NOT EXISTS (SELECT FROM rk_import i"
               "                    WHERE i.object_type = r.object_type"
               "                      AND i.object_id = r.object_id"
               "                      AND i.relation = r.relation"
               "                      AND i.subject_type = r.subject_type"
               "                      AND i.subject_id = r.subject_id)",
    };
    static const rk_query add = {
        .sql = "INSERT INTO librenku.relation TABLE rk_import"
               " ON CONFLICT (object_id, object_type, subject_id, relation, subject_type)"
               " DO NOTHING",
    };

    tell(on, op, WRITE);
    RK_TRY(rk_db_run(NULL, op, &drop, RK_NO_PARAMS));
    return rk_db_run(NULL, op, &add, RK_NO_PARAMS);
}

static int run(rk_op *op, void *user)
{
    work *on = user;

    if (!on->read.letters.count)
        RK_TRY(refuse_nothing(op));
    rk_buf_begin(on->out, op, 1024);
    rk_buf_printf(on->out, "{\"lines\":%zu,\"applied\":%s", on->lines,
                  on->import->apply ? "true" : "false");
    RK_TRY(fill(on, op));
    RK_TRY(merge(on, op));
    RK_TRY(normalise(on, op));
    RK_TRY(compare(on, op));
    if (on->import->apply)
        RK_TRY(write(on, op));
    rk_buf_char(on->out, '}');
    return rk_buf_finish(on->out);
}

int rk_authz_tool_import(rk_op *op, rk_buf *out, const rk_authz_import *import)
{
    work todo = {.import = import, .out = out};

    RK_TRY(read_text(&todo, op, import));
    return rk_db_transaction(op, run, &todo);
}
