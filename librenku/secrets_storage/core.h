/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SECRETS_STORAGE_CORE_H
#define RK_SECRETS_STORAGE_CORE_H

#include "librenku/k8s/k8s.h"
#include "librenku/secret/secret.h"
#include "secrets_storage_api.h" /* generated */

/* A stored secret, without its outer layer once that is taken off. */
typedef struct {
    const rk_wrapped_secret *stored;
    const char *inner;
} rk_kept_secret;

/* INVALID unless each owner has the four members that Kubernetes asks for. Spec: secrets.md 6.2 */
int rk_kept_owners(rk_k8s_secret *out, rk_op *op, const rk_wanted_secret *wanted);
/* The ids that are asked for, each once, in the order of their texts. */
int rk_kept_ids(rk_strings *out, rk_op *op, const rk_wanted_secret *wanted);
/* The secrets in the order of the ids; NOT_FOUND names those that are not among @p found. */
int rk_kept_match(rk_kept_secret **out, rk_op *op, const rk_strings *ids, const rk_array *found);
/* INVALID unless the mapping, if there is one, names exactly these ids, and no key twice. Spec:
 * secrets.md 6.2 */
int rk_kept_check_mapping(rk_op *op, const rk_strings *ids, struct json_object *mapping);
/* Under which keys the Kubernetes secret holds what: the file name of a secret, or those that it is
 * mapped to. */
int rk_kept_entries(rk_k8s_secret *out, rk_op *op, const rk_kept_secret *secrets, size_t count,
                    struct json_object *mapping);

#endif
