/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/k8s.h"

int rk_k8s_secret_put(rk_op *op, const rk_k8s_secret *secret)
{
    (void)secret;
    return rk_fail(op, RK_ERR_SECRET_CREATION, "The Kubernetes client is not built yet.");
}
