/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LINE_H
#define RK_LINE_H

#include "librenku/db/db.h"

struct pg_result;

/* One pipelined connection for the event loop of a server: operations that read by one statement
 * travel on it together, and no thread waits for any of them. An operation with a ticket runs until
 * it asks for its row, whereupon all up to dispatch answer RK_SUSPENDED; once the row is there it
 * runs again, and finds it. What cannot be done in this way is left to a thread that may wait:
 * whatever goes wrong, too, so that failures are dealt with in one place.
 *
 * A line belongs to one thread. */
typedef struct rk_line rk_line;

typedef enum {
    RK_TICKET_NEW,
    RK_TICKET_SENT,
    RK_TICKET_ANSWERED, /* the operation may run again */
    RK_TICKET_SPENT,    /* the row was taken */
    RK_TICKET_REFUSED,  /* only a thread that may wait can do this */
} rk_ticket_state;

/* What one operation asks of a line; op->ticket. It must live until rk_line_next() has given it
 * back, or it was never sent. */
typedef struct rk_ticket {
    rk_line *line;
    rk_ticket_state state;
    void *owner;
    struct rk_ticket *next;
    const rk_query *query;
    struct pg_result *result;
    int64_t sent_ms;
    int64_t sent_us; /* the same for what is measured */
    bool parsed;     /* a Parse of the statement travels along */
    bool synced;     /* a Sync follows it */
} rk_ticket;

/* Opens no connection: it takes one of the pool's that lies idle. NULL without memory. */
rk_line *rk_line_new(rk_pool *pool);
/* Nothing may be under way. */
void rk_line_free(rk_line *line);
/* Whether a statement may be sent now: there is a connection, and nothing before it is slow. */
bool rk_line_is_open(rk_line *line);
/* The socket to wait for, to read; -1 without a connection. */
int rk_line_socket(const rk_line *line);
/* Reads what has arrived. A connection that is lost or slow is given up. */
void rk_line_read(rk_line *line);
bool rk_line_is_busy(const rk_line *line);
/* Gives up all that is under way, and the connection. */
void rk_line_drop(rk_line *line);
/* Lets go of a row that was not taken. */
void rk_ticket_clear(rk_ticket *ticket);
/* The next ticket that is answered or refused, oldest first; NULL when there is none. */
rk_ticket *rk_line_next(rk_line *line);

#endif
