/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/project/columns.h"
#include "librenku/project/db.h"

/* The namespace where a project lives, or shall live. */

static const rk_column site_columns[] = {
    {"n.id",                                                                                       RK_COLUMN_TEXT, offsetof(rk_project_site, id),            NULL},
    {"n.group_id",                                                                                 RK_COLUMN_TEXT, offsetof(rk_project_site, group_id),      NULL},
    {"n.slug",                                                                                     RK_COLUMN_TEXT, offsetof(rk_project_site, slug),          NULL},
    {"CASE WHEN n.group_id IS NULL THEN " RK_SQL_BITS_USER_NAMESPACE(
         "n.id") " ELSE " RK_SQL_BITS_GROUP("n.group_id") " END",
     RK_COLUMN_BITS,                                                                                               offsetof(rk_project_site, bits),          NULL},
    {RK_SQL_BITS_PLATFORM("'renku'"),                                                              RK_COLUMN_BITS, offsetof(rk_project_site, platform_bits),
     NULL                                                                                                                                                        },
    {"EXISTS (SELECT FROM common.entity_slugs s"
     "         WHERE s.namespace_id = n.id AND s.slug = $4 AND s.data_connector_id IS NULL)", RK_COLUMN_BOOL, offsetof(rk_project_site, taken),         NULL},
};
static const rk_row site_row = RK_ROW(rk_project_site, site_columns);

#define FROM_SITE "  FROM (VALUES (1)) one (row) LEFT JOIN common.namespaces n ON n.id = "

int rk_project_site_find_any(rk_project_site *out, rk_op *op, const char *namespace,
                             const char *slug)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_SITE
               "coalesce((SELECT c.id FROM common.namespaces c WHERE c.slug = lower($3)),"
               " (SELECT o.latest_slug_id FROM common.namespaces_old o WHERE o.slug = lower($3)"
               "   ORDER BY o.created_at DESC, o.id DESC LIMIT 1))",
        .row = &site_row,
    };

    return rk_db_one(out, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(namespace), rk_text(slug)));
}

int rk_project_site_of(rk_project_site *out, rk_op *op, const rk_project *project, const char *slug)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_SITE "$3",
        .row = &site_row,
    };

    return rk_db_one(out, op, &query,
                     RK_PARAMS(RK_SUBJECT(op), rk_text(project->namespace_id), rk_text(slug)));
}
