/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PROJECT_COLUMNS_H
#define RK_PROJECT_COLUMNS_H

#include "librenku/db/db.h"

/* The columns of a project, written once. Every statement that uses them takes the subject as $1
 * and $2. */
extern const rk_row rk_project_row;          /* with the caller's permissions */
extern const rk_row rk_project_row_detailed; /* and the documentation */
extern const rk_row rk_project_row_listed;   /* without either */

#define RK_PROJECT_PATH_TAKEN "A project with this path already exists."

#define RK_FROM_PROJECTS                                                                           \
    "  FROM projects.projects p"                                                                   \
    "  JOIN common.entity_slugs s ON s.project_id = p.id AND s.data_connector_id IS NULL"          \
    "  JOIN common.namespaces n ON n.id = s.namespace_id"

#endif
