/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_K8S_PATH_H
#define RK_K8S_PATH_H

#include "librenku/base/buf.h"
#include "librenku/k8s/k8s.h"

typedef struct {
    const char *group; /* NULL is the core group */
    const char *version;
    const char *kind;
    const char *collection;
    bool namespaced;
} rk_k8s_kind_row;

const rk_k8s_kind_row *rk_k8s_kind_row_of(rk_k8s_kind kind);
/* "apiVersion" of its objects. */
const char *rk_k8s_api_version(rk_op *op, rk_k8s_kind kind);

/* Whether Kubernetes takes it for one segment of a path. What it decodes after it was encoded - a
 * slash, a percent sign - would lead elsewhere, so that encoding alone is no protection. */
bool rk_k8s_is_segment(const char *text);
/* "/api/v1/namespaces/NAMESPACE/COLLECTION[/NAME]"; INVALID when a part is no segment. */
int rk_k8s_path(const char **out, rk_op *op, const rk_k8s_ref *ref, const char *namespace);

#endif
