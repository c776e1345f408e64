/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include <kore/kore.h>

#pragma GCC visibility push(default)
#include <kore/hooks.h>
void renku_connect(struct connection *connection);
#pragma GCC visibility pop

#include "frontends/server/activation.h"
#include "frontends/server/log.h"
#include "frontends/server/memory.h"
#include "frontends/server/metrics.h"
#include "frontends/server/rotation.h"
#include "frontends/server/sandbox.h"
#include "frontends/server/sanitizer.h"
#include "frontends/server/service.h"
#include "frontends/server/user.h"
#include "frontends/server/wire.h"

/* What Kore calls: the parent before it forks, each worker before and after its sandbox closes. */

#define MESSAGE_READY (KORE_MSG_APP_BASE + 1)
#define TICK_MS 250
#define REFRESH_MS 5000
#define LARGE_BYTES 262144
#define PATIENCE_MORE 5 /* seconds beyond the time that a worker gives itself */

static rk_service *service;
static pid_t parent_pid;
static volatile sig_atomic_t stop_signal;
static unsigned patience_seconds;
static char no_pidfile[] = "/nonexistent/renku-server.pid";

/* What Kore would print on standard output becomes a log record. */
static ssize_t kore_says(void *cookie, const char *text, size_t size)
{
    static const char *const idle[] = {"failed to remove pidfile", "failed to deleted shm"};
    char line[1024];

    (void)cookie;
    snprintf(line, sizeof(line), "%.*s", (int)size, text);
    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
        if (strstr(line, idle[i]))
            return (ssize_t)size;
    if (line[0])
        rk_log(kore_quiet ? RK_LOG_WARNING : RK_LOG_DEBUG, "kore: %s", line);
    return (ssize_t)size;
}

static void redirect_output(void)
{
    FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = kore_says});

    if (!stream)
        return;
    setvbuf(stream, NULL, _IOLBF, BUFSIZ);
    stdout = stream;
}

/* A worker ends by itself when its time is up; one that is stuck does not. */
static void kill_workers(void)
{
    for (u_int8_t i = 0; i < worker_count; i++)
        if (kore_worker_data(i)->pid > 0)
            kill(kore_worker_data(i)->pid, SIGKILL);
}

/* The signal that ends the server must not be overwritten by the SIGCHLD of a worker that ends:
 * Kore remembers only the last one. */
static void on_parent_signal(int signal)
{
    if (signal == SIGHUP)
        return;
    if (signal == SIGALRM)
        kill_workers();
    if ((signal == SIGTERM || signal == SIGINT || signal == SIGQUIT) && !stop_signal) {
        stop_signal = SIGTERM;
        alarm(patience_seconds);
    }
    sig_recv = stop_signal ? stop_signal : signal;
}

static void on_worker_signal(int signal)
{
    if (signal == SIGTERM || signal == SIGINT || signal == SIGQUIT)
        rk_wire_drain_later();
}

static void handle_signals(void (*handler)(int))
{
    static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD, SIGUSR1, SIGALRM};
    struct sigaction action = {.sa_handler = handler};

    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

/* An error means that another worker has shut the listening socket down: the server is ending. */
static void on_listener(void *arg, int error)
{
    if (error)
        rk_wire_close_listener();
    else
        kore_listener_accept(arg, 0);
}

/* The launcher has bound the socket already. */
static void adopt_listener(int fd)
{
    struct kore_server *server = kore_server_create("renku");
    struct listener *listener = kore_listener_create(server);
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        !kore_connection_nonblock(fd, 0))
        fatalx("the listening socket %d is not usable: %s", fd, strerror(errno));
    server->tls = 0;
    listener->fd = fd;
    listener->family = address.ss_family;
    listener->evt.handle = on_listener;
    listener->connect = kore_runtime_getcall("renku_connect");
    if (!listener->connect)
        fatalx("the module lacks renku_connect");
}

/* Kore's shared memory would stay behind if all were killed: marked as removed, it goes with the
 * last process. It is found by its address; a mapping's inode is the id of the segment. */
