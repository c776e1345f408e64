/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PROJECT_DB_H
#define RK_PROJECT_DB_H

#include "librenku/project/core.h"

/* Reading. Each gives the project with the caller's permissions. */
int rk_project_lookup(rk_project *out, bool *found, rk_op *op, const char *project_id,
                      bool documentation);
/* The same, and the row stays locked until the transaction ends. */
int rk_project_lock(rk_project *out, bool *found, rk_op *op, const char *project_id);
/* By current or former slugs. Spec: projects.md 5.5 */
typedef struct {
    const char *namespace;
    const char *slug;
} rk_project_path;
int rk_project_lookup_path(rk_project *out, bool *found, rk_op *op, const rk_project_path *path,
                           bool documentation);
/* Copies that the caller may see, or write. Spec: projects.md 4.6 */
int rk_project_copies(rk_array *out, rk_op *op, const char *template_id, bool writable);

/* The namespace in which a project shall live. */
typedef struct {
    const char *id; /* NULL: there is none */
    const char *group_id;
    const char *slug;
    int64_t bits;          /* of the caller on it */
    int64_t platform_bits; /* of the caller */
    rk_opt_bool taken;     /* the slug is in use there */
} rk_project_site;
/* By the current or the newest former slug. Spec: projects.md 5.4 */
int rk_project_site_find_any(rk_project_site *out, rk_op *op, const char *namespace,
                             const char *slug);
/* The namespace where the project lives now. */
int rk_project_site_of(rk_project_site *out, rk_op *op, const rk_project *project,
                       const char *slug);

/* How a statement that gives one row is run: rk_db_one or rk_db_only. */
typedef int rk_project_run(void *out, rk_op *op, const rk_query *query, rk_params params);
/* Writes a new project with its path and its relationships if its site allows it: then @p project
 * has its dates and names its namespace. Spec: projects.md 4.2; authorization.md 9 */
int rk_project_insert(rk_project_site *out, rk_op *op, rk_project *project, rk_project_run *run);

/* Writing: all of it is queued; what is read back is filled at the commit. */
int rk_project_update(rk_op *op, const rk_project *project, const rk_project_plan *plan);
int rk_project_replace_repositories(rk_op *op, const rk_project *project);
/* Another slug, another namespace: the former slug is remembered. */
int rk_project_rename(rk_op *op, const char *project_id, const char *slug);
int rk_project_move(rk_op *op, const char *project_id, const char *namespace_id);
int rk_project_remove(rk_op *op, const char *project_id);
/* The row of the storage that projects of version 1 had. */
int rk_project_remove_legacy_storage(rk_op *op, const char *project_id);
/* The project with its data connectors, their relationships, and the record of the change. Spec:
 * projects.md 4.5 */
int rk_project_remove_with_contents(rk_op *op, const char *project_id);
int rk_project_read_back(rk_project *out, rk_op *op, const char *project_id);

/* Lists. Spec: projects.md 4.1; PERFORMANCE "lists" */
int rk_project_page(rk_array *out, int64_t *total, rk_op *op, const rk_page *page,
                    const char *namespace);
int rk_project_page_direct(rk_array *out, int64_t *total, rk_op *op, const rk_page *page,
                           const char *namespace);

/* Projects that replace legacy ones. Spec: projects.md 4.9 */
int rk_project_migration_insert(rk_op *op, int64_t v1_id, const char *project_id,
                                const char *launcher_id);
int rk_project_migration_project(const char **out, rk_op *op, int64_t v1_id);
int rk_project_migrations(rk_array *out /* of rk_project_migration_info */, rk_op *op);
int rk_project_migration_lookup(rk_project_migration_info *out, bool *found, rk_op *op,
                                const char *project_id);

#endif
