/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontends/server/log.h"
#include "frontends/server/user.h"

#include "renku/http.h"

#define FILE_MOST 1048576
#define COUNT (sizeof(files) / sizeof(files[0]))

/* Settings whose value is the path of a file; no service gets what only another one may read. */
static const struct {
    const char *name;
    const char *service; /* that reads it; NULL is any */
    bool must_exist;     /* when the setting is set; a default may lead nowhere */
} files[] = {
    {"INTERNAL_AUTHN_SECRET_KEY_PATH",            "data",     true },
    {"ENCRYPTION_KEY_PATH",                       "data",     true },
    {"SECRETS_SERVICE_PUBLIC_KEY_PATH",           "data",     true },
    {"SECRETS_SERVICE_PRIVATE_KEY_PATH",          "secrets",  false},
    {"PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH", "secrets",  false},
    {"RENKU_IDENTITY_KEY",                        "identity", true },
    {"RENKU_IDENTITY_USERS",                      "identity", true },
    {"SSL_CERT_FILE",                             NULL,       true },
    {"KUBECONFIG",                                NULL,       false},
};

static bool find_path(char path[PATH_MAX], renku_ctx *ctx, const char *name)
{
    const char *value = ctx ? renku_ctx_setting(ctx, name) : NULL;

    if (!value)
        value = getenv(name);
    return value && *value && realpath(value, path);
}

static int complain(const char *name, const char *path)
{
    rk_log(RK_LOG_ERROR, "cannot read \"%s\" of %s: %s", path, name, strerror(errno));
    return -1;
}

/* Sets the setting to its path from the root, so that a change of the folder does no harm. */
static int settle_path(char path[PATH_MAX], renku_ctx *ctx, size_t i)
{
    const char *given = getenv(files[i].name);

    if (find_path(path, ctx, files[i].name))
        return setenv(files[i].name, path, 1);
    path[0] = '\0';
    return given && *given && files[i].must_exist ? complain(files[i].name, given) : 0;
}

/* In a process of its own: tells for each path whether @p user cannot open it. */
static void tell_closed(int to, char paths[][PATH_MAX], const rk_user *user)
{
    bool closed[COUNT];

    if (rk_user_become(user) != 0)
        _exit(1);
    for (size_t i = 0; i < COUNT; i++)
        closed[i] = paths[i][0] && open(paths[i], O_RDONLY | O_CLOEXEC) < 0;
    _exit(write(to, closed, sizeof(closed)) != sizeof(closed));
}

static int find_closed(bool closed[COUNT], char paths[][PATH_MAX], const rk_user *user)
{
    int ends[2], status;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();

    if (child == 0)
        tell_closed(ends[1], paths, user);
    close(ends[1]);
    bool told = child > 0 && read(ends[0], closed, COUNT * sizeof(*closed)) ==
                                 (ssize_t)(COUNT * sizeof(*closed));

    close(ends[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return told ? 0 : -1;
}

/* Points the setting at a copy in memory, which the server inherits. */
static int hand_over(const char *name, const char *path, const rk_user *user)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = memfd_create(name, 0);
    char place[64];

    snprintf(place, sizeof(place), "/proc/self/fd/%d", to);
    if (from < 0 || to < 0 || sendfile(to, from, NULL, FILE_MOST) < 0 || fchmod(to, 0400) != 0 ||
        fchown(to, user->uid, user->gid) != 0 || setenv(name, place, 1) != 0)
        return complain(name, path);
    close(from);
    return 0;
}

int rk_handover_files(renku_ctx *ctx, const rk_user *user, const char *service)
{
    static char paths[COUNT][PATH_MAX];
    bool closed[COUNT] = {0};

    for (size_t i = 0; i < COUNT; i++) {
        if (files[i].service && strcmp(files[i].service, service) != 0)
            continue;
        if (settle_path(paths[i], ctx, i) != 0)
            return -1;
    }
    if (user && find_closed(closed, paths, user) != 0)
        return -1;
    for (size_t i = 0; i < COUNT; i++)
        if (closed[i] && hand_over(files[i].name, paths[i], user) != 0)
            return -1;
    return 0;
}
