/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_K8S_CALL_H
#define RK_K8S_CALL_H

#include "librenku/k8s/pool.h"

typedef struct {
    const char *method;
    const char *path;         /* with query */
    const char *type;         /* of the body; NULL is application/json */
    struct json_object *body; /* NULL is none */
} rk_k8s_request;

typedef struct {
    int status;
    struct json_object *object; /* NULL when the body is no JSON object */
} rk_k8s_answer;

/* Any status is an answer. Credentials that are refused are read again, at most three times. Spec:
 * kubernetes.md 3.4 */
int rk_k8s_call(rk_k8s_answer *out, rk_op *op, rk_k8s_cluster *cluster,
                const rk_k8s_request *request);
bool rk_k8s_is_refusal(const rk_k8s_answer *answer);
/* What Kubernetes calls it, such as "AlreadyExists"; "" when it says nothing. */
const char *rk_k8s_reason(const rk_k8s_answer *answer);
/* KUBERNETES for what is no success. */
int rk_k8s_refuse(rk_op *op, const rk_k8s_request *request, const rk_k8s_answer *answer);
/* The same call for those who want a success and its object. */
int rk_k8s_require(struct json_object **out, rk_op *op, rk_k8s_cluster *cluster,
                   const rk_k8s_request *request);

/* An object with its place found out. */
typedef struct {
    rk_k8s_cluster *cluster;
    rk_k8s_ref ref; /* with cluster and namespace filled in */
    const char *path;
} rk_k8s_target;

int rk_k8s_target_of(rk_k8s_target *out, rk_op *op, const rk_k8s_ref *ref);
/* As rk_k8s_lookup(); NULL too for a refusal. */
int rk_k8s_target_lookup(struct json_object **out, rk_op *op, const rk_k8s_target *target);
/* Sends a patch, without any question before or after. */
int rk_k8s_target_patch(rk_k8s_answer *out, rk_op *op, const rk_k8s_target *target,
                        struct json_object *patch);

#endif
