/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/wire.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include <kore/kore.h>

#include "frontends/server/jobs.h"
#include "frontends/server/metrics.h"

/* What one connection may take before the others have their turn, in bytes. */
#define READ_TURN 262144
#define WRITE_TURN 1048576
/* No larger limit of a head is accepted; no smaller buffer is refused for want of memory. */
#define HEAD_MOST 1048576
#define SMALL_BUFFER 16384
#define LINGER_MS 5000
#define DRAIN_LINGER_MS 500
/* With nearly all places taken, who only keeps one warm must leave after this time. */
#define CROWDED_IDLE_MS 1000

typedef enum {
    RECEIPT_BYTES,
    RECEIPT_NOTHING, /* not now */
    RECEIPT_LATER,   /* the others have their turn first */
    RECEIPT_END,     /* the client has ended */
    RECEIPT_NO_MEMORY,
} rk_receipt;

typedef enum { LINK_READING, LINK_WORKING, LINK_WRITING, LINK_LINGERING } rk_link_state;

struct rk_exchange;

typedef struct rk_link {
    struct connection *kore;
    rk_reader reader;
    size_t counted; /* bytes of the reader within wire.buffered */
    struct rk_exchange *exchange;
    rk_reply *reply;
    size_t sent;
    uint64_t since, deadline; /* of this state, milliseconds */
    rk_link_state state;
    bool keep_alive;
    bool ended; /* the other side sends no more, or is gone */
    bool ready;
    TAILQ_ENTRY(rk_link) all;
    TAILQ_ENTRY(rk_link) next_ready;
    char peer[INET6_ADDRSTRLEN];
} rk_link;

/* A request on its way through a thread. It outlives its connection when that goes away. */
typedef struct rk_exchange {
    rk_job job;
    rk_link *link; /* NULL when nobody waits for the answer */
    rk_request *request;
    rk_reply *reply;
    uint64_t began_us;
    char peer[INET6_ADDRSTRLEN];
} rk_exchange;

TAILQ_HEAD(rk_links, rk_link);

static struct {
    rk_service *service;
    rk_jobs *jobs;
    struct kore_event event;
    int event_fd;
    struct rk_links links, ready;
    unsigned count, ready_count;
    rk_reader_limits limits;
    uint64_t request_ms, response_ms, keep_alive_ms, grace_ms;
    uint64_t buffered, buffered_most;
    volatile sig_atomic_t drain_wanted;
    bool draining;
    uint64_t drain_until;
} wire;

static bool read_some(rk_link *link);
static bool write_some(rk_link *link);

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t now_ms(void)
{
    return now_us() / 1000;
}

static void wake(void)
{
    uint64_t one = 1;

    (void)!write(wire.event_fd, &one, sizeof(one)); /* only fails when it is readable anyway */
}

/* Lets the others go first. True, for callers that pass it on: the link is there. */
static bool make_ready(rk_link *link)
{
    if (link->ready)
        return true;
    if (TAILQ_EMPTY(&wire.ready))
        wake();
    link->ready = true;
    wire.ready_count++;
    TAILQ_INSERT_TAIL(&wire.ready, link, next_ready);
    return true;
}

static void make_unready(rk_link *link)
{
    if (!link->ready)
        return;
    link->ready = false;
    wire.ready_count--;
    TAILQ_REMOVE(&wire.ready, link, next_ready);
}

static void enter(rk_link *link, rk_link_state state, uint64_t allowed_ms)
{
    link->state = state;
    link->since = now_ms();
    link->deadline = link->since + allowed_ms;
}

static void recount(rk_link *link)
{
    wire.buffered += link->reader.capacity - link->counted;
    link->counted = link->reader.capacity;
}

static void exchange_free(rk_exchange *exchange)
{
    wire.buffered -= exchange->request->capacity;
    rk_request_free(exchange->request);
    rk_reply_free(exchange->reply);
    free(exchange);
}

/* The client waits no more: forget the work, or let it run into nothing. */
static void abandon(rk_link *link)
{
    rk_exchange *exchange = link->exchange;

    link->exchange = NULL;
    if (!exchange)
        return;
    exchange->link = NULL;
    rk_metrics_in_flight(-1);
    if (rk_jobs_cancel(wire.jobs, &exchange->job))
        exchange_free(exchange);
}

