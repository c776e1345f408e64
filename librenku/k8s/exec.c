/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "librenku/base/cancel.h"
#include "librenku/base/time.h"
#include "librenku/k8s/json.h"

enum { LOOK_MS = 1000, END_LOOK_MS = 10 };

/* All that a credential program sees of our environment: none of it is a secret. */
static const char *const inherited[] = {
    "PATH",        "HOME",       "USER",          "LOGNAME",      "LANG",        "LC_ALL",
    "TZ",          "TMPDIR",     "HTTPS_PROXY",   "NO_PROXY",     "https_proxy", "no_proxy",
    "AWS_PROFILE", "AWS_REGION", "SSL_CERT_FILE", "SSL_CERT_DIR",
};

typedef struct {
    rk_op *op;
    const rk_kube_exec *exec;
    pid_t pid;
    int output;
    int64_t until_ms;
    char *text;
    size_t length;
} child;

static int fail(const child *c, const char *problem)
{
    return rk_fail(c->op, RK_ERR_CONFIGURATION, "The credential program '%s' %s.", c->exec->command,
                   problem);
}

/* --- starting --------------------------------------------------------------------------------- */

static int make_arguments(char ***out, const child *c)
{
    const rk_strings *given = &c->exec->arguments;
    char **list = rk_new_array(c->op, char *, given->count + 2);

    RK_CHECK(list);
    list[0] = rk_strdup(c->op, c->exec->command);
    RK_CHECK(list[0]);
    for (size_t i = 0; i < given->count; i++) {
        list[i + 1] = rk_strdup(c->op, given->items[i]);
        RK_CHECK(list[i + 1]);
    }
    *out = list;
    return 0;
}

/* Whether the program has a variable of its own with that name. */
static bool is_set(const rk_kube_exec *exec, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < exec->environment.count; i++) {
        const char *own = exec->environment.items[i];

        if (strncmp(own, name, length) == 0 && own[length] == '=')
            return true;
    }
    return false;
}

static int make_environment(char ***out, const child *c)
{
    const rk_strings *own = &c->exec->environment;
    char **list = rk_new_array(c->op, char *, own->count + RK_COUNT(inherited) + 2);
    size_t count = 0;

    RK_CHECK(list);
    list[count] =
        rk_printf(c->op,
                  "KUBERNETES_EXEC_INFO={\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\","
                  "\"spec\":{\"interactive\":false}}",
                  c->exec->api_version);
    RK_CHECK(list[count++]);
    for (size_t i = 0; i < own->count; i++) {
        list[count] = rk_strdup(c->op, own->items[i]);
        RK_CHECK(list[count++]);
    }
    for (size_t i = 0; i < RK_COUNT(inherited); i++) {
        const char *value = is_set(c->exec, inherited[i]) ? NULL : getenv(inherited[i]);

        if (!value)
            continue;
        list[count] = rk_printf(c->op, "%s=%s", inherited[i], value);
        RK_CHECK(list[count++]);
    }
    *out = list;
    return 0;
}

/* Nothing but its answer reaches us, and nothing of ours reaches it. 0 or an error number. */
static int set_files(posix_spawn_file_actions_t *actions, int output)
{
    int problem = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

    if (!problem)
        problem = posix_spawn_file_actions_adddup2(actions, output, 1);
    if (!problem)
        problem = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
    return problem ? problem : posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

/* A group of its own, so that its children end with it; signals as in a fresh program. */
static int set_manners(posix_spawnattr_t *manners)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setpgroup(manners, 0);
    posix_spawnattr_setsigmask(manners, &none);
    posix_spawnattr_setsigdefault(manners, &all);
    return posix_spawnattr_setflags(manners, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETSIGDEF);
}

static int spawn(child *c, int output, char **arguments, char **environment)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t manners;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return rk_fail_default(c->op, RK_ERR_NO_MEMORY);
    posix_spawnattr_init(&manners);
    int problem = set_files(&actions, output);

    if (!problem)
        problem = set_manners(&manners);
    if (!problem)
        problem =
            posix_spawnp(&c->pid, c->exec->command, &actions, &manners, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&manners);
    if (problem)
        return rk_fail(c->op, RK_ERR_CONFIGURATION,
                       "The credential program '%s' cannot be started here: %s.", c->exec->command,
                       strerrordesc_np(problem));
    return 0;
}

