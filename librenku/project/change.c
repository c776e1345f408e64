/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/project/change.h"

#include <string.h>

#include "librenku/event/change.h"
#include "librenku/http/caller.h"
#include "librenku/project/db.h"

/* --- creation --- */

/* Spec: projects.md 4.2, steps 4 to 7 */
static int check_site(rk_op *op, const rk_project_site *site, const rk_project *draft)
{
    rk_object_type type = site->group_id ? RK_OBJECT_GROUP : RK_OBJECT_USER_NAMESPACE;

    if (!rk_authz_allows(op, RK_OBJECT_PLATFORM, site->platform_bits, RK_SCOPE_CREATE_PROJECTS))
        return rk_fail(op, RK_ERR_FORBIDDEN,
                       "The administrators of this platform restrict who may create projects.");
    if (!site->id)
        return rk_fail(op, RK_ERR_NOT_FOUND,
                       "The project cannot be created: the namespace \"%s\" does not exist.",
                       draft->namespace);
    if (!rk_authz_allows(op, type, site->bits, RK_SCOPE_WRITE))
        return rk_fail(op, RK_ERR_FORBIDDEN,
                       "The project cannot be created: you do not have sufficient permissions "
                       "in the namespace \"%s\".",
                       site->slug);
    if (site->taken.value)
        return rk_fail(op, RK_ERR_CONFLICT, "A project with the path \"%s/%s\" already exists.",
                       site->slug, draft->slug);
    return 0;
}

static rk_relationship in_namespace(const char *project_id, const rk_project_site *site)
{
    return (rk_relationship){
        .type = RK_OBJECT_PROJECT,
        .id = project_id,
        .relation = RK_RELATION_PROJECT_NAMESPACE,
        .subject_type = site->group_id ? RK_OBJECT_GROUP : RK_OBJECT_USER_NAMESPACE,
        .subject_id = site->group_id ? site->group_id : site->id,
    };
}

static int add(rk_project *out, rk_op *op, const rk_project *draft, rk_project_run *run)
{
    rk_project_site site;

    *out = *draft;
    RK_TRY(rk_project_insert(&site, op, out, run));
    RK_TRY(check_site(op, &site, draft));
    RK_TRY(rk_project_complete(out, op));
    RK_TRY(rk_change_record(op, RK_CHANGE_PROJECT, RK_ADDED, out->id));
    const rk_member_change owner = {
        RK_MEMBER_ADDED, {out->created_by, RK_ROLE_OWNER}
    };

    return rk_change_record_member(op, RK_CHANGE_PROJECT_MEMBER, out->id, &owner);
}

int rk_project_add(rk_project *out, rk_op *op, const rk_project *draft)
{
    return add(out, op, draft, rk_db_one);
}

int rk_project_add_only(rk_project *out, rk_op *op, const rk_project *draft)
{
    return add(out, op, draft, rk_db_only);
}

/* --- moving and renaming --- */

static bool allows(rk_op *op, const rk_project_site *site, rk_scope scope)
{
    rk_object_type type = site->group_id ? RK_OBJECT_GROUP : RK_OBJECT_USER_NAMESPACE;

    return site->id && rk_authz_allows(op, type, site->bits, scope);
}

static int refuse_taken(rk_op *op, const char *namespace, const char *slug)
{
    return rk_fail(op, RK_ERR_INVALID,
                   "The project cannot be moved: a project with the path \"%s/%s\" already exists.",
                   namespace, slug);
}

/* Spec: projects.md 5.4, the namespace part. The slug must be free as it is now; a new one is
 * looked at apart. */
static int check_move(rk_op *op, const rk_project *project, const rk_project_site *from,
                      const rk_project_site *to)
{
    if (!allows(op, to, RK_SCOPE_READ))
        return rk_fail(op, RK_ERR_NOT_FOUND,
                       "The project cannot be moved: the target namespace does not exist.");
    if (!allows(op, from, RK_SCOPE_WRITE))
        return rk_fail(op, RK_ERR_NOT_FOUND,
                       "The project cannot be moved out of the namespace \"%s\": you do not have "
                       "sufficient permissions there.",
                       from->slug);
    if (!allows(op, to, RK_SCOPE_WRITE))
        return rk_fail(op, RK_ERR_NOT_FOUND,
                       "The project cannot be moved: you do not have sufficient permissions in the "
                       "namespace \"%s\".",
                       to->slug);
    return to->taken.value ? refuse_taken(op, to->slug, project->slug) : 0;
}