static void on_disconnect(struct connection *connection)
{
    rk_link *link = connection->hdlr_extra;

    connection->hdlr_extra = NULL;
    abandon(link);
    rk_reply_free(link->reply);
    rk_reader_clear(&link->reader);
    recount(link);
    make_unready(link);
    TAILQ_REMOVE(&wire.links, link, all);
    wire.count--;
    free(link);
}

/* The link is gone afterwards; false, for callers that pass it on. */
static bool drop(rk_link *link)
{
    kore_connection_disconnect(link->kore);
    return false;
}

/* Closing with unread bytes would destroy the answer on its way: send the end, and wait for theirs.
 */
static bool begin_linger(rk_link *link)
{
    if (shutdown(link->kore->fd, SHUT_WR) != 0 || link->ended)
        return drop(link);
    rk_reader_clear(&link->reader);
    recount(link);
    enter(link, LINK_LINGERING, wire.draining ? DRAIN_LINGER_MS : LINGER_MS);
    return make_ready(link);
}

static bool linger(rk_link *link)
{
    static char waste[65536];

    for (int turn = 0; turn < 16; turn++) {
        ssize_t got = recv(link->kore->fd, waste, sizeof(waste), MSG_DONTWAIT);

        if (got > 0)
            continue;
        if (got < 0 && errno == EINTR)
            continue;
        return got < 0 && errno == EAGAIN ? true : drop(link);
    }
    return make_ready(link);
}

static bool end_reply(rk_link *link)
{
    rk_reply_free(link->reply);
    link->reply = NULL;
    if (!link->keep_alive || wire.draining)
        return begin_linger(link);

    bool begun = rk_reader_is_begun(&link->reader);

    enter(link, LINK_READING, begun ? wire.request_ms : wire.keep_alive_ms);
    return begun || link->ended || (link->kore->evt.flags & KORE_EVENT_READ) ? make_ready(link)
                                                                             : true;
}

static const char *connection_line(const rk_link *link)
{
    return link->keep_alive ? "connection: keep-alive\r\n\r\n" : "connection: close\r\n\r\n";
}

/* What is still to be sent, as parts; returns their number. */
static int rest_of_reply(struct iovec parts[3], const rk_link *link)
{
    const char *line = connection_line(link);
    const struct iovec whole[3] = {
        {link->reply->head,                    link->reply->head_size},
        {(void *)(uintptr_t)line,              strlen(line)          },
        {(void *)(uintptr_t)link->reply->body, link->reply->body_size},
    };
    size_t skip = link->sent;
    int count = 0;

    for (int i = 0; i < 3; i++) {
        if (skip >= whole[i].iov_len) {
            skip -= whole[i].iov_len;
            continue;
        }
        parts[count].iov_base = (char *)whole[i].iov_base + skip;
        parts[count++].iov_len = whole[i].iov_len - skip;
        skip = 0;
    }
    return count;
}

