/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/event/change.h"
#include "librenku/http/etag.h"
#include "librenku/metric/metric.h"
#include "librenku/project/change.h"
#include "librenku/project/db.h"

/* Missing and hidden projects look the same. */
int rk_project_require(rk_op *op, const rk_project *project, bool found, const char *id,
                       rk_scope scope)
{
    if (rk_authz_require(op, RK_OBJECT_PROJECT, id, found ? project->bits : 0, scope,
                         RK_ERR_NOT_FOUND) == 0)
        return 0;
    rk_error_clear(op);
    return rk_project_missing(op, id);
}

int rk_project_missing(rk_op *op, const char *id)
{
    return rk_fail(op, RK_ERR_NOT_FOUND,
                   "Project with id '%s' does not exist or you do not have access to it.", id);
}

/* GET /projects. Spec: projects.md 4.1 */
int rk_project_list(rk_projects_list *out, rk_op *op, const rk_project_list_in *in)
{
    const char *namespace =
        in->query.namespace && *in->query.namespace ? in->query.namespace : NULL;
    rk_array *projects = (rk_array *)out;
    int64_t *total = &op->reply->total;

    return in->query.direct_member.value
               ? rk_project_page_direct(projects, total, op, &in->page, namespace)
               : rk_project_page(projects, total, op, &in->page, namespace);
}

/* GET /projects/{project_id}. Spec: projects.md 4.3 */
int rk_project_get(rk_project *out, rk_op *op, const rk_project_get_in *in)
{
    bool found;

    RK_TRY(rk_project_lookup(out, &found, op, in->project_id, in->query.with_documentation.value));
    return rk_project_require(op, out, found, in->project_id, RK_SCOPE_READ);
}

/* GET /namespaces/{namespace}/projects/{slug}. Spec: projects.md 4.3, 5.5 */
int rk_project_get_by_path(rk_project *out, rk_op *op, const rk_project_get_by_path_in *in)
{
    const rk_project_path path = {in->namespace, in->slug};
    bool found;

    RK_TRY(rk_project_lookup_path(out, &found, op, &path, in->query.with_documentation.value));
    if (rk_project_require(op, out, found, found ? out->id : path.slug, RK_SCOPE_READ) == 0)
        return 0;
    rk_error_clear(op); /* it names the id, which a caller without access must not learn */
    return rk_fail(op, RK_ERR_NOT_FOUND,
                   "Project with path '%s/%s' does not exist or you do not have access to it.",
                   path.namespace, path.slug);
}

/* POST /projects. Spec: projects.md 4.2 */
int rk_project_create(rk_project *out, rk_op *op, const rk_project_create_in *in)
{
    rk_project draft;

    RK_TRY(rk_project_draft(&draft, op, &in->body));
    if (!rk_metric_enabled(op))
        return rk_project_add_only(out, op, &draft);
    RK_TRY(rk_project_add(out, op, &draft));
    RK_TRY(rk_metric_event(op, "project_created", "{\"project_creation_kind\":\"new\"}"));
    return draft.repositories.count ? rk_metric_event(op, "code_repo_linked_to_project", NULL) : 0;
}

/* The patch with its repositories in normal form: what is wrong with them shows before anything
 * else. */
static int normalize(rk_project_changes *out, rk_op *op, const rk_project_changes *patch)
{
    *out = *patch;
    return patch->repositories.set
               ? rk_project_repositories(&out->repositories, op, &patch->repositories)
               : 0;
}

/* PATCH /projects/{project_id}. Spec: projects.md 4.4 */
int rk_project_patch(rk_project *out, rk_op *op, const rk_project_patch_in *in)
{
    rk_project project, before;
    rk_project_plan plan;
    rk_project_changes patch;
    bool found;

    RK_TRY(normalize(&patch, op, &in->body));
    RK_TRY(rk_project_lock(&before, &found, op, in->project_id));
    if (!found)
        return rk_project_require(op, &before, false, in->project_id, RK_SCOPE_WRITE);
    project = before;
    RK_TRY(rk_project_apply(&plan, &project, op, &patch));
    RK_TRY(rk_project_require(op, &before, true, project.id, rk_project_plan_scope(&plan)));
    RK_TRY(rk_authz_waive(op, RK_OBJECT_PROJECT, RK_SCOPE_WRITE));
    RK_TRY(rk_etag_match(op, before.etag, in->if_match));
    RK_TRY(rk_project_relocate(op, &before, &patch, &plan));
    RK_TRY(rk_project_write(op, &project, &plan, patch.repositories.set));
    if (project.repositories.count > before.repositories.count)
        RK_TRY(rk_metric_event(op, "code_repo_linked_to_project", NULL));
    RK_TRY(rk_project_read_back(out, op, project.id));
    return rk_change_record(op, RK_CHANGE_PROJECT, RK_UPDATED, project.id);
}

/* DELETE /projects/{project_id}. Spec: projects.md 4.5 */
int rk_project_delete(rk_op *op, const rk_project_delete_in *in)
{
    rk_project project;
    bool found;

    RK_TRY(rk_project_lock(&project, &found, op, in->project_id));
    if (!found)
        RK_TRY(rk_authz_bits(&project.bits, op, RK_OBJECT_PROJECT, in->project_id));
    RK_TRY(rk_project_require(op, &project, true, in->project_id, RK_SCOPE_DELETE));
    if (found)
        return rk_project_remove_with_contents(op, in->project_id);
    /* What lost its path, with the namespace of a deleted user, counts as missing, but goes. */
    RK_TRY(rk_project_remove(op, in->project_id));
    RK_TRY(rk_authz_forget_resource(op, RK_OBJECT_PROJECT, in->project_id));
    return rk_authz_forget_subject(op, RK_OBJECT_PROJECT, in->project_id);
}

/* GET /projects/{project_id}/permissions. Spec: projects.md 4.8 */
int rk_project_permissions(rk_project_permissions_out *out, rk_op *op,
                           const rk_project_permissions_in *in)
{
    const rk_object_type type = RK_OBJECT_PROJECT;
    rk_project project;
    bool found;

    RK_TRY(rk_project_lookup(&project, &found, op, in->project_id, false));
    RK_TRY(rk_project_require(op, &project, found, in->project_id, RK_SCOPE_READ));
    out->write = RK_BOOLEAN(rk_authz_allows(op, type, project.bits, RK_SCOPE_WRITE));
    out->delete = RK_BOOLEAN(rk_authz_allows(op, type, project.bits, RK_SCOPE_DELETE));
    out->change_membership =
        RK_BOOLEAN(rk_authz_allows(op, type, project.bits, RK_SCOPE_CHANGE_MEMBERSHIP));
    return 0;
}