static int start(child *c)
{
    char **arguments;
    char **environment;
    int ends[2];

    RK_TRY(make_arguments(&arguments, c));
    RK_TRY(make_environment(&environment, c));
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(c, strerrordesc_np(errno));
    c->output = ends[0];
    int result = spawn(c, ends[1], arguments, environment);

    close(ends[1]);
    if (result < 0)
        close(c->output);
    return result;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* 0 once there is something to read. */
static int wait_for_output(const child *c)
{
    for (;;) {
        struct pollfd ready = {.fd = c->output, .events = POLLIN};
        int64_t left = c->until_ms - rk_time_monotonic_ms();

        if (rk_cancel_is_set(c->op->cancel))
            return rk_fail_default(c->op, RK_ERR_CANCELLED);
        if (left <= 0)
            return fail(c, "takes too long");
        if (poll(&ready, 1, left < LOOK_MS ? (int)left : LOOK_MS) > 0)
            return 0;
    }
}

static int read_output(child *c)
{
    for (;;) {
        RK_TRY(wait_for_output(c));
        ssize_t got = read(c->output, c->text + c->length, RK_KUBE_EXEC_MAX_BYTES - c->length);

        if (got < 0 && errno != EINTR)
            return fail(c, "cannot be read from");
        if (got == 0)
            return 0;
        c->length += got > 0 ? (size_t)got : 0;
        if (c->length == RK_KUBE_EXEC_MAX_BYTES)
            return fail(c, "says too much");
    }
}

/* How it ended; someone else in the process may have asked before us, and then nobody knows. */
static int wait_for_end(child *c)
{
    int status = 0;

    for (;;) {
        pid_t ended = waitpid(c->pid, &status, WNOHANG);

        if (ended < 0 && errno == EINTR)
            continue;
        if (ended != 0) {
            c->pid = 0;
            return ended < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                       ? 0
                       : fail(c, "has failed");
        }
        if (rk_time_monotonic_ms() >= c->until_ms)
            return fail(c, "takes too long");
        (void)poll(NULL, 0, END_LOOK_MS);
    }
}

static void stop(child *c)
{
    close(c->output);
    if (c->pid <= 0)
        return;
    killpg(c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

int rk_kube_exec_run(rk_kube_credential *out, rk_op *op, const rk_kube_exec *exec)
{
    child c = {
        .op = op, .exec = exec, .until_ms = rk_time_monotonic_ms() + RK_KUBE_EXEC_TIMEOUT_MS};

    if (op->deadline_ms && op->deadline_ms < c.until_ms)
        c.until_ms = op->deadline_ms;
    c.text = rk_alloc(op, RK_KUBE_EXEC_MAX_BYTES, 1);
    RK_CHECK(c.text);
    RK_TRY(start(&c));
    int result = read_output(&c);

    if (result == 0)
        result = wait_for_end(&c);
    stop(&c);
    return result < 0 ? result : rk_kube_credential_read(out, op, exec, c.text, c.length);
}

/* --- its answer ------------------------------------------------------------------------------- */

static const char *text_at(struct json_object *answer, const char *place)
{
    const char *text = rk_k8s_json_text(answer, place);

    return text && *text ? text : NULL;
}

int rk_kube_credential_read(rk_kube_credential *out, rk_op *op, const rk_kube_exec *exec,
                            const char *text, size_t length)
{
    const child c = {.op = op, .exec = exec};
    const char *reason;
    struct json_object *answer;

    RK_TRY(rk_k8s_json_read(&answer, op, text, length));
    const char *kind = rk_k8s_json_text(answer, "kind");
    const char *version = rk_k8s_json_text(answer, "apiVersion");

    if (!kind || strcmp(kind, "ExecCredential") != 0)
        return fail(&c, "does not answer with an ExecCredential");
    if (!version || strcmp(version, exec->api_version) != 0)
        return fail(&c, "answers in another version than was asked for");
    const char *expires = text_at(answer, "status/expirationTimestamp");

    *out = (rk_kube_credential){
        .token = text_at(answer, "status/token"),
        .certificate = text_at(answer, "status/clientCertificateData"),
        .key = text_at(answer, "status/clientKeyData"),
    };
    if (!out->certificate != !out->key)
        return fail(&c, "tells a certificate or a key without the other");
    if (!out->token && !out->key)
        return fail(&c, "tells neither a token nor a certificate");
    if (expires && !rk_instant_parse(&out->expires, &reason, expires))
        return fail(&c, "tells an end of its credentials that is no time");
    return 0;
}
