/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PROJECT_CHANGE_H
#define RK_PROJECT_CHANGE_H

#include "librenku/project/core.h"

/* The guard of a project; @p found false is as good as no permission. */
int rk_project_require(rk_op *op, const rk_project *project, bool found, const char *id,
                       rk_scope scope);

/* NOT_FOUND, in the words that clients know. */
int rk_project_missing(rk_op *op, const char *id);
/* Checks 4 to 7 of the creation, writes project, slug and relationships, and records the change.
 * Spec: projects.md 4.2 */
int rk_project_add(rk_project *out, rk_op *op, const rk_project *draft);
/* The same as all that the transaction does. */
int rk_project_add_only(rk_project *out, rk_op *op, const rk_project *draft);
/* Queues the move and the renaming that a patch asks for. Spec: projects.md 5.4 */
int rk_project_relocate(rk_op *op, const rk_project *project, const rk_project_changes *patch,
                        const rk_project_plan *plan);
/* Queues the columns, the repositories and the visibility of a patched project. */
int rk_project_write(rk_op *op, const rk_project *project, const rk_project_plan *plan,
                     bool repositories);

/* The seam to rooms that follow: what a copy takes over beside the row itself (secret slots,
 * launchers, links of data connectors). Those rooms fill it; until then nothing is copied. Spec:
 * projects.md 4.6 */
int rk_project_copy_contents(rk_op *op, const char *source_id, const char *copy_id);
/* The seam to the session room: the launcher of a migrated project, in the same transaction. Spec:
 * projects.md 4.9 */
int rk_project_migrate_launcher(const char **launcher_id, rk_op *op, const char *project_id,
                                const rk_migration_session_launcher_post *launcher);

#endif
