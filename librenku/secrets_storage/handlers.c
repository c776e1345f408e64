/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/db.h"
#include "librenku/secrets_storage/core.h"

static int take_secrets(rk_kept_secret **out, rk_op *op, const rk_strings *ids)
{
    rk_array found;

    RK_TRY(rk_secret_wrapped(&found, op, ids));
    rk_db_end(op); /* the connection is free while keys are derived */
    return rk_kept_match(out, op, ids, &found);
}

static int unwrap_all(rk_kept_secret *secrets, rk_op *op, size_t count)
{
    for (size_t i = 0; i < count; i++)
        RK_TRY(rk_secret_unwrap(&secrets[i].inner, op, secrets[i].stored));
    return 0;
}

/* POST /kubernetes. Spec: secrets.md 6.2 */
int rk_kubernetes_secret_create(const char **out, rk_op *op,
                                const rk_kubernetes_secret_create_in *in)
{
    const rk_wanted_secret *wanted = &in->body;
    rk_k8s_secret secret = {
        .cluster = wanted->cluster_id,
        .namespace = wanted->namespace,
        .name = wanted->name,
    };
    rk_kept_secret *kept;
    rk_strings ids;

    RK_TRY(rk_kept_owners(&secret, op, wanted));
    RK_TRY(rk_kept_ids(&ids, op, wanted));
    RK_TRY(take_secrets(&kept, op, &ids));
    RK_TRY(rk_kept_check_mapping(op, &ids, wanted->key_mapping));
    RK_TRY(unwrap_all(kept, op, ids.count));
    RK_TRY(rk_kept_entries(&secret, op, kept, ids.count, wanted->key_mapping));
    *out = wanted->name;
    return rk_k8s_secret_put(op, &secret);
}