static bool write_some(rk_link *link)
{
    struct iovec parts[3];
    size_t turn = 0;

    while (turn < WRITE_TURN) {
        struct msghdr message = {.msg_iov = parts};

        message.msg_iovlen = (size_t)rest_of_reply(parts, link);
        if (message.msg_iovlen == 0)
            return end_reply(link);

        ssize_t sent = sendmsg(link->kore->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return true;
        if (sent < 0)
            return drop(link);
        link->sent += (size_t)sent;
        link->deadline = now_ms() + wire.response_ms;
        turn += (size_t)sent;
    }
    return make_ready(link);
}

/* Takes the reply. */
static bool start_reply(rk_link *link, rk_reply *reply)
{
    link->reply = reply;
    link->sent = 0;
    enter(link, LINK_WRITING, wire.response_ms);
    if (wire.draining)
        link->keep_alive = false;
    return write_some(link);
}

static bool refuse_with(rk_link *link, int status, const char *message, bool is_head)
{
    link->keep_alive = false;
    rk_metrics_refused(status);
    return start_reply(link, rk_service_refuse(wire.service, status, message, is_head));
}

static bool refuse(rk_link *link)
{
    const rk_reader *reader = &link->reader;
    bool is_head = reader->target && strcmp(reader->data + (reader->skipped ? 2 : 0), "HEAD") == 0;
    char message[256];

    snprintf(message, sizeof(message), "%s%s", reader->text, reader->value ? reader->value : "");
    return refuse_with(link, reader->status, message, is_head);
}

static bool has_no_memory(rk_link *link)
{
    return refuse_with(link, 503, "The server is short of memory. Try again later.", false);
}

static void count(const rk_exchange *exchange, int status)
{
    if (rk_service_is_counted(exchange->request))
        rk_metrics_request(exchange->request->http.method, exchange->request->http.target, status,
                           now_us() - exchange->began_us);
}

static void run(rk_job *job)
{
    rk_exchange *exchange = (rk_exchange *)job;

    exchange->reply = rk_service_answer(wire.service, exchange->request);
}

/* Hands the answer of an exchange to its connection, if that is still there, and frees the
 * exchange. */
static bool deliver(rk_exchange *exchange)
{
    rk_link *link = exchange->link;
    rk_reply *reply = exchange->reply;

    if (!link) {
        exchange_free(exchange);
        return false;
    }
    count(exchange, reply->status);
    rk_metrics_in_flight(-1);
    exchange->reply = NULL;
    link->exchange = NULL;
    exchange_free(exchange);
    return start_reply(link, reply);
}

static rk_exchange *make_exchange(rk_link *link)
{
    rk_exchange *exchange = calloc(1, sizeof(*exchange));

    if (!exchange)
        return NULL;
    exchange->request = rk_reader_detach(&link->reader);
    if (!exchange->request) {
        free(exchange);
        return NULL;
    }
    wire.buffered += exchange->request->capacity;
    recount(link);
    memcpy(exchange->peer, link->peer, sizeof(exchange->peer));
    if (exchange->peer[0])
        exchange->request->http.peer = exchange->peer;
    exchange->began_us = now_us();
    exchange->job.run = run;
    exchange->link = link;
    link->exchange = exchange;
    link->keep_alive = exchange->request->keep_alive && !wire.draining;
    rk_metrics_in_flight(1);
    return exchange;
}

static bool dispatch(rk_link *link)
{
    rk_exchange *exchange = make_exchange(link);

    if (!exchange)
        return has_no_memory(link);
    if (rk_service_is_quick(wire.service, exchange->request)) {
        run(&exchange->job);
        return deliver(exchange);
    }
    enter(link, LINK_WORKING, wire.response_ms);
    if (rk_jobs_submit(wire.jobs, &exchange->job) == 0)
        return true;
    exchange->reply =
        rk_service_refuse(wire.service, 503, "The server has no thread to spare.", false);
    return deliver(exchange);
}

static void send_continue(rk_link *link)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    link->reader.expects = 0;
    (void)!send(link->kore->fd, text, sizeof(text) - 1,
                MSG_NOSIGNAL | MSG_DONTWAIT); /* the client may go on without */
}

/* Receives into the reader what is there. */
static rk_receipt receive(rk_link *link, size_t *received)
{
    bool small = link->reader.capacity < SMALL_BUFFER;
    uint64_t spare = wire.buffered < wire.buffered_most ? wire.buffered_most - wire.buffered : 0;
    size_t room;

    *received = 0;
    if (!(link->kore->evt.flags & KORE_EVENT_READ))
        return RECEIPT_NOTHING;

    char *at = rk_reader_room(&room, &link->reader, small ? SIZE_MAX : spare);

    recount(link);
    if (!at)
        return RECEIPT_NO_MEMORY;

    ssize_t got = recv(link->kore->fd, at, room, MSG_DONTWAIT);

    if (got < 0 && errno == EINTR)
        return RECEIPT_BYTES;
    if (got < 0 && errno == EAGAIN) {
        link->kore->evt.flags &= ~KORE_EVENT_READ;
        return RECEIPT_NOTHING;
    }
    if (got <= 0)
        return RECEIPT_END;
    if (!rk_reader_is_begun(&link->reader))
        enter(link, LINK_READING, wire.request_ms);
    if ((size_t)got < room && !link->ended)
        link->kore->evt.flags &=
            ~KORE_EVENT_READ; /* a short read has emptied the socket: epoll(7) */
    *received = (size_t)got;
    return RECEIPT_BYTES;
}

