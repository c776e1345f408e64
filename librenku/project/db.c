/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/project/db.h"

#include "librenku/authz/authz.h"
#include "librenku/project/columns.h"

static int loaded(void *model, rk_op *op)
{
    return rk_project_complete(model, op);
}

/* $1 is the id of the subject. */
#define FACTS RK_SQL_FACTS_PROJECT("p.project_id", "p.parent", "$1::text")

/* What only some statements ask for stands last. */
static const rk_column columns[] = {
    RK_LISTED_COLUMNS(0),
    {"p.namespace_id",  RK_COLUMN_TEXT, offsetof(rk_project, namespace_id),  NULL},
    {"n.group_id",      RK_COLUMN_TEXT, offsetof(rk_project, group_id),      NULL},
    {FACTS,             RK_COLUMN_TEXT, offsetof(rk_project, facts),         NULL},
    {"d.documentation", RK_COLUMN_TEXT, offsetof(rk_project, documentation), NULL},
};

enum { COLUMNS = (int)RK_COUNT(columns) };

static const rk_row detailed_row = {sizeof(rk_project), columns, COLUMNS, loaded};
static const rk_row brief_row = {sizeof(rk_project), columns, COLUMNS - 1, loaded};
static const rk_row bare_row = {sizeof(rk_project), columns, COLUMNS - 2, loaded};

#define JOIN_DETAILS "  JOIN projects.projects d ON d.id = p.project_id COLLATE \"default\""

/* The project with the caller's permissions. */
static int look_up(rk_project *out, bool *found, rk_op *op, const rk_query *query, rk_params params)
{
    RK_TRY(rk_db_lookup(out, found, op, query, params));
    return *found ? rk_authz_conclude(&out->bits, op, RK_OBJECT_PROJECT, out->id, out->facts) : 0;
}

int rk_project_lookup(rk_project *out, bool *found, rk_op *op, const char *project_id,
                      bool documentation)
{
    static const rk_query brief = {
        .sql = "SELECT {row}" RK_FROM_LISTING " WHERE p.project_id = $2",
        .row = &brief_row,
    };
    static const rk_query detailed = {
        .sql = "SELECT {row}" RK_FROM_LISTING JOIN_DETAILS " WHERE p.project_id = $2",
        .row = &detailed_row,
    };

    return look_up(out, found, op, documentation ? &detailed : &brief,
                   RK_PARAMS(rk_subject_id(op), rk_text(project_id)));
}

int rk_project_lock(rk_project *out, bool *found, rk_op *op, const char *project_id)
{
    /* In a statement of its own: one that waits goes on with the snapshot from before, and would
     * not see what was changed meanwhile, nor who may do what. */
    static const rk_query query = {
        .sql = "SELECT FROM projects.projects p WHERE p.id = $1 FOR UPDATE",
    };

    RK_TRY(rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(project_id))));
    return rk_project_lookup(out, found, op, project_id, true);
}

/* The slug row that a path means: both slugs current, else either or both former; last, the former
 * slug of a data connector that lives in the project. Spec: projects.md 5.5 */
#define BY_PATH                                                                                    \
    "  JOIN common.entity_slugs s ON s.project_id = p.project_id"                                  \
    " WHERE s.id = (SELECT x.id FROM ("                                                            \
    "   SELECT s1.id, 1 AS rank"                                                                   \
    "     FROM common.namespaces n1"                                                               \
    "     JOIN common.entity_slugs s1 ON s1.namespace_id = n1.id AND s1.slug = $3"                 \
    "    WHERE n1.slug = lower($2) AND s1.data_connector_id IS NULL"                               \
    "   UNION ALL"                                                                                 \
    "   SELECT s2.id, 2"                                                                           \
    "     FROM common.namespaces_old o2"                                                           \
    "     JOIN common.entity_slugs s2 ON s2.namespace_id = o2.latest_slug_id AND s2.slug = $3"     \
    "    WHERE o2.slug = lower($2) AND s2.data_connector_id IS NULL"                               \
    "   UNION ALL"                                                                                 \
    "   SELECT s3.id, CASE WHEN e3.data_connector_id IS NULL THEN 3 ELSE 4 END"                    \
    "     FROM common.entity_slugs_old e3"                                                         \
    "     JOIN common.entity_slugs l3 ON l3.id = e3.latest_slug_id"                                \
    "     JOIN common.entity_slugs s3 ON s3.project_id = l3.project_id"                            \
    "    WHERE e3.slug = $3 AND s3.data_connector_id IS NULL"                                      \
    "      AND l3.namespace_id IN (SELECT n3.id FROM common.namespaces n3 WHERE n3.slug = "        \
    "lower($2)"                                                                                    \
    "                              UNION ALL"                                                      \
    "                              SELECT o3.latest_slug_id FROM common.namespaces_old o3"         \
    "                               WHERE o3.slug = lower($2))"                                    \
    "   ) x ORDER BY x.rank LIMIT 1)"

int rk_project_lookup_path(rk_project *out, bool *found, rk_op *op, const rk_project_path *path,
                           bool documentation)
{
    static const rk_query brief = {
        .sql = "SELECT {row}" RK_FROM_LISTING BY_PATH,
        .row = &brief_row,
    };
    static const rk_query detailed = {
        .sql = "SELECT {row}" RK_FROM_LISTING JOIN_DETAILS BY_PATH,
        .row = &detailed_row,
    };

    return look_up(out, found, op, documentation ? &detailed : &brief,
                   RK_PARAMS(rk_subject_id(op), rk_text(path->namespace), rk_text(path->slug)));
}

