/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/link.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <sys/uio.h>

#include "frontends/server/metrics.h"
#include "frontends/server/wire.h"

/* What one connection may take before the others have their turn, in bytes. */
#define READ_TURN 262144
#define WRITE_TURN 1048576
/* No smaller buffer is refused for want of memory. */
#define SMALL_BUFFER 16384
#define LINGER_MS 5000
#define DRAIN_LINGER_MS 500
/* How long a server that ends waits for the first request of a connection. */
#define FIRST_REQUEST_MS 1000

typedef enum {
    RECEIPT_BYTES,
    RECEIPT_NOTHING, /* not now */
    RECEIPT_LATER,   /* the others have their turn first */
    RECEIPT_END,     /* the client has ended */
    RECEIPT_NO_MEMORY,
} rk_receipt;

rk_wire_shared rk_wire;

static bool read_some(rk_link *link);
static bool write_some(rk_link *link);

static uint64_t look_at_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    rk_wire.now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    return rk_wire.now_us;
}

uint64_t rk_link_now_ms(void)
{
    return look_at_clock() / 1000;
}

void rk_link_wake(void)
{
    uint64_t one = 1;

    (void)!write(rk_wire.event_fd, &one, sizeof(one)); /* only fails when it is readable anyway */
}

/* Lets the others go first. True, for callers that pass it on: the link is there. */
static bool make_ready(rk_link *link)
{
    if (link->ready)
        return true;
    if (TAILQ_EMPTY(&rk_wire.ready))
        rk_link_wake();
    link->ready = true;
    rk_wire.ready_count++;
    TAILQ_INSERT_TAIL(&rk_wire.ready, link, next_ready);
    return true;
}

static void make_unready(rk_link *link)
{
    if (!link->ready)
        return;
    link->ready = false;
    rk_wire.ready_count--;
    TAILQ_REMOVE(&rk_wire.ready, link, next_ready);
}

static void enter(rk_link *link, rk_link_state state, uint64_t allowed_ms)
{
    link->state = state;
    link->since = rk_wire.now_us / 1000;
    link->deadline = link->since + allowed_ms;
}

static void recount(rk_link *link)
{
    rk_wire.buffered += link->reader.capacity - link->counted;
    link->counted = link->reader.capacity;
}

static void exchange_free(rk_exchange *exchange)
{
    rk_wire.buffered -= exchange->request->capacity;
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
    if (rk_jobs_cancel(rk_wire.jobs, &exchange->job))
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
    TAILQ_REMOVE(&rk_wire.links, link, all);
    rk_wire.count--;
    free(link);
}

/* The link is gone afterwards; false, for callers that pass it on. */
bool rk_link_drop(rk_link *link)
{
    kore_connection_disconnect(link->kore);
    return false;
}

/* Closing with unread bytes would destroy the answer on its way: send the end, and wait for theirs.
 */
static bool begin_linger(rk_link *link)
{
    if (shutdown(link->kore->fd, SHUT_WR) != 0 || link->ended)
        return rk_link_drop(link);
    rk_reader_clear(&link->reader);
    recount(link);
    enter(link, LINK_LINGERING, rk_wire.draining ? DRAIN_LINGER_MS : LINGER_MS);
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
        return got < 0 && errno == EAGAIN ? true : rk_link_drop(link);
    }
    return make_ready(link);
}

static bool end_reply(rk_link *link)
{
    rk_reply_free(link->reply);
    link->reply = NULL;
    if (!link->keep_alive || rk_wire.draining)
        return begin_linger(link);

    bool begun = rk_reader_is_begun(&link->reader);

    enter(link, LINK_READING, begun ? rk_wire.request_ms : rk_wire.keep_alive_ms);
    return begun || link->ended || (link->kore->evt.flags & KORE_EVENT_READ) ? make_ready(link)
                                                                             : true;
}

