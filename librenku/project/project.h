/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_PROJECT_H
#define RK_PROJECT_H

#include "librenku/authz/authz.h"
#include "librenku/base/buf.h"
#include "project_api.h" /* generated: rk_project */

/* A project as a place for other things: a namespace of the second level. Spec: namespaces.md 2.6
 */
typedef struct {
    const char *project_id;
    const char *namespace_id; /* of the parent */
    const char *name;
    const char *slug;
    const char *path; /* "namespace/project" */
    const char *created_by;
    rk_instant creation_date;
    int64_t bits;
} rk_project_place;

/* By current slugs, exactly as given; the caller must be able to read it. Spec: namespaces.md 3.12
 */
int rk_project_place_find(rk_project_place *out, rk_op *op, const char *namespace,
                          const char *slug);
/* Projects on which the caller holds the permission, in the order of their ids. Spec:
 * namespaces.md 3.10 */
int rk_project_places(rk_array *out, int64_t *total, rk_op *op, rk_scope scope,
                      const rk_page *page);
/* Removes all projects and data connectors of a namespace, without asking; the namespace itself
 * stays. Spec: namespaces.md 3.5 */
int rk_project_remove_all(rk_op *op, const char *namespace_id);
/* Compares the projection behind the lists with the rows and relationships, names what differs, and
 * makes it anew when asked: {"differences":[..],"rebuilt":true|false}. CONFLICT when there are
 * differences that stay. */
int rk_listing_verify(rk_op *op, rk_buf *out, bool repair);

#endif
