/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/rclone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "frontends/server/log.h"

#include "renku/http.h"

#ifndef RENKU_PKGLIBEXECDIR
#define RENKU_PKGLIBEXECDIR "/usr/local/libexec/librenku"
#endif

enum { LISTENER = 3, BACKLOG = 64, FAILED = 127 };

/* What it gets to know: no password of ours. */
static const char *const settings[] = {"RENKU_RCLONE", "RENKU_RCLONE_ALLOWED_NETWORKS"};
static const char *const variables[] = {"PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "RENKU_RCLONE",
                                        "RENKU_RCLONE_ALLOWED_NETWORKS"};

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static int complain(const char *what)
{
    rk_log(RK_LOG_ERROR, "cannot start renku-rclone: %s: %s", what, strerror(errno));
    return -1;
}

/* Beside this program, installed or in the build folder. */
static bool find_program(char path[PATH_MAX])
{
    static const char *const places[] = {"", "/..", "/../..", "/../libexec/librenku"};
    char self[PATH_MAX], candidate[PATH_MAX + 64];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

    self[size > 0 ? size : 0] = '\0';

    int folder = strrchr(self, '/') ? (int)(strrchr(self, '/') - self) : 0;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(candidate, sizeof(candidate), "%.*s%s/renku-rclone", folder, self, places[i]);
        if (realpath(candidate, path) && access(path, X_OK) == 0)
            return true;
    }
    return realpath(RENKU_PKGLIBEXECDIR "/renku-rclone", path) && access(path, X_OK) == 0;
}

/* A socket under a name that the kernel chooses, which goes with the last process that holds it. */
static int open_socket(char name[sizeof(struct sockaddr_un)])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(sa_family_t)) != 0 ||
        listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return -1;
    size -= (socklen_t)sizeof(sa_family_t);
    memcpy(name, address.sun_path, size);
    name[0] = '@';
    name[size] = '\0';
    return fd;
}

static void make_environment(char *items[VARIABLES + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < VARIABLES; i++) {
        const char *value = getenv(variables[i]);

        if (value && asprintf(&items[count], "%s=%s", variables[i], value) > 0)
            count++;
    }
    items[count] = NULL;
}

/* In the new process. @p life is what it reads the end of the server from. */
static void become(const char *program, int listener, int life, const rk_user *user)
{
    char *environment[VARIABLES + 1];
    char number[8];

    snprintf(number, sizeof(number), "%d", LISTENER);
    make_environment(environment);
    setsid();
    if ((user && rk_user_become(user) != 0) || dup2(life, 0) < 0 || dup2(listener, LISTENER) < 0 ||
        fcntl(LISTENER, F_SETFD, 0) != 0 || close_range(LISTENER + 1, ~0U, 0) != 0)
        _exit(FAILED);
    execle(program, "renku-rclone", "--fd", number, "--until-eof", (char *)NULL, environment);
    _exit(FAILED);
}

/* Settings may stand in a file; what is started reads the environment. */
static int export_settings(renku_ctx *ctx)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        const char *value = renku_ctx_setting(ctx, settings[i]);

        if (value && *value && setenv(settings[i], value, 1) != 0)
            return -1;
    }
    return 0;
}

int rk_rclone_start(renku_ctx *ctx, const rk_user *user)
{
    const char *given = renku_ctx_setting(ctx, "RENKU_RCLONE_SOCKET");
    char program[PATH_MAX], name[sizeof(struct sockaddr_un)];
    int life[2];

    if (given && *given)
        return 0;
    if (!find_program(program)) {
        rk_log(RK_LOG_DEBUG,
               "renku-rclone is not installed: connections to storage cannot be tested");
        return 0;
    }
    int listener = open_socket(name);

    if (listener < 0 || pipe2(life, O_CLOEXEC) != 0)
        return complain("no socket");
    if (export_settings(ctx) != 0 || setenv("RENKU_RCLONE_SOCKET", name, 1) != 0)
        return complain("no memory");
    pid_t child = fork();

    if (child == 0)
        become(program, listener, life[0], user);
    close(listener);
    close(life[0]);
    /* The server and its workers keep the other end, and say nothing. */
    return child < 0 || fcntl(life[1], F_SETFD, 0) != 0 ? complain("no process") : 0;
}
