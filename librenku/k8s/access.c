/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "librenku/base/time.h"
#include "librenku/crypto/secret.h"
#include "librenku/k8s/exec.h"
#include "librenku/k8s/kubeconfig.h"

enum {
    FILE_MAX_BYTES = 1024 * 1024,
    FILES_MAX = 32,
    TOKEN_FILE_MS = 60000, /* Kubernetes changes tokens in files without telling */
};

/* --- files ------------------------------------------------------------------------------------ */

static int fail_file(rk_op *op, const char *path, const char *problem)
{
    return rk_fail(op, RK_ERR_CONFIGURATION, "The file '%s' cannot be used: %s.", path, problem);
}

static int read_opened(const char **out, rk_op *op, int file, const char *path)
{
    struct stat found;

    if (fstat(file, &found) < 0)
        return fail_file(op, path, strerrordesc_np(errno));
    if (!S_ISREG(found.st_mode))
        return fail_file(op, path, "it is no regular file");
    if (found.st_size > FILE_MAX_BYTES)
        return fail_file(op, path, "it is too large");
    size_t size = (size_t)found.st_size;
    char *text = rk_alloc(op, size + 1, 1);

    RK_CHECK(text);
    ssize_t length = rk_read_all(file, text, size);

    if (length < 0)
        return fail_file(op, path, strerrordesc_np(errno));
    if (memchr(text, '\0', (size_t)length))
        return fail_file(op, path, "it is no text");
    *out = text;
    return 0;
}

/* The text of a file; NULL when there is no such file. */
static int lookup_file(const char **out, rk_op *op, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *out = NULL;
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (file < 0)
        return fail_file(op, path, strerrordesc_np(errno));
    int result = read_opened(out, op, file, path);

    close(file);
    return result;
}

static int read_file(const char **out, rk_op *op, const char *path)
{
    RK_TRY(lookup_file(out, op, path));
    return *out ? 0 : fail_file(op, path, "there is no such file");
}

/* --- what stands in them ---------------------------------------------------------------------- */

static bool is_pem(const char *text)
{
    return strstr(text, "-----BEGIN ") != NULL;
}

/* PEM stays as it is, base64 becomes what it stands for. */
static int decode(const char **out, rk_op *op, const char *text, const char *what)
{
    size_t room = strlen(text) + 1;
    size_t length = 0;
    char *plain = is_pem(text) ? NULL : rk_alloc(op, room, 1);

    *out = text;
    if (is_pem(text))
        return 0;
    RK_CHECK(plain);
    if (sodium_base642bin((unsigned char *)plain, room - 1, text, strlen(text), " \t\r\n", &length,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        memchr(plain, '\0', length) || !is_pem(plain))
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The %s of the cluster is neither PEM nor base64 of it.", what);
    *out = plain;
    return 0;
}

static int load_pem(const char **out, rk_op *op, const rk_kube_material *from, const char *what)
{
    const char *text = from->text;

    *out = NULL;
    if (!text && !from->file)
        return 0;
    if (text)
        return decode(out, op, text, what);
    RK_TRY(read_file(&text, op, from->file));
    if (!is_pem(text))
        return fail_file(op, from->file, "it holds no PEM");
    *out = text;
    return 0;
}

/* What a header can carry, without white space around it. */
static int set_token(rk_k8s_access *access, const char *text)
{
    static const char prefix[] = "Bearer ";
    rk_op *op = &access->op;
    const char *start = text + strspn(text, " \t\r\n");
    size_t length = strcspn(start, " \t\r\n");

    if (!length || start[length + strspn(start + length, " \t\r\n")])
        return rk_fail(op, RK_ERR_CONFIGURATION, "The token of the cluster is empty or no word.");
    for (size_t i = 0; i < length; i++) {
        if (start[i] < 0x21 || start[i] > 0x7e)
            return rk_fail(op, RK_ERR_CONFIGURATION,
                           "The token of the cluster holds what no token holds.");
    }
    char *value = rk_alloc(op, sizeof(prefix) + length, 1);

    RK_CHECK(value);
    memcpy(value, prefix, sizeof(prefix) - 1);
    memcpy(value + sizeof(prefix) - 1, start, length);
    access->authorization = value;
    return 0;
}

static int load_token(rk_k8s_access *access, const rk_kube_material *from)
{
    const char *text = from->text;

    if (from->file) {
        RK_TRY(read_file(&text, &access->op, from->file));
        access->expires_ms = rk_time_monotonic_ms() + TOKEN_FILE_MS;
    }
    return text ? set_token(access, text) : 0;
}

/* --- kubeconfig ------------------------------------------------------------------------------- */

static int run_program(rk_k8s_access *access, const rk_kube_exec *exec)
{
    rk_kube_credential found;

    RK_TRY(rk_kube_exec_run(&found, &access->op, exec));
    if (found.token)
        RK_TRY(set_token(access, found.token));
    if (found.certificate) {
        access->tls.certificate = found.certificate;
        access->tls.key = found.key;
    }
    if (found.expires.set)
        access->expires_ms = rk_time_monotonic_ms() + (found.expires.micros - rk_time_now()) / 1000;
    return 0;
}

/* All but what a program would have to tell. */
static int load_config(rk_k8s_access *access, const rk_kubeconfig *config)
{
    rk_op *op = &access->op;
    rk_net_tls *tls = &access->tls;

    access->server = config->server;
    access->namespace = config->namespace;
    tls->insecure = config->insecure;
    tls->server_name = config->tls_server_name;
    RK_TRY(load_pem(&tls->authorities, op, &config->authorities, "certificate authority"));
    RK_TRY(load_pem(&tls->certificate, op, &config->certificate, "client certificate"));
    RK_TRY(load_pem(&tls->key, op, &config->key, "client key"));
    if (!tls->certificate != !tls->key)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "The kubeconfig '%s': a client certificate and its key belong together.",
                       config->path);
    return load_token(access, &config->token);
}

