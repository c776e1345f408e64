/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_KUBECONFIG_H
#define RK_KUBECONFIG_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

/* Something that stands in the kubeconfig or in a file of its own; both NULL when nowhere. */
typedef struct {
    const char *text; /* PEM, or base64 of it; a token as it is */
    const char *file; /* seen from where the process stands */
} rk_kube_material;

/* A program that tells credentials. */
typedef struct {
    const char *command; /* NULL is none */
    const char *api_version;
    rk_strings arguments;
    rk_strings environment; /* NAME=VALUE */
} rk_kube_exec;

/* How the current context leads to a cluster. Spec: kubernetes.md 3.3 */
typedef struct {
    const char *path;      /* of the file that tells the current context */
    const char *server;    /* without slash at the end; NULL: the context names no cluster */
    const char *namespace; /* NULL: the context names none */
    const char *tls_server_name;
    bool insecure;
    rk_kube_material authorities, certificate, key, token;
    rk_kube_exec exec;
} rk_kubeconfig;

typedef struct {
    const char *path;
    const char *text;
} rk_kube_file;

/* Reads files as one: what stands in an earlier one counts. Opens nothing. CONFIGURATION names the
 * file and what is wrong. */
int rk_kubeconfig_read(rk_kubeconfig *out, rk_op *op, const rk_kube_file *files, size_t count);

#endif