/* What is still to be sent, as parts; returns their number. */
static int rest_of_reply(struct iovec parts[2], const rk_link *link)
{
    const struct iovec whole[2] = {
        {link->reply->head,                    link->reply->head_size},
        {(void *)(uintptr_t)link->reply->body, link->reply->body_size},
    };
    size_t skip = link->sent;
    int count = 0;

    for (int i = 0; i < 2; i++) {
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
    struct iovec parts[2];
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
            return rk_link_drop(link);
        link->sent += (size_t)sent;
        link->deadline = rk_wire.now_us / 1000 + rk_wire.response_ms;
        turn += (size_t)sent;
    }
    return make_ready(link);
}

/* Takes the reply. */
static bool start_reply(rk_link *link, rk_reply *reply)
{
    link->reply = reply;
    link->sent = 0;
    enter(link, LINK_WRITING, rk_wire.response_ms);
    link->keep_alive = rk_reply_seal(reply, link->keep_alive && !rk_wire.draining);
    return write_some(link);
}

/* The request may be that of the exchange, which nobody waits for then. */
static bool refuse_with(rk_link *link, const renku_http_request *request, int status,
                        const char *message)
{
    rk_reply *reply = rk_service_refuse(rk_wire.service, request, status, message);

    abandon(link);
    link->keep_alive = false;
    rk_metrics_refused(status);
    return start_reply(link, reply);
}

/* What the reader has of a request that it does not get to its end. */
static bool refuse_unread(rk_link *link, int status, const char *message)
{
    renku_http_header headers[RK_READER_FIELDS];
    renku_http_request request;
    bool known = rk_reader_peek(&request, headers, &link->reader);

    return refuse_with(link, known ? &request : NULL, status, message);
}

static bool refuse(rk_link *link)
{
    const rk_reader *reader = &link->reader;
    char message[256];

    snprintf(message, sizeof(message), "%s%s", reader->text, reader->value ? reader->value : "");
    return refuse_unread(link, reader->status, message);
}

static bool has_no_memory(rk_link *link)
{
    return refuse_unread(link, 503, "The server is short of memory. Try again later.");
}

static void count(const rk_exchange *exchange, int status)
{
    if (rk_service_is_counted(exchange->request))
        rk_metrics_request(exchange->request->http.method, exchange->request->http.target, status,
                           look_at_clock() - exchange->began_us);
}

static void run(rk_job *job)
{
    rk_exchange *exchange = (rk_exchange *)job;

    exchange->reply = rk_service_answer(rk_wire.service, exchange->request);
}

/* Hands the answer of an exchange to its connection, if that is still there, and frees the
 * exchange. */
bool rk_link_deliver(rk_exchange *exchange)
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
    rk_wire.buffered += exchange->request->capacity;
    recount(link);
    memcpy(exchange->peer, link->peer, sizeof(exchange->peer));
    if (exchange->peer[0])
        exchange->request->http.peer = exchange->peer;
    exchange->began_us = rk_wire.now_us;
    exchange->job.run = run;
    exchange->link = link;
    link->exchange = exchange;
    link->keep_alive = exchange->request->keep_alive && !rk_wire.draining;
    rk_metrics_in_flight(1);
    return exchange;
}

/* To a thread. */
static bool submit(rk_exchange *exchange)
{
    if (rk_jobs_submit(rk_wire.jobs, &exchange->job) == 0)
        return true;
    exchange->reply = rk_service_refuse(rk_wire.service, &exchange->request->http, 503,
                                        "The server has no thread to spare.");
    return rk_link_deliver(exchange);
}

void rk_link_collect(void)
{
    rk_reply *reply;
    void *user;

    while (rk_service_next(&reply, &user, rk_wire.service)) {
        rk_exchange *exchange = user;

        rk_wire.on_line--;
        exchange->reply = reply;
        if (reply || !exchange->link)
            rk_link_deliver(exchange);
        else
            submit(exchange);
    }
    rk_wire_watch();
}

static bool is_for_loop(const rk_request *request)
{
    rk_giver giver = rk_service_giver(request);

    return giver == RK_BY_LOOP || (giver == RK_BY_LOOP_WHEN_BUSY && rk_jobs_are_busy(rk_wire.jobs));
}

