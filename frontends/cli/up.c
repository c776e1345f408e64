/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/up.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PORT_MAX = 65535 };

/* What `renku up` does, in this order. A step without a title takes no time worth telling, or tells
 * it by itself. */
static const struct {
    const char *title;
    int (*run)(rk_up *up);
} steps[] = {
    {NULL,                               rk_up_open_folder   },
    {NULL,                               rk_up_take_lock     },
    {NULL,                               rk_up_find_postgres },
    {NULL,                               rk_up_stop_orphans  },
    {NULL,                               rk_up_make_keys     },
    {NULL,                               rk_up_make_cluster  },
    {"starting PostgreSQL",              rk_up_start_cluster },
    {"bringing the database up to date", rk_up_migrate       },
    {"starting the identity provider",   rk_up_start_identity},
    {"starting the server",              rk_up_start_server  },
    {"starting the task runner",         rk_up_start_tasks   },
};

static const rk_child children[RK_CHILD_COUNT_] = {
    [RK_CHILD_DATABASE] = {"database", "database",          SIGINT,  60, 0},
    [RK_CHILD_IDENTITY] = {"identity", "identity provider", SIGTERM, 10, 0},
    [RK_CHILD_SERVER] = {"server",   "server",            SIGTERM, 30, 0},
    [RK_CHILD_TASKS] = {"tasks",    "task runner",       SIGTERM, 10, 0},
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int start(rk_up *up)
{
    double begin = now();

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        if (steps[i].title)
            fprintf(stderr, "%s\n", steps[i].title);
        if (steps[i].run(up) < 0 || up->signal)
            return -1;
    }
    fprintf(stderr, "ready after %.1f s\n", now() - begin);
    return 0;
}

/* Three lines that work when they are pasted into a shell. */
static void print_lines(rk_up *up)
{
    const char *program = rk_cli_quote(up->cli, rk_cli_program(up->cli));
    const char *folder = rk_cli_quote(up->cli, up->folder);
    char moment[32];
    time_t seconds = time(NULL);

    strftime(moment, sizeof(moment), "%F %T", localtime(&seconds));
    fprintf(stderr,
            "\nRenku runs at %s/api/data (logs in %s/log). Ctrl-C stops it; the data stay.\n"
            "To try it, paste these lines into another terminal:\n\n",
            up->url, up->folder);
    printf("TOKEN=$(%s token alice --admin%s%s)\n", program, up->is_default ? "" : " --data ",
           up->is_default ? "" : folder);
    printf(
        "curl -sS -w '\\n' -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' "
        "-d '{\"name\": \"Trial of %s\", \"namespace\": \"alice\"}' %s/api/data/projects\n",
        moment, up->url);
    printf("curl -sS -w '\\n' -H \"Authorization: Bearer $TOKEN\" %s/api/data/projects\n", up->url);
    fflush(stdout);
}

/* Until somebody asks for the end, or something ends by itself. */
static rk_exit supervise(rk_up *up)
{
    const rk_child *ended = rk_up_wait(up);

    if (!ended)
        return RK_EXIT_OK;
    rk_exit status = rk_cli_fail("the %s has ended; stopping the rest", ended->title);

    rk_up_show_log(up, rk_cli_format(up->cli, "%s/log/%s.log", up->folder, ended->name));
    return status;
}

/* Signals wait until they are asked for, so that no moment is the wrong one. */
static void hold_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static rk_exit run(rk_up *up)
{
    rk_exit status = RK_EXIT_REFUSED;

    if (start(up) == 0) {
        print_lines(up);
        status = supervise(up);
    } else if (up->signal) {
        status = RK_EXIT_OK;
    }
    if (up->signal)
        fputs("\nstopping ...\n", stderr);
    rk_up_stop_children(up);
    rk_up_drop_sockets(up);
    if (up->lock >= 0)
        close(up->lock);
    return status;
}

rk_exit rk_cli_up(rk_cli *cli)
{
    rk_up up = {.cli = cli, .lock = -1};

    memcpy(up.children, children, sizeof(children));
    if (rk_cli_number(cli, RK_OPTION_PORT, 0, PORT_MAX) < 0)
        return RK_EXIT_USAGE;
    up.is_default = !rk_cli_given(cli, RK_OPTION_DATA);
    up.folder = rk_cli_folder(cli);
    cli->options[RK_OPTION_DATA] = up.folder; /* so that the migration works on it */
    umask(077);
    hold_signals();
    return run(&up);
}
