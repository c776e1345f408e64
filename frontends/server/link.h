/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LINK_H
#define RK_LINK_H

#include <netinet/in.h>

#include <kore/kore.h>

#include "frontends/server/jobs.h"
#include "frontends/server/service.h"

/* One connection, from its first byte to its last. Functions that return bool say whether it is
 * still there. */

typedef enum { LINK_READING, LINK_WORKING, LINK_WRITING, LINK_LINGERING } rk_link_state;

struct rk_exchange;

typedef struct rk_link {
    struct connection *kore;
    rk_reader reader;
    size_t counted; /* bytes of the reader within rk_wire.buffered */
    struct rk_exchange *exchange;
    rk_reply *reply;
    size_t sent;
    uint64_t since, deadline; /* of this state, milliseconds */
    rk_link_state state;
    bool keep_alive;
    bool ended; /* the other side sends no more, or is gone */
    bool ready;
    bool used; /* a request has begun */
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

/* What the connections of a worker share. All of it belongs to the event loop. */
typedef struct rk_wire_shared {
    rk_service *service;
    rk_jobs *jobs;
    struct kore_event event, line_event;
    int event_fd, line_fd;
    unsigned on_line; /* requests */
    bool line_timed;
    struct rk_links links, ready;
    unsigned count, ready_count;
    rk_reader_limits limits;
    uint64_t request_ms, response_ms, keep_alive_ms, grace_ms;
    uint64_t now_us; /* when the loop last looked at the clock */
    uint64_t buffered, buffered_most;
    volatile sig_atomic_t drain_wanted;
    bool draining;  /* answers are the last of their connections */
    bool listening; /* still, while draining: until those who are connecting are connected */
    uint64_t listen_until;
    uint64_t drain_until;
} rk_wire_shared;

extern rk_wire_shared rk_wire;

/* Looks at the clock: once for what belongs together, since deadlines are of seconds. */
uint64_t rk_link_now_ms(void);
/* Rings the bell of the event loop. Signal-safe. */
void rk_link_wake(void);
/* Takes over a connection that Kore has accepted. */
void rk_link_open(struct connection *connection);
bool rk_link_drop(rk_link *link);
/* Whether it only waits for the first byte of a request. */
bool rk_link_is_idle(const rk_link *link);
/* The worker drains: closes it when it is idle, but waits for a request that may be on its way. */
void rk_link_wind_up(rk_link *link);
/* Its time is up. */
void rk_link_expire(rk_link *link);
/* Lets those go on that left the others their turn. */
void rk_link_advance_ready(void);
/* Hands on what the service has done without a thread. */
void rk_link_collect(void);
/* Hands the answer of an exchange to its connection, if that is still there, and frees the
 * exchange. */
bool rk_link_deliver(rk_exchange *exchange);

#endif
