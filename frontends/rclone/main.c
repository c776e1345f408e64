/* SPDX-License-Identifier: Apache-2.0 */
/* Tests connections to storage with rclone, for processes that may not start any. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontends/rclone/attempt.h"

enum { TESTS_MOST = 8, REQUEST_MOST = 1024 * 1024, REQUEST_S = 5, BACKLOG = 64 };

static const char usage[] =
    "Usage: renku-rclone --socket PATH | --fd N [--until-eof]\n"
    "Tests connections to storage for whoever asks at a socket: processes of the same user.\n"
    "\n"
    "      --socket PATH  listen at this path; @NAME is an abstract name\n"
    "      --fd N         listen at a descriptor that was inherited\n"
    "      --until-eof    end when the standard input ends, and by no signal of a terminal\n"
    "  -h, --help         this text\n"
    "\n"
    "RENKU_RCLONE is the rclone to use, else the one in PATH. A test reaches public addresses and\n"
    "those in RENKU_RCLONE_ALLOWED_NETWORKS.\n";

static const struct option options[] = {
    {"socket",    required_argument, NULL, 's'},
    {"fd",        required_argument, NULL, 'f'},
    {"until-eof", no_argument,       NULL, 'u'},
    {"help",      no_argument,       NULL, 'h'},
    {NULL,        0,                 NULL, 0  },
};

typedef struct {
    int listener;
    int signals; /* of children that have ended */
    bool until_eof;
    int tests; /* that run */
    rk_networks networks;
} service;

static int complain(const char *what)
{
    fprintf(stderr, "renku-rclone: %s: %s\n", what, strerror(errno));
    return 1;
}

/* --- one test --------------------------------------------------------------------------------- */

/* False when there is none. */
static bool find_rclone(char path[PATH_MAX])
{
    const char *wanted = getenv("RENKU_RCLONE");
    const char *folders = getenv("PATH");

    if (wanted && *wanted) {
        snprintf(path, PATH_MAX, "%s", wanted);
        return access(path, X_OK) == 0;
    }
    while (folders && *folders) {
        int length = (int)strcspn(folders, ":");

        snprintf(path, PATH_MAX, "%.*s/rclone", length, folders);
        if (access(path, X_OK) == 0)
            return true;
        folders += length + (folders[length] == ':');
    }
    return false;
}

/* The whole request, up to the end; -1 when it is too long or too slow. */
static ssize_t receive(char *text, int connection)
{
    const struct timeval patience = {.tv_sec = REQUEST_S};
    size_t size = 0;

    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (;;) {
        ssize_t got = recv(connection, text + size, REQUEST_MOST - size, 0);

        if (got == 0)
            return (ssize_t)size;
        if (got < 0 || size + (size_t)got == REQUEST_MOST)
            return -1;
        size += (size_t)got;
    }
}

static void say(int connection, const char *word, const char *text)
{
    rk_words_send(connection, word);
    rk_words_send(connection, text);
}

static void serve(const service *self, int connection)
{
    static char text[REQUEST_MOST];
    static rk_words request;
    static rk_ending ending;
    char program[PATH_MAX];
    ssize_t size = receive(text, connection);

    if (size < 0 || !rk_words_cut(&request, text, (size_t)size) || request.count < 2 ||
        request.count % 2)
        return say(connection, "broken", "the request is malformed");
    if (!find_rclone(program))
        return say(connection, "broken", "there is none: set RENKU_RCLONE, or PATH");
    const rk_attempt attempt = {program, &self->networks, connection};

    rk_attempt_run(&ending, &attempt, &request);
    say(connection, ending.word ? ending.word : "failed", ending.text);
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool is_own(int connection)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void begin(service *self)
{
    int connection = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);

    if (connection < 0)
        return;
    pid_t child = !is_own(connection) || self->tests == TESTS_MOST ? -1 : fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(self->listener);
        serve(self, connection);
        _exit(0);
    }
    if (child < 0)
        say(connection, "busy", "");
    else
        self->tests++;
    close(connection);
}

static void reap(service *self)
{
    struct signalfd_siginfo note;

    if (read(self->signals, &note, sizeof(note)) < 0)
        return;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        self->tests--;
}

static int run(service *self)
{
    char ignored[64];

    for (;;) {
        struct pollfd fds[] = {
            {self->listener,           POLLIN, 0},
            {self->signals,            POLLIN, 0},
            {self->until_eof ? 0 : -1, POLLIN, 0},
        };

        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            return complain("poll");
        if (fds[1].revents)
            reap(self);
        if (fds[0].revents)
            begin(self);
        if (fds[2].revents && read(0, ignored, sizeof(ignored)) <= 0)
            return 0;
    }
}

/* --- starting --------------------------------------------------------------------------------- */

static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (!length || length >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, name, length);
    if (*name == '@')
        address.sun_path[0] = '\0';
    else
        unlink(name);
    umask(0177);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, size) != 0 ||
        listen(fd, BACKLOG) != 0)
        return -1;
    return fd;
}

static int prepare(service *self)
{
    const char *networks = getenv("RENKU_RCLONE_ALLOWED_NETWORKS");
    sigset_t children;

    if (!rk_networks_parse(&self->networks, networks ? networks : "")) {
        fprintf(stderr,
                "renku-rclone: RENKU_RCLONE_ALLOWED_NETWORKS \"%s\" is no list of "
                "networks like 10.3.0.0/16\n",
                networks);
        return 1;
    }
    rk_networks_read_resolvers(&self->networks, "/etc/resolv.conf");
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    self->signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->signals < 0)
        return complain("signalfd");
    signal(SIGPIPE, SIG_IGN);
    if (self->until_eof) {
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
    }
    return 0;
}

/* The exit status when it ends with this option, -1 when it goes on. */
static int take_option(service *self, int option)
{
    switch (option) {
    case 's':
        self->listener = listen_at(optarg);
        return self->listener < 0 ? complain(optarg) : -1;
    case 'f':
        self->listener = (int)strtol(optarg, NULL, 10);
        return -1;
    case 'u':
        self->until_eof = true;
        return -1;
    default:
        fputs(usage, option == 'h' ? stdout : stderr);
        return option == 'h' ? 0 : 2;
    }
}

int main(int argc, char **argv)
{
    service self = {.listener = -1};
    int option, status = -1;

    while (status < 0 && (option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        status = take_option(&self, option);
    if (status < 0 && (self.listener < 0 || optind < argc)) {
        fputs(usage, stderr);
        return 2;
    }
    if (status >= 0)
        return status;
    status = prepare(&self);
    return status ? status : run(&self);
}
