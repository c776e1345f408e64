/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/up.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "renku/renku.h"

enum { START_S = 60, MOMENTS_PER_S = 200, DEFAULT_PORT = 8000, PORT_MAX = 65535 };

static const char listening[] = "listening on ";

/* The whole environment of a child: ours over that of the caller. */
typedef struct {
    rk_cli *cli;
    char **entries; /* NULL at the end */
    size_t count;
} variables;

static void put(variables *out, const char *name, const char *value)
{
    size_t length = strlen(name), i = 0;

    while (i < out->count &&
           (strncmp(out->entries[i], name, length) != 0 || out->entries[i][length] != '='))
        i++;
    out->entries[i] = rk_cli_format(out->cli, "%s=%s", name, value);
    if (i == out->count)
        out->entries[++out->count] = NULL;
}

static char **merge(rk_up *up, const renku_config *config)
{
    variables out = {.cli = up->cli};
    const char *name, *value;
    size_t own = 0, inherited = 0;

    while (environ[inherited])
        inherited++;
    while (renku_config_entry(config, own, &name, &value))
        own++;
    out.entries = rk_cli_or_end(calloc(inherited + own + 1, sizeof(*out.entries)));
    (void)rk_cli_own(up->cli, (char *)out.entries);
    for (; out.count < inherited; out.count++)
        out.entries[out.count] = environ[out.count];
    for (size_t i = 0; renku_config_entry(config, i, &name, &value); i++)
        put(&out, name, value);
    return out.entries;
}

/* The environment for a child from DIR/env; NULL after telling why. */
static char **child_environment(rk_up *up)
{
    renku_config *config = rk_cli_or_end(renku_config_new());
    rk_exit status = rk_cli_status(up->cli, renku_config_from_file(config, rk_up_path(up, "env")));
    char **entries = status == RK_EXIT_OK ? merge(up, config) : NULL;

    renku_config_free(config);
    return entries;
}

int rk_up_migrate(rk_up *up)
{
    if (rk_up_write_env(up) < 0)
        return -1;
    rk_exit status = rk_cli_open(up->cli, true);

    if (status == RK_EXIT_OK)
        status = rk_cli_status(up->cli, renku_db_migrate_with(up->cli->ctx, &rk_cli_watch));
    rk_cli_close(up->cli);
    return status == RK_EXIT_OK ? 0 : -1;
}

/* The URL after "listening on" in what a log has gained; NULL while it is not there. */
static const char *find_url(rk_up *up, int log, off_t from)
{
    char text[8192];
    ssize_t length = pread(log, text, sizeof(text) - 1, from);

    text[length > 0 ? length : 0] = '\0';
    const char *url = strstr(text, listening);
    const char *end = url ? strchr(url, '\n') : NULL;

    if (!end)
        return NULL;
    url += sizeof(listening) - 1;
    return rk_cli_format(up->cli, "%.*s", (int)(end - url), url);
}

static int wait_for_url(const char **url, rk_up *up, const rk_child *child, const char *path,
                        off_t from)
{
    int log = open(path, O_RDONLY | O_CLOEXEC);

    if (log < 0)
        return rk_cli_fail_errno("cannot read", path), -1;
    int status = 0;

    for (int i = 0; status == 0 && i < START_S * MOMENTS_PER_S; i++) {
        *url = find_url(up, log, from);
        if (*url)
            break;
        status = rk_up_wait_moment(up, child);
    }
    close(log);
    if (status == 0 && *url)
        return 0;
    if (status == 0)
        (void)rk_cli_fail("the %s does not listen after %d s", child->title, START_S);
    if (!up->signal)
        rk_up_show_log(up, path);
    return -1;
}

static char *self(rk_up *up)
{
    char path[PATH_MAX];

    return rk_cli_format(up->cli, "%s", realpath("/proc/self/exe", path) ? path : "/proc/self/exe");
}

/* Starts this program with other words and waits until it listens. */
static int start_and_wait(const char **url, rk_up *up, rk_child_name name, char *const *arguments)
{
    const rk_child *child = &up->children[name];
    const char *log = rk_cli_format(up->cli, "%s/log/%s.log", up->folder, child->name);
    struct stat before = {0};
    const rk_start start = {
        .arguments = arguments,
        .environment = child_environment(up),
        .log = log,
        .input = -1,
        .keep = -1,
    };

    if (!start.environment)
        return -1;
    if (stat(log, &before) < 0)
        before.st_size = 0;
    if (rk_up_start_child(up, name, &start) < 0)
        return -1;
    return wait_for_url(url, up, child, log, before.st_size);
}

static int start_service(const char **url, rk_up *up, rk_child_name name, const char *service,
                         const char *port)
{
    char *const arguments[] = {
        self(up),
        rk_cli_format(up->cli, "server"),
        rk_cli_format(up->cli, "--service=%s", service),
        rk_cli_format(up->cli, "--host=" RK_UP_HOST),
        rk_cli_format(up->cli, "--port=%s", port),
        name == RK_CHILD_IDENTITY ? rk_cli_format(up->cli, "--workers=1") : NULL,
        NULL,
    };

    return start_and_wait(url, up, name, arguments);
}

int rk_up_start_identity(rk_up *up)
{
    if (start_service(&up->identity_url, up, RK_CHILD_IDENTITY, "identity", "0") < 0)
        return -1;
    return rk_up_write_env(up);
}

static bool is_free(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)); /* bind tells */
    bool is = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return is;
}

int rk_up_start_server(rk_up *up)
{
    int fallback = is_free(DEFAULT_PORT) ? DEFAULT_PORT : 0;
    int64_t port = rk_cli_number(up->cli, RK_OPTION_PORT, fallback, PORT_MAX);
    const char *text = rk_cli_format(up->cli, "%d", (int)port);

    if (start_service(&up->url, up, RK_CHILD_SERVER, "data", text) < 0 || rk_up_write_env(up) < 0)
        return -1;
    return rk_up_sign_lock(up);
}

/* The identity provider has no directory, so that nothing can follow it; and whoever has a machine
 * alone needs no heartbeat in a log. */
int rk_up_start_tasks(rk_up *up)
{
    char *const arguments[] = {
        self(up),
        rk_cli_format(up->cli, "tasks"),
        rk_cli_format(up->cli, "--except=users_sync"),
        rk_cli_format(up->cli, "--except=sync_admins_from_keycloak"),
        rk_cli_format(up->cli, "--except=_log_tasks"),
        NULL,
    };

    if (start_and_wait(&up->control, up, RK_CHILD_TASKS, arguments) < 0)
        return -1;
    return rk_up_write_env(up);
}
