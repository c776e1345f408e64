/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/up.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LOG_LINES = 15,
    LOG_TAIL_BYTES = 4000,
    MOMENT_NS = 5 * 1000 * 1000,
    CANNOT_START = 127,
};

static void all_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGCHLD);
}

static int become_database_user(const rk_up *up)
{
    if (!up->is_root)
        return 0;
    return setgroups(0, NULL) < 0 || setgid(up->database_group) < 0 || setuid(up->database_user) < 0
               ? -1
               : 0;
}

/* A shell ignores SIGINT for what it puts into the background; a child that has just begun would
 * inherit that, and miss the word to stop. */
static void reset_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        (void)signal(signals[i], SIG_DFL); /* cannot fail for these */
}

/* Between fork and exec: only calls that are safe there. */
static int prepare(const rk_up *up, const rk_start *start, int log, pid_t parent)
{
    int input = start->input >= 0 ? start->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;

    sigemptyset(&none);
    if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0)
        return -1;
    if (start->keep >= 0 && fcntl(start->keep, F_SETFD, 0) < 0)
        return -1;
    /* A session of its own: Ctrl-C reaches only us, and all descendants can be found again. */
    if (setsid() < 0 || chdir("/") < 0)
        return -1;
    if (start->is_database_user && become_database_user(up) < 0)
        return -1;
    if (prctl(PR_SET_PDEATHSIG, start->is_database_user ? SIGINT : SIGTERM) < 0)
        return -1;
    if (getppid() != parent)
        return -1;
    umask(077);
    reset_signals();
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t rk_up_spawn(rk_up *up, const rk_start *start)
{
    pid_t parent = getpid();
    int log = open(start->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (log < 0)
        return rk_cli_fail_errno("cannot write", start->log), -1;
    pid_t pid = fork();

    if (pid == 0) {
        if (prepare(up, start, log, parent) == 0)
            execve(start->arguments[0], start->arguments, start->environment);
        dprintf(log, "cannot start %s: %s\n", start->arguments[0], strerror(errno));
        _exit(CANNOT_START);
    }
    close(log);
    if (pid < 0)
        (void)rk_cli_fail_errno("cannot start", start->arguments[0]);
    return pid;
}

int rk_up_run(rk_up *up, const rk_start *start)
{
    int status;
    pid_t pid = rk_up_spawn(up, start);

    if (pid < 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return rk_cli_fail_errno("cannot wait for", start->arguments[0]), -1;
    }
    if (status == 0)
        return 0;
    (void)rk_cli_fail("%s failed", start->arguments[0]);
    rk_up_show_log(up, start->log);
    return -1;
}

int rk_up_start_child(rk_up *up, rk_child_name name, const rk_start *start)
{
    rk_child *child = &up->children[name];
    pid_t pid = rk_up_spawn(up, start);

    if (pid < 0)
        return -1;
    child->pid = pid;
    return rk_up_record(up, child);
}

/* Collects children that have ended; the first of them, or NULL. */
static const rk_child *reap(rk_up *up)
{
    const rk_child *first = NULL;

    for (int i = 0; i < RK_CHILD_COUNT_; i++) {
        rk_child *child = &up->children[i];

        if (child->pid > 0 && waitpid(child->pid, NULL, WNOHANG) == child->pid) {
            kill(-child->pid, SIGKILL); /* what it has left of its group */
            child->pid = 0;
            rk_up_forget(up, child);
            first = first ? first : child;
        }
    }
    return first;
}

/* Takes one signal, waiting at most @p timeout (NULL: for ever). */
static void take_signal(rk_up *up, const struct timespec *timeout)
{
    sigset_t set;

    all_signals(&set);
    int signal = sigtimedwait(&set, NULL, timeout);

    if (signal > 0 && signal != SIGCHLD)
        up->signal = signal;
}

int rk_up_wait_moment(rk_up *up, const rk_child *child)
{
    take_signal(up, &(struct timespec){0, MOMENT_NS});
    (void)reap(up); /* the question is only whether this child still runs */
    if (up->signal)
        return -1;
    if (child->pid)
        return 0;
    (void)rk_cli_fail("the %s has ended while it was starting", child->title);
    return -1;
}

const rk_child *rk_up_wait(rk_up *up)
{
    const rk_child *ended = NULL;

    while (!ended && !up->signal) {
        take_signal(up, &(struct timespec){3600, 0});
        ended = reap(up);
    }
    return ended;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A second signal while waiting cuts the grace short. */
static void stop(rk_up *up, rk_child *child)
{
    double deadline = now() + child->grace_s;

    up->signal = 0;
    kill(child->pid, child->stop_signal);
    while (child->pid && now() < deadline && !up->signal) {
        take_signal(up, &(struct timespec){0, MOMENT_NS});
        (void)reap(up); /* the order in which they end does not matter here */
    }
    if (!child->pid)
        return;
    (void)rk_cli_fail("the %s did not end in time and was killed", child->title);
    kill(-child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
    child->pid = 0;
    rk_up_forget(up, child);
}

void rk_up_stop_children(rk_up *up)
{
    for (int i = RK_CHILD_COUNT_ - 1; i >= 0; i--) {
        if (up->children[i].pid)
            stop(up, &up->children[i]);
    }
}

void rk_up_show_log(rk_up *up, const char *path)
{
    size_t size = 0;
    char *text = rk_cli_read_file(up->cli, path, &size);
    int lines = 0;

    if (!text || !size)
        return;
    const char *from = text + size - 1;

    while (from > text && text + size - from < LOG_TAIL_BYTES && lines < LOG_LINES)
        lines += *--from == '\n';
    fprintf(stderr, "  the end of %s:\n", path);
    for (char *line, *rest = text + (from - text) + (*from == '\n');
         (line = strsep(&rest, "\n"));) {
        if (*line)
            fprintf(stderr, "    %s\n", line);
    }
}