/* Waits for more. An idle connection holds no buffer. */
static bool wait_for_more(rk_link *link)
{
    if (!rk_reader_is_begun(&link->reader))
        rk_reader_clear(&link->reader);
    recount(link);
    return true;
}

/* Looks at the bytes received. Whether the request needs more; if not, @p alive is whether the link
 * is still there. */
static bool needs_more(bool *alive, rk_link *link, size_t received)
{
    switch (rk_reader_take(&link->reader, received)) {
    case RK_READ_REQUEST:
        *alive = dispatch(link);
        return false;
    case RK_READ_REFUSED:
        *alive = refuse(link);
        return false;
    case RK_READ_MORE:
        break;
    }
    if (link->reader.expects)
        send_continue(link);
    return true;
}

static bool read_some(rk_link *link)
{
    size_t received = 0, turn = 0;
    bool alive = true;

    while (needs_more(&alive, link, received)) {
        rk_receipt receipt = turn < READ_TURN ? receive(link, &received) : RECEIPT_LATER;

        if (receipt == RECEIPT_NOTHING)
            return wait_for_more(link);
        if (receipt == RECEIPT_END)
            return drop(link);
        if (receipt == RECEIPT_NO_MEMORY)
            return has_no_memory(link);
        if (receipt == RECEIPT_LATER)
            return make_ready(link);
        turn += received;
    }
    return alive;
}

