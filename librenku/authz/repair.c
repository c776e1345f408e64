/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/repair.h"

#include "librenku/base/log.h"

/* In key order, so that concurrent writers lock rows in one order. */
#define TOUCH                                                                                      \
    "INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id) "
#define IN_ORDER                                                                                   \
    " ORDER BY object_id, object_type, relation, subject_type, subject_id"                         \
    " ON CONFLICT DO NOTHING"
/* Rows (relation, type, id) of subjects by which strangers see an object. */
#define STRANGERS                                                                                  \
    "(" RK_SQL_RELATION_PUBLIC_VIEWER "::\"char\", " RK_SQL_OBJECT_USER "::\"char\", '*'),"        \
    " (" RK_SQL_RELATION_PUBLIC_VIEWER ", " RK_SQL_OBJECT_ANONYMOUS_USER ", '*')"
#define LEADS_TO_GROUP                                                                             \
    "r.object_type = " RK_SQL_OBJECT_PROJECT                                                       \
    " AND r.relation = " RK_SQL_RELATION_PROJECT_NAMESPACE                                         \
    " AND r.subject_type = " RK_SQL_OBJECT_GROUP

static int repair(rk_op *op, const rk_query *query, const char *what)
{
    int64_t count;

    RK_TRY(rk_db_run(&count, op, query, RK_NO_PARAMS));
    if (count)
        rk_log_info(op, "authz", "%s: %lld relationships were put right.", what, (long long)count);
    return 0;
}

int rk_repair_owners_are_there(bool *out, rk_op *op)
{
    static const rk_column columns[] = {
        {"count(*) = 5", RK_COLUMN_BOOL, 0, NULL},
    };
    static const rk_row row = RK_ROW(rk_opt_bool, columns);
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM (SELECT FROM librenku.relation r"
               "         WHERE r.object_type = " RK_SQL_OBJECT_USER_NAMESPACE
               "           AND r.relation = " RK_SQL_RELATION_OWNER " LIMIT 5) owners",
        .row = &row,
    };
    rk_opt_bool enough;

    RK_TRY(rk_db_one(&enough, op, &query, RK_NO_PARAMS));
    *out = enough.value;
    return 0;
}

int rk_repair_user_namespaces(rk_op *op)
{
    static const rk_query query = {
        .sql = TOUCH "SELECT " RK_SQL_OBJECT_USER_NAMESPACE "::\"char\" AS object_type,"
                     "       n.id AS object_id, w.*"
                     "  FROM common.namespaces n"
                     " CROSS JOIN LATERAL (VALUES " STRANGERS ","
                     " (" RK_SQL_RELATION_OWNER ", " RK_SQL_OBJECT_USER ", n.user_id),"
                     " (" RK_SQL_RELATION_USER_NAMESPACE_PLATFORM ", " RK_SQL_OBJECT_PLATFORM
                     ", '" RK_PLATFORM_ID "'))"
                     "    AS w (relation, subject_type, subject_id)"
                     " WHERE n.user_id IS NOT NULL" IN_ORDER,
    };

    return repair(op, &query, "User namespaces");
}

/* A project whose group is another one, or that is gone: then group_id is NULL. */
#define WRONG                                                                                      \
    "SELECT r.object_id, r.subject_id, n.group_id"                                                 \
    "  FROM librenku.relation r"                                                                   \
    "  LEFT JOIN projects.projects p ON p.id = r.object_id COLLATE \"default\""                    \
    "  LEFT JOIN common.entity_slugs s ON s.project_id = p.id AND s.data_connector_id IS NULL"     \
    "  LEFT JOIN common.namespaces n ON n.id = s.namespace_id"                                     \
    " WHERE " LEADS_TO_GROUP                                                                       \
    "   AND (p.id IS NULL OR n.group_id <> r.subject_id COLLATE \"default\")"

/* How many there are. Whoever moves a project holds its row: once those are ours, the next
 * statement sees where the projects stand for good. */
static int lock_wrong(int64_t *count, rk_op *op)
{
    static const rk_column columns[] = {
        {"greatest((SELECT count(*) FROM wrong), (SELECT count(*) FROM held))", RK_COLUMN_BITS, 0,
         NULL},
    };
    static const rk_row row = RK_ROW(int64_t, columns);
    static const rk_query query = {
        .sql = "WITH wrong AS MATERIALIZED (" WRONG "), held AS MATERIALIZED ("
               "  SELECT p.id FROM projects.projects p"
               "   WHERE p.id = ANY (ARRAY(SELECT wrong.object_id FROM wrong))"
               "   ORDER BY p.id FOR UPDATE)"
               " SELECT {row}",
        .row = &row,
    };

    return rk_db_one(count, op, &query, RK_NO_PARAMS);
}

int rk_repair_project_groups(rk_op *op)
{
    static const rk_query query = {
        .sql =
            "WITH wrong AS MATERIALIZED (" WRONG "), gone AS ("
            "  DELETE FROM librenku.relation r"
            "   USING wrong"
            "   WHERE r.object_id = wrong.object_id AND r.subject_id = wrong.subject_id"
            "     AND " LEADS_TO_GROUP
            "  RETURNING wrong.object_id, wrong.group_id), belongs AS (" TOUCH
            "  SELECT DISTINCT " RK_SQL_OBJECT_PROJECT "::\"char\" AS object_type, gone.object_id,"
            "         " RK_SQL_RELATION_PROJECT_NAMESPACE "::\"char\" AS relation,"
            "         " RK_SQL_OBJECT_GROUP
            "::\"char\" AS subject_type, gone.group_id AS subject_id"
            "    FROM gone WHERE gone.group_id IS NOT NULL" IN_ORDER ")"
            " SELECT FROM gone",
    };
    int64_t count;

    RK_TRY(lock_wrong(&count, op));
    return count ? repair(op, &query, "Projects of groups") : 0;
}

/* Whoever has a platform, without those that strangers can read. EXCEPT costs what both sides cost,
 * whatever the planner thinks of their numbers. */
#define PUBLISH(TYPE, PLATFORM)                                                                    \
    TOUCH                                                                                          \
    "SELECT " TYPE "::\"char\" AS object_type, hidden.object_id, w.*"                              \
    "  FROM (SELECT r.object_id FROM librenku.relation r"                                          \
    "         WHERE r.object_type = " TYPE " AND r.relation = " PLATFORM                           \
    "           AND r.subject_type = " RK_SQL_OBJECT_PLATFORM "        EXCEPT"                     \
    "        SELECT x.object_id FROM librenku.relation x"                                          \
    "         WHERE x.object_type = " TYPE " AND x.relation = " RK_SQL_RELATION_PUBLIC_VIEWER      \
    "           AND x.subject_type = " RK_SQL_OBJECT_ANONYMOUS_USER                                \
    "           AND x.subject_id = '*') hidden"                                                    \
    " CROSS JOIN (VALUES " STRANGERS ")"                                                           \
    "    AS w (relation, subject_type, subject_id)" IN_ORDER

int rk_repair_public_groups(rk_op *op)
{
    static const rk_query query = {
        .sql = PUBLISH(RK_SQL_OBJECT_GROUP, RK_SQL_RELATION_GROUP_PLATFORM)};

    return repair(op, &query, "Groups");
}

int rk_repair_public_user_namespaces(rk_op *op)
{
    static const rk_query query = {
        .sql = PUBLISH(RK_SQL_OBJECT_USER_NAMESPACE, RK_SQL_RELATION_USER_NAMESPACE_PLATFORM),
    };

    return repair(op, &query, "User namespaces");
}
