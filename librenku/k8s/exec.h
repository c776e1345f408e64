/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_K8S_EXEC_H
#define RK_K8S_EXEC_H

#include "librenku/base/op.h"
#include "librenku/k8s/kubeconfig.h"

/* What a credential program tells. Members that it does not tell are NULL. */
typedef struct {
    const char *token;
    const char *certificate; /* PEM */
    const char *key;
    rk_instant expires;
} rk_kube_credential;

enum { RK_KUBE_EXEC_TIMEOUT_MS = 30000, RK_KUBE_EXEC_MAX_BYTES = 256 * 1024 };

/* Starts the program and reads its answer. It sees the variables of its own, those few that
 * programs need (PATH, HOME and the like), and no open file of ours. CONFIGURATION tells why there
 * is no answer, but nothing that the program said. */
int rk_kube_exec_run(rk_kube_credential *out, rk_op *op, const rk_kube_exec *exec);
/* Reads an answer. */
int rk_kube_credential_read(rk_kube_credential *out, rk_op *op, const rk_kube_exec *exec,
                            const char *text, size_t length);

#endif
