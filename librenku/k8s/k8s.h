/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_K8S_H
#define RK_K8S_H

#include "librenku/base/op.h"
#include "librenku/base/settings.h"

struct json_object;

/* The clusters of a context and what is done in them. Spec: kubernetes.md 3, 4, 5.1
 *
 * All calls take the clusters of the operation (op->k8s) and end by its deadline, or after
 * RK_K8S_TIMEOUT_MS for one request. Outside of a transaction they give the operation's database
 * connection back before they wait for a cluster. */

/* --- the pool --- */

typedef struct rk_k8s rk_k8s;

/* The id of the cluster that the platform runs in. */
#define RK_K8S_DEFAULT_CLUSTER "0RENK1RENK2RENK3RENK4RENK5"

enum { RK_K8S_TIMEOUT_MS = 60000 };

/* Reads no file and asks nobody yet: that happens at the first use, or at each with
 * ALWAYS_READ_CLUSTERS. @p configs names the folder of remote clusters: RK_SET_K8S_CONFIGS_ROOT, or
 * RK_SET_K8S_CONFIG_ROOT in the task runner. The settings are borrowed. Threads: a pool may be
 * shared by any number. */
int rk_k8s_open(rk_k8s **out, rk_op *op, const rk_settings *settings, rk_setting configs);
/* NULL is accepted. */
void rk_k8s_close(rk_k8s *k8s);

/* --- secrets --- */

typedef struct {
    const char *api_version;
    const char *kind;
    const char *name;
    const char *uid;
} rk_k8s_owner;

typedef struct {
    const char *key;
    const void *value; /* the bytes as the session shall see them; base64 is our part */
    size_t size_bytes;
} rk_k8s_entry;

typedef struct {
    const char *cluster; /* id; NULL is RK_K8S_DEFAULT_CLUSTER */
    const char *namespace;
    const char *name;
    const rk_k8s_owner *owners; /* each becomes a controller */
    size_t owner_count;
    const rk_k8s_entry *entries;
    size_t entry_count;
} rk_k8s_secret;

/* Creates the secret, or brings one that exists to the same state. What failed:
 * - NOT_FOUND: it exists, but cannot be read, or has vanished meanwhile;
 * - KUBERNETES: the change of the existing one was refused;
 * - SECRET_CREATION: all else, an unknown cluster too; the message names only the kind of failure;
 * - CANCELLED, NO_MEMORY as everywhere.
 * Spec: secrets.md 6.2 */
int rk_k8s_secret_put(rk_op *op, const rk_k8s_secret *secret);

#endif
