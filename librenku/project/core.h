/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PROJECT_CORE_H
#define RK_PROJECT_CORE_H

#include "librenku/project/project.h"

/* Fills what follows from the columns: the ETag, empty lists. Spec: projects.md 2.2, 2.3 */
int rk_project_complete(rk_project *project, rk_op *op);
/* The ETag of a project. Spec: projects.md 2.2 */
int rk_project_etag(const char **out, rk_op *op, const rk_project *project);

/* Repositories as they are stored: normalised, without doubles. Spec: projects.md 5.2 */
int rk_project_repositories(rk_strings *out, rk_op *op, const rk_strings *urls);
/* The same path, written shortest. Spec: projects.md 5.3 */
int rk_mount_directory(const char **out, rk_op *op, const char *path);

/* A new project from a creation body: slug, defaults, normal forms; id and date made. Spec:
 * projects.md 4.2 */
int rk_project_draft(rk_project *out, rk_op *op, const rk_project_post *body);
/* What a copy takes from its source. Spec: projects.md 4.6 */
void rk_project_inherit(rk_project *draft, const rk_project_post *body, const rk_project *source);

/* What a patch asks for beyond new values. Spec: projects.md 4.4, 5.4 */
typedef struct {
    bool moves;                /* another namespace */
    bool renames;              /* another slug */
    bool publishes;            /* another visibility */
    bool touches;              /* columns change, or count as changed */
    const char *documentation; /* NULL leaves it */
} rk_project_plan;
/* Applies the values of a patch, whose repositories are in normal form, and tells what it asks for.
 */
int rk_project_apply(rk_project_plan *plan, rk_project *project, rk_op *op,
                     const rk_project_changes *patch);
/* The permission that the plan needs. */
rk_scope rk_project_plan_scope(const rk_project_plan *plan);

#endif
