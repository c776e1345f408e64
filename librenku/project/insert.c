/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/authz.h"
#include "librenku/project/columns.h"
#include "librenku/project/db.h"

/* A new project, in one statement. It writes nothing where the caller may not create a project or
 * the path is taken: its row tells why. */

typedef struct {
    rk_project_site site;
    rk_opt_bool allowed;  /* to create projects */
    rk_opt_bool writable; /* the namespace */
    rk_instant creation_date;
    rk_instant updated_at;
} inserted;

static const rk_column columns[] = {
    {"site.id",         RK_COLUMN_TEXT, offsetof(inserted, site.id),       NULL},
    {"site.group_id",   RK_COLUMN_TEXT, offsetof(inserted, site.group_id), NULL},
    {"site.slug",       RK_COLUMN_TEXT, offsetof(inserted, site.slug),     NULL},
    {"site.taken",      RK_COLUMN_BOOL, offsetof(inserted, site.taken),    NULL},
    {"site.allowed",    RK_COLUMN_BOOL, offsetof(inserted, allowed),       NULL},
    {"site.writable",   RK_COLUMN_BOOL, offsetof(inserted, writable),      NULL},
    {"p.creation_date", RK_COLUMN_TIME, offsetof(inserted, creation_date), NULL},
    {"p.updated_at",    RK_COLUMN_TIME, offsetof(inserted, updated_at),    NULL},
};
static const rk_row row = RK_ROW(inserted, columns);

/* clang-format off */
#define MAY_CREATE RK_SQL_CAN_PLATFORM_CREATE_PROJECTS("'" RK_PLATFORM_ID "'")
#define MAY_WRITE                                                                                  \
    "CASE WHEN n.group_id IS NULL"                                                                 \
    " THEN " RK_SQL_CAN_USER_NAMESPACE_WRITE("n.id")                                               \
    " ELSE " RK_SQL_CAN_GROUP_WRITE("n.group_id") " END"
#define IS_TAKEN                                                                                   \
    "EXISTS (SELECT FROM common.entity_slugs s"                                                    \
    "         WHERE s.namespace_id = n.id AND s.slug = $4 AND s.data_connector_id IS NULL)"
#define SITE                                                                                       \
    "WITH site AS MATERIALIZED ("                                                                  \
    "  SELECT n.id, n.group_id, n.slug,"                                                           \
    "         " MAY_CREATE " AS allowed, " MAY_WRITE " AS writable, " IS_TAKEN " AS taken"         \
    "    FROM (VALUES (1)) one (row)"                                                              \
    "    LEFT JOIN common.namespaces n"                                                            \
    "      ON n.id = (SELECT c.id FROM common.namespaces c WHERE c.slug = lower($3))),"            \
    " free AS MATERIALIZED ("                                                                      \
    "  SELECT id, group_id FROM site"                                                              \
    "   WHERE id IS NOT NULL AND allowed AND writable AND NOT taken)"
/* clang-format on */

#define PROJECT                                                                                    \
    ", p AS ("                                                                                     \
    "  INSERT INTO projects.projects"                                                              \
    "         (id, name, visibility, created_by_id, creation_date, description, keywords,"         \
    "          documentation, template_id, is_template, secrets_mount_directory)"                  \
    "  SELECT $5, $6, $7::public.visibility, $8, date_trunc('second', now()), $9, $10::text[],"    \
    "         $11, $12, $13::boolean, $14"                                                         \
    "    FROM free"                                                                                \
    "  RETURNING creation_date, updated_at)"

/* The path before the role of the owner, which finds its place in the list then. */
#define PLACE                                                                                      \
    ", s AS ("                                                                                     \
    "  INSERT INTO common.entity_slugs (slug, project_id, namespace_id)"                           \
    "  SELECT $4, $5, free.id FROM free, p"                                                        \
    "  RETURNING namespace_id)"
#define RELATIONSHIPS                                                                              \
    ", r AS (" RK_SQL_RELATE_PROJECT("free, s", "$5", "$8", "free.group_id", "free.id",            \
                                     "$7::public.visibility = 'public'") ")"

#define REPOSITORIES                                                                               \
    ", u AS ("                                                                                     \
    "  INSERT INTO projects.projects_repositories (url, project_id)"                               \
    "  SELECT u.url, $5"                                                                           \
    "    FROM free, p, unnest($15::text[]) WITH ORDINALITY AS u (url, n) ORDER BY u.n)"

#define RESULT " SELECT {row} FROM site LEFT JOIN p ON true"

static const rk_query bare = {
    .sql = SITE PROJECT PLACE RELATIONSHIPS RESULT,
    .row = &row,
    .duplicate = RK_ERR_CONFLICT,
    .taken = RK_PROJECT_PATH_TAKEN,
};
static const rk_query with_repositories = {
    .sql = SITE PROJECT PLACE RELATIONSHIPS REPOSITORIES RESULT,
    .row = &row,
    .duplicate = RK_ERR_CONFLICT,
    .taken = RK_PROJECT_PATH_TAKEN,
};

static int run_insert(inserted *out, rk_op *op, const rk_project *project, rk_project_run *run)
{
    const rk_param params[] = {
        RK_SUBJECT(op),
        rk_text(project->namespace),
        rk_text(project->slug),
        rk_text(project->id),
        rk_text(project->name),
        rk_text(rk_enum_name(&rk_visibility_names, project->visibility)),
        rk_text(project->created_by),
        rk_text(project->description),
        rk_texts(op, &project->keywords),
        rk_text(project->documentation),
        rk_text(project->template_id),
        rk_maybe_bool(project->is_template),
        rk_text(project->secrets_mount_directory),
        rk_texts(op, &project->repositories),
    };
    const int count = (int)RK_COUNT(params);

    return project->repositories.count
               ? run(out, op, &with_repositories, (rk_params){params, count})
               : run(out, op, &bare, (rk_params){params, count - 1});
}

int rk_project_insert(rk_project_site *out, rk_op *op, rk_project *project, rk_project_run *run)
{
    inserted made;

    RK_TRY(run_insert(&made, op, project, run));
    *out = made.site;
    out->bits = made.writable.value ? RK_SCOPE_BIT(RK_SCOPE_WRITE) : 0;
    out->platform_bits = made.allowed.value ? RK_SCOPE_BIT(RK_SCOPE_CREATE_PROJECTS) : 0;
    project->creation_date = made.creation_date;
    project->updated_at = made.updated_at;
    project->namespace = out->slug;
    project->namespace_id = out->id;
    project->group_id = out->group_id;
    project->documentation = NULL;
    return 0;
}