static void release_with_last(const void *memory)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    unsigned long long from, to, wanted = (uintptr_t)memory;
    char line[512];
    int id;

    while (maps && fgets(line, sizeof(line), maps))
        if (sscanf(line, "%llx-%llx %*s %*s %*s %d", &from, &to, &id) == 3 && from <= wanted &&
            wanted < to)
            (void)shmctl(id, IPC_RMID, NULL); /* else it stays until the regular end */
    if (maps)
        fclose(maps);
}

static void on_ready(struct kore_msg *message, const void *data)
{
    static int announced;
    const char *url = getenv("RENKU_SERVER_URL");

    (void)message;
    (void)data;
    if (announced++)
        return;
    dprintf(STDERR_FILENO, "listening on %s\n", url ? url : "");
    rk_activation_notify("READY=1");
    release_with_last(kore_worker_data(0));
    rk_memory_release();
}

static void become_user(void)
{
    const char *text = getenv("RENKU_SERVER_USER");
    rk_user user;

    if (text && (!rk_user_parse(&user, text) || rk_user_become(&user) != 0))
        fatalx("cannot become user %s: %s", text, strerror(errno));
}

/* Keys and personal data are in this memory: no core file, no debugger of the same user. */
static void close_memory(void)
{
    const struct rlimit none = {0, 0};

    if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        fatalx("cannot keep its memory to itself: %s", strerror(errno));
}

void kore_parent_configure(int argc, char **argv)
{
    const char *fd = getenv("RENKU_SERVER_LISTEN_FD");

    (void)argc;
    (void)argv;
    kore_pidfile = no_pidfile;
    redirect_output();
    if (!fd)
        fatalx("RENKU_SERVER_LISTEN_FD is missing: start with \"renku server\"");
    adopt_listener(atoi(fd));
    if (rk_metrics_open(worker_count) != 0 || rk_rotation_open() != 0)
        fatalx("no shared memory: %s", strerror(errno));
    become_user();
    close_memory();
    parent_pid = getpid();
    patience_seconds =
        (unsigned)rk_service_number("SANIC_GRACEFUL_SHUTDOWN_TIMEOUT", 15) + PATIENCE_MORE;
    handle_signals(on_parent_signal);
    kore_msg_register(MESSAGE_READY, on_ready);
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* large bodies go back to the system at once */
    rk_sanitizer_ignore(); /* what Kore's parent keeps, a worker that replaces another loses */
}

/* The last moment before the sandbox closes. */
void kore_seccomp_hook(void)
{
    rk_sanitizer_watch();
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no worker without a parent that could replace or stop it */
    if (getppid() != parent_pid)
        _exit(0);
    service = rk_service_new();
    if (!service) {
        sleep(1); /* Kore starts the next one at once */
        _exit(1);
    }
    rk_sandbox_register();
    rk_sanitizer_ignore(); /* Kore's own preparations */
}

static void on_tick(void *arg, u_int64_t now)
{
    static u_int64_t refreshed;

    (void)arg;
    rk_metrics_share();
    if (now - refreshed >= REFRESH_MS) {
        refreshed = now;
        rk_metrics_refresh();
    }
    rk_wire_tick();
}

/* The parent is gone, or stops. Kore would signal a process that may be somebody else by now. */
static void on_parent_gone(struct connection *connection)
{
    (void)connection;
    rk_wire_drain_later();
}

void kore_worker_configure(void)
{
    rk_sanitizer_watch();
    worker_max_connections = (u_int32_t)rk_service_number("RENKU_SERVER_CONNECTIONS", 1024);
    if (rk_wire_open(service) != 0)
        fatalx("worker cannot start: %s", strerror(errno));
    rk_metrics_worker(worker->id, rk_service_ctx(service));
    handle_signals(on_worker_signal);
    worker->msg[1]->disconnect = on_parent_gone;
    kore_timer_add(on_tick, TICK_MS, NULL, 0);
    rk_service_start_beside(service);
    rk_memory_release();
    kore_msg_send(KORE_MSG_PARENT, MESSAGE_READY, NULL, 0);
}

void kore_worker_teardown(void)
{
    if (rk_wire_close()) {
        rk_service_free(service);
        rk_sanitizer_report_leaks();
        return;
    }
    rk_log(RK_LOG_WARNING, "worker %d ends with requests unfinished", worker->id);
    kore_shutdown();
    _exit(0);
}

void renku_connect(struct connection *connection)
{
    rk_wire_connect(connection);
}
