/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/metric/metric.h"
#include "librenku/project/change.h"
#include "librenku/project/db.h"

/* POST /projects/{project_id}/copies. Spec: projects.md 4.6 */
int rk_project_copy(rk_project *out, rk_op *op, const rk_project_copy_in *in)
{
    rk_project source, draft;
    bool found;

    RK_TRY(rk_project_lookup(&source, &found, op, in->project_id, true));
    RK_TRY(rk_project_require(op, &source, found, in->project_id, RK_SCOPE_READ));
    RK_TRY(rk_project_draft(&draft, op, &in->body));
    rk_project_inherit(&draft, &in->body, &source);
    RK_TRY(rk_project_add(out, op, &draft));
    RK_TRY(rk_project_copy_contents(op, source.id, draft.id));
    return rk_metric_event(op, "project_created", "{\"project_creation_kind\":\"copied\"}");
}

/* GET /projects/{project_id}/copies. Spec: projects.md 4.6 */
int rk_project_copy_list(rk_projects_list *out, rk_op *op, const rk_project_copy_list_in *in)
{
    rk_project source;
    bool found;

    RK_TRY(rk_project_lookup(&source, &found, op, in->project_id, false));
    RK_TRY(rk_project_require(op, &source, found, in->project_id, RK_SCOPE_READ));
    return rk_project_copies((rk_array *)out, op, in->project_id, in->query.writable.value);
}
