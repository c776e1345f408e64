/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PROJECT_COLUMNS_H
#define RK_PROJECT_COLUMNS_H

#include "librenku/db/db.h"

/* A project as the row behind the lists has it, "p", and its namespace, "n". */
#define RK_FROM_LISTING                                                                            \
    "  FROM librenku.listing p"                                                                    \
    "  JOIN common.namespaces n ON n.id = p.namespace_id COLLATE \"default\""

/* clang-format off */
/* The columns of that for a project at this offset of a model. */
#define RK_LISTED_COLUMN(sql, kind, at, member) {sql, kind, (at) + offsetof(rk_project, member), NULL}
#define RK_LISTED_COLUMNS(at)                                                                      \
    RK_LISTED_COLUMN("p.project_id", RK_COLUMN_TEXT, at, id),                                      \
    RK_LISTED_COLUMN("p.name", RK_COLUMN_TEXT, at, name),                                          \
    RK_LISTED_COLUMN("n.slug", RK_COLUMN_TEXT, at, namespace),                                     \
    RK_LISTED_COLUMN("p.slug", RK_COLUMN_TEXT, at, slug),                                          \
    RK_LISTED_COLUMN("p.creation_date", RK_COLUMN_TIME, at, creation_date),                        \
    RK_LISTED_COLUMN("p.created_by_id", RK_COLUMN_TEXT, at, created_by),                           \
    RK_LISTED_COLUMN("p.updated_at", RK_COLUMN_TIME, at, updated_at),                              \
    RK_LISTED_COLUMN("p.repositories", RK_COLUMN_TEXTS, at, repositories),                         \
    {"CASE WHEN p.public THEN 'public' ELSE 'private' END", RK_COLUMN_ENUM,                        \
     (at) + offsetof(rk_project, visibility), &rk_visibility_names},                               \
    RK_LISTED_COLUMN("p.description", RK_COLUMN_TEXT, at, description),                            \
    RK_LISTED_COLUMN("p.keywords", RK_COLUMN_TEXTS, at, keywords),                                 \
    RK_LISTED_COLUMN("p.template_id", RK_COLUMN_TEXT, at, template_id),                            \
    RK_LISTED_COLUMN("p.is_template", RK_COLUMN_BOOL, at, is_template),                            \
    RK_LISTED_COLUMN("p.secrets_mount_directory", RK_COLUMN_TEXT, at, secrets_mount_directory)
/* clang-format on */

#define RK_PROJECT_PATH_TAKEN "A project with this path already exists."

#endif
