/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/wire.h"

#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "frontends/server/link.h"

/* No larger limit of a head is accepted. */
#define HEAD_MOST 1048576
/* With nearly all places taken, who only keeps one warm must leave after this time. */
#define CROWDED_IDLE_MS 1000
/* How long whoever is connecting has time for it when the server ends. */
#define CONNECTING_MS 100
#define TCP_FLAGS_AT 13
/* How often the line is looked at while requests are on it, so that it notices what is slow. */
#define LINE_MS 5

/* Threads have finished, connections want to go on, or the worker shall drain. */
static void on_wake(void *arg, int error)
{
    uint64_t ignored;
    rk_job *next;

    (void)arg;
    (void)error;
    (void)!read(rk_wire.event_fd, &ignored, sizeof(ignored)); /* it is only a bell */
    for (rk_job *job = rk_jobs_finished(rk_wire.jobs); job; job = next) {
        next = job->next;
        rk_link_deliver((rk_exchange *)job);
    }
    rk_link_advance_ready();
    if (rk_wire.drain_wanted || rk_wire.draining)
        rk_wire_tick();
}

static void on_line(void *arg, int error)
{
    (void)arg;
    (void)error; /* reading tells */
    rk_wire.line_fd = -1;
    rk_service_read(rk_wire.service);
    rk_link_collect();
}

static void on_line_time(void *arg, u_int64_t now)
{
    (void)now;
    rk_wire.line_timed = false;
    on_line(arg, 0);
}

/* For one event at a time: the socket of a line that was given up may be at work for a thread, and
 * must not ring on. */
void rk_wire_watch(void)
{
    int fd = rk_service_socket(rk_wire.service);

    if (rk_wire.on_line > 0 && !rk_wire.line_timed) {
        rk_wire.line_timed = true;
        kore_timer_add(on_line_time, LINE_MS, NULL, KORE_TIMER_ONESHOT);
    }
    if (fd != rk_wire.line_fd && fd >= 0)
        kore_platform_event_schedule(fd, EPOLLIN | EPOLLONESHOT, 0, &rk_wire.line_event);
    rk_wire.line_fd = fd;
}

static bool accept_one(struct listener *listener)
{
    u_int32_t before = worker_active_connections;

    kore_listener_accept(listener, 0);
    return worker_active_connections > before;
}

/* New clients are refused, by all workers; those of a socket that a service manager keeps
 * wait for the next server. */
static void stop_listener(struct listener *listener)
{
    bool kept = getenv("RENKU_SERVER_SOCKET_KEPT") != NULL;

    while (!kept && accept_one(listener))
        continue;
    kore_platform_event_schedule(listener->fd, 0, 0, listener);
    kore_platform_disable_read(listener->fd);
    if (!kept)
        shutdown(listener->fd, SHUT_RDWR);
    LIST_REMOVE(listener, list);
}

static void stop_listening(void)
{
    struct kore_server *server = LIST_FIRST(&kore_servers);

    while (!LIST_EMPTY(&server->listeners))
        stop_listener(LIST_FIRST(&server->listeners));
    worker_max_connections = 0;
    rk_wire.listening = false;
}

/* Nobody else begins to connect: the kernel drops the first packet of a connection, as if it were
 * lost, and the others pass, so that whoever is connecting ends up here. When it is sent again, the
 * socket is closed and refuses. */