/* While a thread works: only a connection that is broken both ways matters. */
static bool watch(rk_link *link)
{
    char byte;

    if (!link->ended)
        return true;

    ssize_t got = recv(link->kore->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return got >= 0 || errno == EAGAIN || errno == EINTR ? true : drop(link);
}

static bool (*const acts[])(rk_link *link) = {
    [LINK_READING] = read_some,
    [LINK_WORKING] = watch,
    [LINK_WRITING] = write_some,
    [LINK_LINGERING] = linger,
};

/* From Kore's event loop. @p error: the other side has ended its half, or all of it. */
static void on_event(void *arg, int error)
{
    struct connection *connection = arg;
    rk_link *link = connection->hdlr_extra;

    if (!link)
        return;
    if (error) {
        link->ended = true;
        connection->evt.flags |= KORE_EVENT_READ;
    }
    acts[link->state](link);
}

static void advance_ready(void)
{
    rk_link *link;

    /* Who becomes ready meanwhile waits for the next turn of the loop. */
    for (unsigned count = wire.ready_count; count > 0 && (link = TAILQ_FIRST(&wire.ready));
         count--) {
        make_unready(link);
        acts[link->state](link);
    }
    if (wire.ready_count > 0)
        wake();
}

/* Threads have finished, connections want to go on, or the worker shall drain. */
static void on_wake(void *arg, int error)
{
    uint64_t ignored;
    rk_job *next;

    (void)arg;
    (void)error;
    (void)!read(wire.event_fd, &ignored, sizeof(ignored)); /* it is only a bell */
    for (rk_job *job = rk_jobs_finished(wire.jobs); job; job = next) {
        next = job->next;
        deliver((rk_exchange *)job);
    }
    advance_ready();
    if (wire.drain_wanted || wire.draining)
        rk_wire_tick();
}

static void expire(rk_link *link)
{
    switch (link->state) {
    case LINK_READING:
        if (rk_reader_is_begun(&link->reader))
            refuse_with(link, 408, "Request Timeout", false);
        else
            drop(link);
        break;
    case LINK_WORKING:
        count(link->exchange, 503);
        bool is_head = strcmp(link->exchange->request->http.method, "HEAD") == 0;

        abandon(link);
        refuse_with(link, 503, "Response Timeout", is_head);
        break;
    case LINK_WRITING:
    case LINK_LINGERING:
        drop(link);
        break;
    }
}

static bool is_idle(const rk_link *link)
{
    return link->state == LINK_READING && !rk_reader_is_begun(&link->reader);
}

/* New clients are refused at once, by all workers. */
static void stop_listener(struct listener *listener)
{
    kore_platform_event_schedule(listener->fd, 0, 0, listener);
    kore_platform_disable_read(listener->fd);
    shutdown(listener->fd, SHUT_RDWR);
    LIST_REMOVE(listener, list);
}

static void stop_listening(void)
{
    struct kore_server *server = LIST_FIRST(&kore_servers);

    worker_max_connections = 0;
    while (!LIST_EMPTY(&server->listeners))
        stop_listener(LIST_FIRST(&server->listeners));
}

void rk_wire_drain(void)
{
    rk_link *link, *next;

    if (wire.draining)
        return;
    wire.draining = true;
    wire.drain_until = now_ms() + wire.grace_ms;
    stop_listening();
    for (link = TAILQ_FIRST(&wire.links); link; link = next) {
        next = TAILQ_NEXT(link, all);
        if (is_idle(link))
            drop(link);
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
        {"SANIC_REQUEST_TIMEOUT",           &wire.request_ms,        60,        1000},
        {"SANIC_RESPONSE_TIMEOUT",          &wire.response_ms,       60,        1000},
        {"SANIC_KEEP_ALIVE_TIMEOUT",        &wire.keep_alive_ms,     120,       1000},
        {"SANIC_GRACEFUL_SHUTDOWN_TIMEOUT", &wire.grace_ms,          15,        1000},
        {"SANIC_REQUEST_MAX_SIZE",          &wire.limits.body_bytes, 100000000, 1   },
        {"SANIC_REQUEST_MAX_HEADER_SIZE",   &wire.limits.head_bytes, 65535,     1   },
        {"RENKU_SERVER_BUFFER_BYTES",       &wire.buffered_most,     268435456, 1   },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        *rows[i].out =
            (uint64_t)(rk_service_number(rows[i].name, rows[i].fallback) * rows[i].factor);
    if (wire.limits.head_bytes > HEAD_MOST)
        wire.limits.head_bytes = HEAD_MOST;
}

int rk_wire_open(rk_service *service)
{
    wire.service = service;
    TAILQ_INIT(&wire.links);
    TAILQ_INIT(&wire.ready);
    read_limits();
    wire.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wire.event_fd < 0)
        return -1;
    wire.jobs = rk_jobs_new((unsigned)rk_service_number("RENKU_SERVER_THREADS", 32), wire.event_fd);
    wire.event.handle = on_wake;
    kore_platform_event_schedule(wire.event_fd, EPOLLIN, 0, &wire.event);
    return wire.jobs ? 0 : -1;
}

void rk_wire_connect(struct connection *connection)
{
    rk_link *link = calloc(1, sizeof(*link));

    connection->evt.handle = on_event;
    connection->idle_timer.length = UINT64_MAX; /* the deadlines are ours */
    if (!link) {
        kore_connection_disconnect(connection);
        return;
    }
    link->kore = connection;
    enter(link, LINK_READING, wire.request_ms);
    rk_reader_init(&link->reader, &wire.limits);
    if (connection->family == AF_INET)
        inet_ntop(AF_INET, &connection->addr.ipv4.sin_addr, link->peer, sizeof(link->peer));
    if (connection->family == AF_INET6)
        inet_ntop(AF_INET6, &connection->addr.ipv6.sin6_addr, link->peer, sizeof(link->peer));
    connection->hdlr_extra = link;
    connection->disconnect = on_disconnect;
    TAILQ_INSERT_TAIL(&wire.links, link, all);
    wire.count++;
}

void rk_wire_tick(void)
{
    uint64_t now = now_ms();
    bool crowded = wire.count > worker_max_connections / 10 * 9;
    rk_link *link, *next;

    if (wire.drain_wanted)
        rk_wire_drain();
    for (link = TAILQ_FIRST(&wire.links); link; link = next) {
        next = TAILQ_NEXT(link, all);
        if (link->deadline <= now ||
            (crowded && is_idle(link) && now - link->since > CROWDED_IDLE_MS))
            expire(link);
    }
    if (wire.draining &&
        ((wire.count == 0 && rk_jobs_count(wire.jobs) == 0) || now >= wire.drain_until))
        sig_recv = SIGQUIT;
}

void rk_wire_drain_later(void)
{
    int saved = errno;

    wire.drain_wanted = 1;
    wake();
    errno = saved;
}

bool rk_wire_close(void)
{
    rk_link *link, *next;

    for (link = TAILQ_FIRST(&wire.links); link; link = next) {
        next = TAILQ_NEXT(link, all);
        drop(link);
    }
    if (rk_jobs_count(wire.jobs) > 0)
        return false;
    on_wake(NULL, 0);
    rk_jobs_free(wire.jobs);
    return true;
}
