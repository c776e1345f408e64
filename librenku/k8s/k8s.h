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

/* --- objects --- */

typedef enum {
#define RK_K8S_KIND(name, group, version, kind, collection, place) RK_K8S_##name,
#include "librenku/k8s/kinds.def"
#undef RK_K8S_KIND
} rk_k8s_kind;

/* One object. */
typedef struct {
    rk_k8s_kind kind;
    const char *cluster; /* id; NULL is RK_K8S_DEFAULT_CLUSTER */
    const char
        *namespace; /* NULL is that of the cluster; without meaning for kinds that have none */
    const char *name;
    const char *owner; /* user id; NULL: whoever it belongs to */
} rk_k8s_ref;

typedef struct {
    const char *name;
    const char *value;
} rk_k8s_label;

typedef struct {
    rk_k8s_kind kind;
    const char *cluster; /* NULL is all, one after the other */
    const char *namespace;
    const char *name; /* NULL is any, as below */
    const char *owner;
    const rk_k8s_label *labels; /* all of them must fit */
    size_t label_count;
} rk_k8s_filter;

/* Takes one object of a list. It lives as long as the call, references or not: its keys stand in
 * the memory of its page. Who keeps something copies it. */
typedef int rk_k8s_visit(void *user, rk_op *op, const char *cluster, struct json_object *object);

/* All of these answer KUBERNETES when the API refuses, and op->error.peer_status is its status
 * then; REMOTE when it cannot be reached, CONFIGURATION without usable credentials, NOT_FOUND for
 * an unknown cluster, INVALID for what cannot be a name. Objects live as long as the operation.
 * Spec: kubernetes.md 5.1 */

/* A refusal ends the list of a cluster, is logged, and makes @p complete false: what was visited is
 * not all there is then. A kind that a cluster does not know has no objects there. What @p visit
 * answers below 0 ends the call. */
int rk_k8s_list(bool *complete, rk_op *op, const rk_k8s_filter *filter, rk_k8s_visit *visit,
                void *user);
/* NULL when there is none, or when the API refuses to tell. */
int rk_k8s_lookup(struct json_object **out, rk_op *op, const rk_k8s_ref *ref);
/* By its path, whoever it belongs to: one request, and a missing object is a refusal. */
int rk_k8s_read(struct json_object **out, rk_op *op, const rk_k8s_ref *ref);
/* Fills in what @p object lacks of the reference. The answer is what the API tells; rk_k8s_read()
 * knows more a moment later. */
int rk_k8s_create(struct json_object **out, rk_op *op, const rk_k8s_ref *ref,
                  struct json_object *object);
/* A list is a JSON patch, an object a merge patch. NOT_FOUND when there is no such object; the
 * answer is the object read back. */
int rk_k8s_patch(struct json_object **out, rk_op *op, const rk_k8s_ref *ref,
                 struct json_object *patch);

typedef enum { RK_K8S_FOREGROUND, RK_K8S_BACKGROUND } rk_k8s_propagation;

/* An object that is not there is no failure. */
int rk_k8s_delete(rk_op *op, const rk_k8s_ref *ref, rk_k8s_propagation propagation);

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
