/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_K8S_ACCESS_H
#define RK_K8S_ACCESS_H

#include "librenku/base/op.h"
#include "librenku/net/http_client.h"

/* Where credentials come from. */
typedef struct {
    const char *kubeconfig; /* paths with colons between; those that do not exist are skipped */
    const char *account;    /* folder of the account inside a cluster, where no kubeconfig leads
                               anywhere; NULL for remote clusters */
    const char *host;       /* of the API inside a cluster; NULL is none */
    const char *port;
} rk_k8s_source;

/* Credentials as they were read at one moment; never changed, shared by counting. */
typedef struct rk_k8s_access {
    rk_op op; /* owns all texts */
    int users;
    const char *server;        /* URL without slash at the end */
    const char *namespace;     /* of the current context; NULL is none */
    const char *authorization; /* value of the header; NULL is none */
    rk_net_tls tls;
    int64_t expires_ms; /* read them again then, on the monotonic clock; 0 is never */
} rk_k8s_access;

/* What can be told without starting a program: CONFIGURATION when the source is no good. */
int rk_k8s_access_check(rk_op *op, const rk_k8s_source *source);
/* CONFIGURATION tells what is wrong with the source. */
int rk_k8s_access_open(rk_k8s_access **out, rk_op *op, const rk_k8s_source *source);
rk_k8s_access *rk_k8s_access_share(rk_k8s_access *access);
/* NULL is accepted. */
void rk_k8s_access_free(rk_k8s_access *access);
RK_AUTO_DEFINE(rk_k8s_access, rk_k8s_access_free)
/* Whether both say the same to the server. */
bool rk_k8s_access_equals(const rk_k8s_access *one, const rk_k8s_access *other);

#endif