/* Those that exist; the list lives in the arena. */
static int read_files(rk_kube_file *out, size_t *count, rk_op *op, const char *list)
{
    *count = 0;
    while (*list) {
        size_t length = strcspn(list, ":");
        rk_kube_file file = {.path = rk_strndup(op, list, length)};

        RK_CHECK(file.path);
        list += length + (list[length] == ':');
        if (!length)
            continue;
        RK_TRY(lookup_file(&file.text, op, file.path));
        if (!file.text)
            continue;
        if (*count == FILES_MAX)
            return rk_fail(op, RK_ERR_CONFIGURATION, "KUBECONFIG names more than %d files.",
                           FILES_MAX);
        out[(*count)++] = file;
    }
    return 0;
}

/* --- account inside a cluster ----------------------------------------------------------------- */

static int load_account(rk_k8s_access *access, const rk_k8s_source *source)
{
    rk_op *op = &access->op;
    const char *host = source->host;
    const rk_kube_material token = {.file = rk_printf(op, "%s/token", source->account)};
    const rk_kube_material ca = {.file = rk_printf(op, "%s/ca.crt", source->account)};

    RK_CHECK(token.file && ca.file);
    if (!host || !*host || !source->port || !*source->port)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "There is no way to a Kubernetes cluster: no kubeconfig leads to one, and "
                       "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set.");
    access->server = strchr(host, ':') && *host != '['
                         ? rk_printf(op, "https://[%s]:%s", host, source->port)
                         : rk_printf(op, "https://%s:%s", host, source->port);
    RK_CHECK(access->server);
    RK_TRY(load_pem(&access->tls.authorities, op, &ca, "certificate authority"));
    return load_token(access, &token);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* @p exec is filled with what is left to run; its command is NULL when nothing is. */
static int load(rk_k8s_access *access, rk_kube_exec *exec, const rk_k8s_source *source)
{
    rk_kube_file files[FILES_MAX];
    rk_kubeconfig config;
    size_t count;

    *exec = (rk_kube_exec){0};
    RK_TRY(read_files(files, &count, &access->op, source->kubeconfig));
    RK_TRY(rk_kubeconfig_read(&config, &access->op, files, count));
    if (!config.server && source->account)
        return load_account(access, source);
    if (!config.server)
        return rk_fail(&access->op, RK_ERR_CONFIGURATION,
                       "The kubeconfig '%s' does not exist, or names no cluster.",
                       source->kubeconfig);
    RK_TRY(load_config(access, &config));
    if (!access->authorization)
        *exec = config.exec;
    return 0;
}

static int access_new(rk_k8s_access **out, rk_op *op)
{
    rk_k8s_access *access = calloc(1, sizeof(*access));

    if (!access || rk_op_begin(&access->op) < 0) {
        free(access);
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    access->users = 1;
    access->op.log = op->log;
    access->op.deadline_ms = op->deadline_ms;
    access->op.cancel = op->cancel;
    *out = access;
    return 0;
}

/* The operation that reads is gone once the credentials are shared. */
static int settle(rk_k8s_access *access, rk_op *op, int result)
{
    access->op.log = NULL;
    access->op.deadline_ms = 0;
    access->op.cancel = NULL;
    return result < 0 ? rk_fail(op, access->op.error.err, "%s", access->op.error.message) : 0;
}

int rk_k8s_access_check(rk_op *op, const rk_k8s_source *source)
{
    RK_AUTO(rk_k8s_access) *access = NULL;
    rk_kube_exec exec;

    RK_TRY(access_new(&access, op));
    return settle(access, op, load(access, &exec, source));
}

int rk_k8s_access_open(rk_k8s_access **out, rk_op *op, const rk_k8s_source *source)
{
    RK_AUTO(rk_k8s_access) *access = NULL;
    rk_kube_exec exec;

    RK_TRY(access_new(&access, op));
    int result = load(access, &exec, source);

    if (result == 0 && exec.command)
        result = run_program(access, &exec);
    RK_TRY(settle(access, op, result));
    *out = RK_TAKE(access);
    return 0;
}

rk_k8s_access *rk_k8s_access_share(rk_k8s_access *access)
{
    __atomic_add_fetch(&access->users, 1, __ATOMIC_RELAXED);
    return access;
}

void rk_k8s_access_free(rk_k8s_access *access)
{
    if (!access || __atomic_sub_fetch(&access->users, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    rk_op_end(&access->op);
    free(access);
}

static bool same(const char *one, const char *other)
{
    return one == other || (one && other && strcmp(one, other) == 0);
}

bool rk_k8s_access_equals(const rk_k8s_access *one, const rk_k8s_access *other)
{
    return same(one->server, other->server) && same(one->authorization, other->authorization) &&
           same(one->tls.authorities, other->tls.authorities) &&
           same(one->tls.certificate, other->tls.certificate) &&
           same(one->tls.key, other->tls.key) &&
           same(one->tls.server_name, other->tls.server_name) &&
           one->tls.insecure == other->tls.insecure;
}
