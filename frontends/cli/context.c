/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "renku/renku.h"

static void log_line(void *user, int level, const char *line)
{
    const rk_cli *cli = user;

    (void)level;
    if (!cli->is_quiet)
        fprintf(stderr, "%s\n", line);
}

static const char *home(void)
{
    const char *path = getenv("HOME");
    const struct passwd *entry = path && *path == '/' ? NULL : getpwuid(getuid());

    return entry ? entry->pw_dir : path && *path == '/' ? path : "/tmp";
}

const char *rk_cli_folder(rk_cli *cli)
{
    const char *given = cli->options[RK_OPTION_DATA], *shared = getenv("XDG_DATA_HOME");
    char *here;

    if (given && *given == '/')
        return given;
    if (given) {
        here = rk_cli_own(cli, getcwd(NULL, 0));
        return rk_cli_format(cli, "%s/%s", here, given);
    }
    if (shared && *shared == '/')
        return rk_cli_format(cli, "%s/renku", shared);
    return rk_cli_format(cli, "%s/.local/share/renku", home());
}

const char *rk_cli_program(rk_cli *cli)
{
    static const char libtool[] = "/.libs";
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length <= 0)
        return "renku";
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    size_t folder = (size_t)(slash - path), suffix = sizeof(libtool) - 1;

    /* In a build folder the program is behind a script that knows where the library is. */
    if (folder > suffix && strncmp(slash - suffix, libtool, suffix) == 0)
        return rk_cli_format(cli, "%.*s/renku", (int)(folder - suffix), path);
    return rk_cli_format(cli, "%s", path);
}

typedef struct {
    renku_config *config;
    bool failed;
} target;

static void set(void *user, const char *name, const char *value)
{
    target *out = user;

    out->failed = renku_config_set(out->config, name, value) < 0 || out->failed;
}

/* The settings of the local installation over those of the environment. */
static rk_exit read_folder(rk_cli *cli, target *out)
{
    const char *path = rk_cli_format(cli, "%s/env", rk_cli_folder(cli));

    if (rk_cli_env_read(cli, path, set, out) == 0)
        return RK_EXIT_OK;
    if (errno != ENOENT)
        return rk_cli_fail_errno("cannot read", path);
    (void)rk_cli_fail("there is no local installation in '%s'; `renku up --data DIR` makes one",
                      rk_cli_folder(cli));
    return RK_EXIT_NOT_FOUND;
}

static rk_exit configure(rk_cli *cli, target *out, bool admin_only)
{
    rk_exit status = RK_EXIT_OK;

    out->failed = renku_config_from_environment(out->config) < 0;
    if (rk_cli_given(cli, RK_OPTION_DATA))
        status = read_folder(cli, out);
    if (admin_only)
        set(out, "RENKU_ADMIN_ONLY", "true");
    if (!getenv("LOG_APP_LEVEL"))
        set(out, "LOG_APP_LEVEL", "WARNING");
    renku_config_log(out->config, log_line, cli);
    return status == RK_EXIT_OK && out->failed ? rk_cli_fail("out of memory") : status;
}

rk_exit rk_cli_open(renku_ctx **out, rk_cli *cli, bool admin_only)
{
    target settings = {renku_config_new(), false};

    *out = NULL;
    if (!settings.config)
        return rk_cli_fail("out of memory");
    rk_exit status = configure(cli, &settings, admin_only);

    if (status == RK_EXIT_OK)
        status = rk_cli_status(cli, renku_ctx_new(out, settings.config));
    renku_config_free(settings.config);
    cli->ctx = *out;
    return status;
}