/* With connectors a project moves by current slugs only. Spec: projects.md 5.4 */
static int check_former(rk_op *op, const rk_project *project, const rk_project_site *to,
                        const char *namespace)
{
    static const rk_column columns[] = {
        {"EXISTS (SELECT FROM common.entity_slugs s"
         "         WHERE s.project_id = $1 AND s.data_connector_id IS NOT NULL)", RK_COLUMN_BOOL, 0, NULL},
    };
    static const rk_row row = RK_ROW(rk_opt_bool, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    rk_opt_bool holds_connectors;

    if (strcmp(to->slug, namespace) == 0)
        return 0;
    RK_TRY(rk_db_one(&holds_connectors, op, &query, RK_PARAMS(rk_text(project->id))));
    if (!holds_connectors.value)
        return 0;
    return rk_fail(op, RK_ERR_NOT_FOUND,
                   "The project cannot be moved with its data connectors: the namespace \"%s\" is "
                   "now called \"%s\".",
                   namespace, to->slug);
}

/* Connectors that live in the project follow it. They belong to a room that follows; their slug
 * rows do not. */
static int move_connectors(rk_op *op, const char *project_id, const char *namespace_id)
{
    static const rk_query remember = {
        .sql = "INSERT INTO common.entity_slugs_old"
               "       (slug, latest_slug_id, project_id, data_connector_id)"
               " SELECT s.slug, s.id, s.project_id, s.data_connector_id"
               "   FROM common.entity_slugs s"
               "  WHERE s.project_id = $1 AND s.data_connector_id IS NOT NULL"
               "    AND NOT EXISTS (SELECT FROM common.entity_slugs_old o"
               "                     WHERE o.slug = s.slug AND o.project_id = s.project_id"
               "                       AND o.data_connector_id = s.data_connector_id)",
    };
    static const rk_query move = {
        .sql = "UPDATE common.entity_slugs SET namespace_id = $2"
               " WHERE project_id = $1 AND data_connector_id IS NOT NULL",
    };

    RK_TRY(rk_db_defer(NULL, op, &remember, RK_PARAMS(rk_text(project_id))));
    return rk_db_defer(NULL, op, &move, RK_PARAMS(rk_text(project_id), rk_text(namespace_id)));
}

static int move(rk_op *op, const rk_project *project, const rk_project_site *from,
                const char *namespace)
{
    rk_project_site to;

    RK_TRY(rk_project_site_find_any(&to, op, namespace, project->slug));
    RK_TRY(check_move(op, project, from, &to));
    RK_TRY(check_former(op, project, &to, namespace));
    const rk_relationship home = in_namespace(project->id, &to);

    RK_TRY(rk_project_move(op, project->id, to.id));
    RK_TRY(move_connectors(op, project->id, to.id));
    return rk_authz_replace(op, &home);
}

int rk_project_relocate(rk_op *op, const rk_project *project, const rk_project_changes *patch,
                        const rk_project_plan *plan)
{
    rk_project_site from;

    if (!plan->moves && !plan->renames)
        return 0;
    RK_TRY(rk_project_site_of(&from, op, project, plan->renames ? patch->slug : project->slug));
    if (plan->moves)
        RK_TRY(move(op, project, &from, patch->namespace));
    if (!plan->renames)
        return 0;
    if (from.taken.value)
        return refuse_taken(op, from.slug, patch->slug);
    return rk_project_rename(op, project->id, patch->slug);
}

int rk_project_write(rk_op *op, const rk_project *project, const rk_project_plan *plan,
                     bool repositories)
{
    if (plan->touches)
        RK_TRY(rk_project_update(op, project, plan));
    if (repositories)
        RK_TRY(rk_project_replace_repositories(op, project));
    if (!plan->publishes)
        return 0;
    return rk_authz_publish(op, RK_OBJECT_PROJECT, project->id,
                            project->visibility == RK_VISIBILITY_PUBLIC);
}