#define OF_TEMPLATE                                                                                \
    " JOIN projects.projects d ON d.id = p.project_id COLLATE \"default\" AND d.template_id = $3"  \
    " WHERE "
#define BY_ID " ORDER BY p.project_id"

int rk_project_copies(rk_array *out, rk_op *op, const char *template_id, bool writable)
{
    static const rk_query readable = {
        .sql = "SELECT {row}" RK_FROM_LISTING OF_TEMPLATE RK_SQL_CAN_PROJECT_READ("p.project_id")
            BY_ID,
        .row = &bare_row,
    };
    static const rk_query changeable = {
        .sql = "SELECT {row}" RK_FROM_LISTING OF_TEMPLATE RK_SQL_CAN_PROJECT_WRITE("p.project_id")
            BY_ID,
        .row = &bare_row,
    };

    return rk_db_all(out, op, writable ? &changeable : &readable,
                     RK_PARAMS(RK_SUBJECT(op), rk_text(template_id)));
}

/* --- writing --- */

int rk_project_update(rk_op *op, const rk_project *project, const rk_project_plan *plan)
{
    static const rk_query query = {
        .sql = "UPDATE projects.projects"
               "   SET name = $2, visibility = $3::public.visibility, description = $4,"
               "       keywords = $5::text[], template_id = $6, is_template = $7,"
               "       secrets_mount_directory = $8, documentation = coalesce($9, documentation),"
               "       updated_at = now()"
               " WHERE id = $1",
    };

    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(project->id), rk_text(project->name),
                                 rk_text(rk_enum_name(&rk_visibility_names, project->visibility)),
                                 rk_text(project->description), rk_texts(op, &project->keywords),
                                 rk_text(project->template_id), rk_maybe_bool(project->is_template),
                                 rk_text(project->secrets_mount_directory),
                                 rk_text(plan->documentation)));
}

int rk_project_replace_repositories(rk_op *op, const rk_project *project)
{
    static const rk_query clear = {
        .sql = "DELETE FROM projects.projects_repositories WHERE project_id = $1",
    };
    static const rk_query fill = {
        .sql = "INSERT INTO projects.projects_repositories (url, project_id)"
               " SELECT u.url, $1"
               "   FROM unnest($2::text[]) WITH ORDINALITY AS u (url, n) ORDER BY u.n",
    };

    RK_TRY(rk_db_defer(NULL, op, &clear, RK_PARAMS(rk_text(project->id))));
    return rk_db_defer(NULL, op, &fill,
                       RK_PARAMS(rk_text(project->id), rk_texts(op, &project->repositories)));
}

int rk_project_read_back(rk_project *out, rk_op *op, const char *project_id)
{
    static const rk_query query = {
        .sql = "SELECT {row}" RK_FROM_LISTING " WHERE p.project_id = $1",
        .row = &bare_row,
    };

    return rk_db_defer(out, op, &query, RK_PARAMS(rk_text(project_id)));
}

/* Remembers the slug that the row has now, once per slug and project. Spec: projects.md 5.4 */
static int remember_slug(rk_op *op, const char *project_id)
{
    static const rk_query query = {
        .sql = "WITH now AS ("
               "  SELECT s.id, s.slug FROM common.entity_slugs s"
               "   WHERE s.project_id = $1 AND s.data_connector_id IS NULL),"
               " known AS ("
               "  UPDATE common.entity_slugs_old o SET latest_slug_id = now.id FROM now"
               "   WHERE o.slug = now.slug AND o.project_id = $1 AND o.data_connector_id IS NULL"
               "  RETURNING o.id)"
               " INSERT INTO common.entity_slugs_old (slug, latest_slug_id, project_id)"
               " SELECT now.slug, now.id, $1 FROM now WHERE NOT EXISTS (SELECT FROM known)",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(project_id)));
}

int rk_project_rename(rk_op *op, const char *project_id, const char *slug)
{
    static const rk_query query = {
        .sql = "UPDATE common.entity_slugs SET slug = $2"
               " WHERE project_id = $1 AND data_connector_id IS NULL",
        .duplicate = RK_ERR_INVALID,
        .taken = RK_PROJECT_PATH_TAKEN,
    };

    RK_TRY(remember_slug(op, project_id));
    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(project_id), rk_text(slug)));
}

int rk_project_move(rk_op *op, const char *project_id, const char *namespace_id)
{
    static const rk_query query = {
        .sql = "UPDATE common.entity_slugs SET namespace_id = $2"
               " WHERE project_id = $1 AND data_connector_id IS NULL",
        .duplicate = RK_ERR_INVALID,
        .taken = RK_PROJECT_PATH_TAKEN,
    };

    RK_TRY(remember_slug(op, project_id));
    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(project_id), rk_text(namespace_id)));
}

int rk_project_remove(rk_op *op, const char *project_id)
{
    static const rk_query query = {.sql = "DELETE FROM projects.projects WHERE id = $1"};

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(project_id)));
}

int rk_project_remove_legacy_storage(rk_op *op, const char *project_id)
{
    static const rk_query query = {.sql =
                                       "DELETE FROM storage.cloud_storage WHERE project_id = $1"};

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(project_id)));
}