static bool dispatch(rk_link *link)
{
    rk_exchange *exchange = make_exchange(link);

    if (!exchange)
        return has_no_memory(link);
    if (is_for_loop(exchange->request)) {
        exchange->reply = rk_service_answer_at_once(rk_wire.service, exchange->request);
        return rk_link_deliver(exchange);
    }
    link->used = true;
    enter(link, LINK_WORKING, rk_wire.response_ms);
    int taken = rk_service_begin(&exchange->reply, rk_wire.service, exchange->request, exchange);

    rk_wire.on_line += taken && !exchange->reply;
    rk_wire_watch();
    if (exchange->reply)
        return rk_link_deliver(exchange);
    return taken || submit(exchange);
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
    uint64_t spare =
        rk_wire.buffered < rk_wire.buffered_most ? rk_wire.buffered_most - rk_wire.buffered : 0;
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
        enter(link, LINK_READING, rk_wire.request_ms);
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
            return rk_link_drop(link);
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

    return got >= 0 || errno == EAGAIN || errno == EINTR ? true : rk_link_drop(link);
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
    look_at_clock();
    if (error) {
        link->ended = true;
        connection->evt.flags |= KORE_EVENT_READ;
    }
    acts[link->state](link);
}

void rk_link_open(struct connection *connection)
{
    rk_link *link = calloc(1, sizeof(*link));

    connection->evt.handle = on_event;
    connection->idle_timer.length = UINT64_MAX; /* the deadlines are ours */
    if (!link) {
        kore_connection_disconnect(connection);
        return;
    }
    link->kore = connection;
    look_at_clock();
    enter(link, LINK_READING, rk_wire.draining ? FIRST_REQUEST_MS : rk_wire.request_ms);
    rk_reader_init(&link->reader, &rk_wire.limits);
    if (connection->family == AF_INET)
        inet_ntop(AF_INET, &connection->addr.ipv4.sin_addr, link->peer, sizeof(link->peer));
    if (connection->family == AF_INET6)
        inet_ntop(AF_INET6, &connection->addr.ipv6.sin6_addr, link->peer, sizeof(link->peer));
    connection->hdlr_extra = link;
    connection->disconnect = on_disconnect;
    TAILQ_INSERT_TAIL(&rk_wire.links, link, all);
    rk_wire.count++;
}

bool rk_link_is_idle(const rk_link *link)
{
    return link->state == LINK_READING && !rk_reader_is_begun(&link->reader);
}

static bool has_unread(const rk_link *link)
{
    char byte;

    return recv(link->kore->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void rk_link_wind_up(rk_link *link)
{
    uint64_t latest = rk_link_now_ms() + FIRST_REQUEST_MS;

    if (!rk_link_is_idle(link) || has_unread(link))
        return;
    if (link->used)
        rk_link_drop(link);
    else if (latest < link->deadline)
        link->deadline = latest;
}

void rk_link_expire(rk_link *link)
{
    switch (link->state) {
    case LINK_READING:
        if (rk_reader_is_begun(&link->reader))
            refuse_unread(link, 408, "Request Timeout");
        else
            rk_link_drop(link);
        break;
    case LINK_WORKING:
        count(link->exchange, 503);
        refuse_with(link, &link->exchange->request->http, 503, "Response Timeout");
        break;
    case LINK_WRITING:
    case LINK_LINGERING:
        rk_link_drop(link);
        break;
    }
}

void rk_link_advance_ready(void)
{
    rk_link *link;

    look_at_clock();
    /* Who becomes ready meanwhile waits for the next turn of the loop. */
    for (unsigned count = rk_wire.ready_count; count > 0 && (link = TAILQ_FIRST(&rk_wire.ready));
         count--) {
        make_unready(link);
        acts[link->state](link);
    }
    if (rk_wire.ready_count > 0)
        rk_link_wake();
}
