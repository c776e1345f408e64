/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PROC_PATH_MAX = 64,
    PROC_STAT_MAX = 1024,
    NUMBERING_MAX = 160,
    POLL_NS = 10 * 1000 * 1000,
    POLLS_PER_S = 100,
    KILL_GRACE_S = 5,
};

/* What tells one process from all others, also after a reboot or in another container. */
typedef struct {
    int pid, session;
    unsigned long long start; /* clock ticks since the boot */
    char state;
} process;

static const char *record_path(rk_up *up, const rk_child *child)
{
    return rk_cli_format(up->cli, "%s/run/%s.pid", up->folder, child->name);
}

/* The boot and the name space in which process numbers mean what they mean. */
static const char *numbering(rk_up *up)
{
    char space[NUMBERING_MAX] = "";
    const char *boot = rk_cli_read_file(up->cli, "/proc/sys/kernel/random/boot_id", NULL);
    ssize_t length = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);

    space[length > 0 ? length : 0] = '\0';
    return rk_cli_format(up->cli, "%.36s/%s", boot ? boot : "", space);
}

/* Reads /proc/PID/stat; false when there is no such process, or only its body. */
static bool look_at(process *out, int pid)
{
    char path[PROC_PATH_MAX], text[PROC_STAT_MAX];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *end = strrchr(text, ')');

    out->pid = pid;
    if (!end || sscanf(end,
                       ") %c %*d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                       "%*d %*d %llu",
                       &out->state, &out->session, &out->start) != 3)
        return false;
    return out->state != 'Z' && out->state != 'X';
}

int rk_up_record(rk_up *up, const rk_child *child)
{
    const char *path = record_path(up, child);
    process self;

    if (!look_at(&self, child->pid))
        return 0; /* it has ended already, which is noticed elsewhere */
    FILE *file = fopen(path, "we");

    if (!file || fprintf(file, "%d %llu %s\n", self.pid, self.start, numbering(up)) < 0 ||
        fclose(file) != 0)
        return rk_cli_fail_errno("cannot write", path), -1;
    return 0;
}

void rk_up_forget(rk_up *up, const rk_child *child)
{
    unlink(record_path(up, child));
}

/* The leader that a record names; false when there is none, or it belongs to another boot. */
static bool read_record(process *leader, rk_up *up, const rk_child *child)
{
    char space[NUMBERING_MAX];
    const char *text = rk_cli_read_file(up->cli, record_path(up, child), NULL);

    if (!text || sscanf(text, "%d %llu %159s", &leader->pid, &leader->start, space) != 3)
        return false;
    return strcmp(space, numbering(up)) == 0;
}

/* Whether a process is the leader, or has descended from it. */
static bool belongs(const process *leader, const process *candidate)
{
    if (candidate->pid == leader->pid)
        return candidate->start == leader->start;
    return candidate->session == leader->pid && candidate->start >= leader->start;
}

/* Which processes are meant: the leader of a session and its descendants, or what runs in a folder.
 */
typedef struct {
    process leader;
    const struct stat *folder; /* NULL: the session of the leader */
} target;

/* Whether a process is one of PostgreSQL that stands in the folder of its cluster. Its server
 * processes lead sessions of their own, so that only this tells them. */
static bool is_database_in(const struct stat *folder, int pid)
{
    static const char name[] = "/postgres";
    char path[PROC_PATH_MAX], program[NUMBERING_MAX];
    struct stat here;

    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    ssize_t length = readlink(path, program, sizeof(program) - 1);

    if (length < (ssize_t)sizeof(name))
        return false;
    program[length] = '\0';
    if (strcmp(program + length - (sizeof(name) - 1), name) != 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
    return stat(path, &here) == 0 && here.st_dev == folder->st_dev && here.st_ino == folder->st_ino;
}

static bool is_meant(const target *what, const process *candidate)
{
    return what->folder ? is_database_in(what->folder, candidate->pid)
                        : belongs(&what->leader, candidate);
}

/* Sends a signal to all that are meant; 0 only counts. Returns how many there are. */
static int signal_all(const target *what, int signal)
{
    DIR *folder = opendir("/proc");
    process candidate;
    int count = 0;

    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        int pid = atoi(entry->d_name);

        if (pid <= 1 || !look_at(&candidate, pid) || !is_meant(what, &candidate))
            continue;
        count++;
        if (signal)
            kill(pid, signal);
    }
    if (folder)
        closedir(folder);
    return count;
}

static bool wait_for_end(const target *what, int seconds)
{
    for (int i = 0; i < seconds * POLLS_PER_S; i++) {
        if (signal_all(what, 0) == 0)
            return true;
        nanosleep(&(struct timespec){0, POLL_NS}, NULL);
    }
    return false;
}

/* Asks the leader to end its household, or all when there is no leader any more; then insists. */
static int stop_all(const target *what, const rk_child *child)
{
    process now;

    fprintf(stderr, "stopping the %s of an earlier run\n", child->title);
    if (look_at(&now, what->leader.pid) && is_meant(what, &now))
        kill(now.pid, child->stop_signal);
    else
        signal_all(what, SIGTERM);
    if (wait_for_end(what, child->grace_s))
        return 0;
    signal_all(what, SIGKILL);
    if (wait_for_end(what, KILL_GRACE_S))
        return 0;
    (void)rk_cli_fail("the %s of an earlier run, process %d, cannot be stopped", child->title,
                      what->leader.pid);
    return -1;
}

static int stop_recorded(rk_up *up, const rk_child *child)
{
    target what = {0};

    if (read_record(&what.leader, up, child) && signal_all(&what, 0) > 0 &&
        stop_all(&what, child) < 0)
        return -1;
    rk_up_forget(up, child);
    return 0;
}

/* PostgreSQL refuses to start while anything of it still runs on the cluster, and also when the
 * process number in its lock file is in use by whomever. Since the lock of the folder is ours,
 * nothing may run there: what does is stopped, then the file of a server that is gone is removed.
 */
static int stop_database(rk_up *up, const rk_child *child)
{
    const char *path = rk_up_path(up, "postgres/postmaster.pid");
    const char *text = rk_cli_read_file(up->cli, path, NULL);
    struct stat folder;

    if (stat(rk_up_path(up, "postgres"), &folder) < 0)
        return 0;
    target what = {{.pid = text ? atoi(text) : 0}, &folder};

    if (signal_all(&what, 0) > 0 && stop_all(&what, child) < 0)
        return -1;
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    return rk_cli_fail_errno("cannot remove", path), -1;
}

int rk_up_stop_orphans(rk_up *up)
{
    for (int i = RK_CHILD_COUNT_ - 1; i >= 0; i--) {
        if (stop_recorded(up, &up->children[i]) < 0)
            return -1;
    }
    return stop_database(up, &up->children[RK_CHILD_DATABASE]);
}
