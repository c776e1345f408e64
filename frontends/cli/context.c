/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "renku/renku.h"

static void log_line(void *user, int level, const char *line)
{
    const rk_cli *cli = user;

    (void)level;
    if (cli->is_quiet)
        return;
    rk_cli_progress_end();
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

bool rk_cli_is_running(rk_cli *cli)
{
    const char *path = rk_cli_format(cli, "%s/lock", rk_cli_folder(cli));
    const char *text = rk_cli_read_file(cli, path, NULL);
    int pid = text ? atoi(text) : 0; /* to try the lock itself might stop one that begins */

    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
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

/* The settings of the local installation over those of the environment. */
static rk_exit read_folder(rk_cli *cli, renku_config *config)
{
    renku_result *result =
        renku_config_from_file(config, rk_cli_format(cli, "%s/env", rk_cli_folder(cli)));

    if (renku_result_error(result) != RENKU_ENOTFOUND)
        return rk_cli_status(cli, result);
    renku_result_free(result);
    (void)rk_cli_fail("there is no local installation in '%s'; `renku up --data DIR` makes one",
                      rk_cli_folder(cli));
    return RK_EXIT_NOT_FOUND;
}

rk_exit rk_cli_settings(renku_config **out, rk_cli *cli)
{
    *out = renku_config_new();
    if (!*out || renku_config_from_environment(*out) < 0)
        return rk_cli_fail("out of memory");
    return rk_cli_given(cli, RK_OPTION_DATA) ? read_folder(cli, *out) : RK_EXIT_OK;
}

/* What the tools of an operator add to the settings. Who asks for no log is not told either that a
 * statement over all rows takes its time. */
static rk_exit adjust(rk_cli *cli, renku_config *config, bool admin_only)
{
    static const char *const quiet[][2] = {
        {"LOG_APP_LEVEL",           "WARNING"},
        {"RENKU_SLOW_STATEMENT_MS", "0"      },
    };
    bool failed = admin_only && renku_config_set(config, "RENKU_ADMIN_ONLY", "true") < 0;

    for (size_t i = 0; !getenv("LOG_APP_LEVEL") && i < sizeof(quiet) / sizeof(*quiet); i++) {
        if (!getenv(quiet[i][0]))
            failed = renku_config_set(config, quiet[i][0], quiet[i][1]) < 0 || failed;
    }
    renku_config_log(config, log_line, cli);
    return failed ? rk_cli_fail("out of memory") : RK_EXIT_OK;
}

/* A shell without any settings, on a machine where an installation is. */
static void advise(rk_cli *cli)
{
    const char *folder = rk_cli_folder(cli);

    if (rk_cli_given(cli, RK_OPTION_DATA) || getenv("DB_HOST") || getenv("DB_PASSWORD"))
        return;
    if (access(rk_cli_format(cli, "%s/env", folder), F_OK) == 0)
        fprintf(stderr, "  for the installation of `renku up`: --data %s\n",
                rk_cli_quote(cli, folder));
    else
        fputs("  settings are variables of the environment, or those of `renku up`: --data DIR\n",
              stderr);
}

rk_exit rk_cli_open(rk_cli *cli, bool admin_only)
{
    renku_config *config;
    rk_exit status = rk_cli_settings(&config, cli);

    rk_cli_close(cli);
    if (status == RK_EXIT_OK)
        status = adjust(cli, config, admin_only);
    if (status == RK_EXIT_OK)
        status = rk_cli_status(cli, renku_ctx_new(&cli->ctx, config));
    if (!cli->ctx)
        advise(cli);
    renku_config_free(config);
    return status;
}

void rk_cli_close(rk_cli *cli)
{
    renku_ctx_free(cli->ctx);
    cli->ctx = NULL;
}
