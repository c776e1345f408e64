/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_K8S_POOL_H
#define RK_K8S_POOL_H

#include <pthread.h>

#include "librenku/k8s/access.h"
#include "librenku/k8s/k8s.h"

/* One cluster of the pool; lives as long as the pool. */
typedef struct rk_k8s_cluster {
    struct rk_k8s_cluster *next;
    const char *id;
    const char *namespace; /* NULL: that of the current context */
    rk_k8s_source source;
    pthread_mutex_t lock;
    rk_k8s_access *access; /* NULL before the first use; guarded by the lock */
} rk_k8s_cluster;

/* The first cluster, upon which the others follow. */
int rk_k8s_clusters(rk_k8s_cluster **out, rk_op *op);
/* NULL is the default cluster. NOT_FOUND. */
int rk_k8s_cluster_find(rk_k8s_cluster **out, rk_op *op, const char *id);
/* The credentials, which the caller gives back. */
int rk_k8s_cluster_access(rk_k8s_access **out, rk_op *op, rk_k8s_cluster *cluster);
/* Those that come after @p refused: what somebody else has read meanwhile, or what stands at the
 * source now. */
int rk_k8s_cluster_renew(rk_k8s_access **out, rk_op *op, rk_k8s_cluster *cluster,
                         const rk_k8s_access *refused);
/* Where objects are whose reference names no namespace. */
int rk_k8s_cluster_namespace(const char **out, rk_op *op, rk_k8s_cluster *cluster);

#endif