static void admit_no_more(void)
{
    struct sock_filter drop_syn[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS_AT),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {sizeof(drop_syn) / sizeof(drop_syn[0]), drop_syn};
    const struct listener *listener;

    if (getenv("RENKU_SERVER_SOCKET_KEPT"))
        return;
    LIST_FOREACH(listener, &LIST_FIRST(&kore_servers)->listeners, list)
    (void)setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void rk_wire_close_listener(void)
{
    rk_wire_drain();
    if (rk_wire.listening)
        stop_listening();
}

void rk_wire_drain(void)
{
    rk_link *link, *next;

    if (rk_wire.draining)
        return;
    rk_wire.draining = true;
    rk_wire.drain_until = rk_link_now_ms() + rk_wire.grace_ms;
    rk_wire.listening = true;
    rk_wire.listen_until = rk_link_now_ms() + CONNECTING_MS;
    admit_no_more();
    for (link = TAILQ_FIRST(&rk_wire.links); link; link = next) {
        next = TAILQ_NEXT(link, all);
        rk_link_wind_up(link);
    }
}

/* The names are those of existing deployments. Spec: foundations.md 2.5 */
static void read_limits(void)
{
    static const struct {
        const char *name;
        uint64_t *out;
        double fallback, factor;
    } rows[] = {
        {"SANIC_REQUEST_TIMEOUT",           &rk_wire.request_ms,        60,        1000},
        {"SANIC_RESPONSE_TIMEOUT",          &rk_wire.response_ms,       60,        1000},
        {"SANIC_KEEP_ALIVE_TIMEOUT",        &rk_wire.keep_alive_ms,     120,       1000},
        {"SANIC_GRACEFUL_SHUTDOWN_TIMEOUT", &rk_wire.grace_ms,          15,        1000},
        {"SANIC_REQUEST_MAX_SIZE",          &rk_wire.limits.body_bytes, 100000000, 1   },
        {"SANIC_REQUEST_MAX_HEADER_SIZE",   &rk_wire.limits.head_bytes, 65535,     1   },
        {"RENKU_SERVER_BUFFER_BYTES",       &rk_wire.buffered_most,     268435456, 1   },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        *rows[i].out =
            (uint64_t)(rk_service_number(rows[i].name, rows[i].fallback) * rows[i].factor);
    if (rk_wire.limits.head_bytes > HEAD_MOST)
        rk_wire.limits.head_bytes = HEAD_MOST;
}

int rk_wire_open(rk_service *service)
{
    rk_wire.service = service;
    TAILQ_INIT(&rk_wire.links);
    TAILQ_INIT(&rk_wire.ready);
    read_limits();
    rk_wire.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (rk_wire.event_fd < 0)
        return -1;
    rk_wire.jobs =
        rk_jobs_new((unsigned)rk_service_number("RENKU_SERVER_THREADS", 32), rk_wire.event_fd);
    rk_wire.line_event.handle = on_line;
    rk_wire.line_fd = -1;
    rk_wire.event.handle = on_wake;
    kore_platform_event_schedule(rk_wire.event_fd, EPOLLIN, 0, &rk_wire.event);
    return rk_wire.jobs ? 0 : -1;
}

void rk_wire_connect(struct connection *connection)
{
    rk_link_open(connection);
}

void rk_wire_tick(void)
{
    uint64_t now = rk_link_now_ms();
    bool crowded = rk_wire.count > worker_max_connections / 10 * 9;
    rk_link *link, *next;

    if (rk_wire.drain_wanted)
        rk_wire_drain();
    if (rk_wire.listening && now >= rk_wire.listen_until)
        stop_listening();
    on_line(NULL, 0);
    for (link = TAILQ_FIRST(&rk_wire.links); link; link = next) {
        next = TAILQ_NEXT(link, all);
        if (link->deadline <= now ||
            (crowded && rk_link_is_idle(link) && now - link->since > CROWDED_IDLE_MS))
            rk_link_expire(link);
    }
    if (rk_wire.draining && !rk_wire.listening &&
        ((rk_wire.count == 0 && rk_jobs_count(rk_wire.jobs) == 0) || now >= rk_wire.drain_until))
        sig_recv = SIGQUIT;
}

void rk_wire_drain_later(void)
{
    int saved = errno;

    rk_wire.drain_wanted = 1;
    rk_link_wake();
    errno = saved;
}

bool rk_wire_close(void)
{
    rk_link *link, *next;

    for (link = TAILQ_FIRST(&rk_wire.links); link; link = next) {
        next = TAILQ_NEXT(link, all);
        rk_link_drop(link);
    }
    rk_service_drop(rk_wire.service);
    rk_link_collect();
    if (rk_jobs_count(rk_wire.jobs) > 0)
        return false;
    on_wake(NULL, 0);
    rk_jobs_free(rk_wire.jobs);
    return true;
}
