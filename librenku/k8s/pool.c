/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/k8s.h"

#include <stdlib.h>

struct rk_k8s {
    const rk_settings *settings;
    rk_setting configs;
};

int rk_k8s_open(rk_k8s **out, rk_op *op, const rk_settings *settings, rk_setting configs)
{
    rk_k8s *k8s = calloc(1, sizeof(*k8s));

    if (!k8s)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    k8s->settings = settings;
    k8s->configs = configs;
    *out = k8s;
    return 0;
}

void rk_k8s_close(rk_k8s *k8s)
{
    free(k8s);
}
