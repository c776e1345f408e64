/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SESSION_H
#define RK_SESSION_H

#include <libpq-fe.h>

#include "librenku/db/db.h"

/* What the files of this folder share; nobody else includes it. */

/* --- one connection (connection.c) --- */

typedef struct {
    const rk_query *query; /* NULL is a free place */
    uint64_t name;
} rk_prepared;

typedef struct rk_conn {
    PGconn *pg;
    struct rk_conn *next; /* among the idle ones of the pool */
    bool fresh;           /* its settings have not been sent yet */
    rk_prepared *prepared;
    size_t prepared_count;
    size_t reserved_count;
    size_t prepared_capacity; /* a power of two, or 0 */
} rk_conn;

/* What came of a talk with the server; a statement that it refused is RK_WIRE_OK. */
typedef enum {
    RK_WIRE_OK,
    RK_WIRE_LOST,
    RK_WIRE_LATE,
    RK_WIRE_CANCELLED,
    RK_WIRE_NO_MEMORY,
} rk_wire;

/* How long to wait for the server. */
typedef struct {
    int64_t deadline_ms;               /* 0: for ever */
    const struct renku_cancel *cancel; /* NULL is none */
} rk_patience;

rk_patience rk_patience_of(const rk_op *op);

enum { RK_CONNECT_MS = 10000 };

int rk_conn_open(rk_conn **out, rk_op *op, const rk_pool_options *options);
/* The answer to who gets none. */
int rk_conn_refused(rk_op *op);
void rk_conn_free(rk_conn *conn);
/* Whether a connection that lay idle can be used: it has sent nothing, and no end of file. */
bool rk_conn_is_alive(rk_conn *conn);
/* Waits until the socket is ready for one of the events. */
rk_wire rk_conn_wait(rk_conn *conn, short events, rk_patience patience);
/* The next result of the queries under way, NULL at the end of one. */
rk_wire rk_conn_next(PGresult **out, rk_conn *conn, rk_patience patience);
/* The name under which the statement stands prepared on this connection. */
bool rk_conn_prepared(uint64_t *name, const rk_conn *conn, const rk_query *query);
bool rk_conn_has_name(const rk_conn *conn, uint64_t name);
/* Makes room for one more note in this round trip; false without memory. */
bool rk_conn_reserve(rk_conn *conn);
/* Notes a statement as prepared; there must be room. */
void rk_conn_note(rk_conn *conn, const rk_query *query, uint64_t name);

/* --- the pool (pool.c) --- */

/* One that nobody else waits for; NULL is none. It may be dead. */
rk_conn *rk_pool_take_idle(rk_pool *pool);
/* Waits for one, or opens it. One that lay idle may be dead. */
int rk_pool_take(rk_conn **out, rk_op *op, rk_pool *pool);
/* @p usable false closes it. */
void rk_pool_give(rk_pool *pool, rk_conn *conn, bool usable);
/* One that lies idle and is alive, if there is one that can be spared: nobody waits for it, and it
 * is not the only one that may be. NULL is none. */
rk_conn *rk_pool_lend(rk_pool *pool);
/* Whether somebody waits for one, so that a lent one should be given. */
bool rk_pool_wants_back(const rk_pool *pool);
const rk_pool_options *rk_pool_options_of(const rk_pool *pool);
/* Behind a pooler that hands out another server for each transaction, statements are parsed each
 * time. */
bool rk_pool_is_unnamed(rk_pool *pool);
void rk_pool_set_unnamed(rk_pool *pool, const rk_op *op);

/* --- one operation's session (session.c) --- */

/* One statement on its way. */
typedef struct rk_step {
    struct rk_step *next;
    const rk_query *query;
    rk_params params;
    void *out;        /* filled with one row when this is a deferred statement; else NULL */
    bool parsed;      /* a Parse of it travels along */
    uint64_t name;    /* of the prepared statement */
    PGresult *result; /* owned by the arena */
} rk_step;

struct rk_session {
    rk_pool *pool;
    rk_conn *conn;     /* NULL before the first statement and after the end */
    rk_step *deferred; /* oldest first */
    rk_step **deferred_end;
    bool open;   /* between begin and commit or end */
    bool begun;  /* BEGIN has been answered */
    bool failed; /* the transaction can only be rolled back */
    int statements;
    int round_trips;
};

/* The session of the operation, made at first use; NULL without memory. */
struct rk_session *rk_session_of(rk_op *op);
/* Gives the connection back; @p usable false closes it. */
void rk_session_drop(struct rk_session *session, bool usable);
/* Sends what was deferred and then @p last, in one round trip; @p last has its result afterwards.
 */
int rk_session_run(rk_op *op, struct rk_session *session, rk_step *last);
/* Runs a text of several statements inside the open transaction. For migrations. */
int rk_session_script(rk_op *op, const char *sql);

/* --- what it costs (measure.c) --- */

/* Microseconds of a clock that only goes forward. */
int64_t rk_measure_now(void);
/* rk_pool_take() with its wait counted. */
int rk_measure_take(rk_conn **out, rk_op *op, rk_pool *pool);
/* Counts a statement that was answered, and logs it when it was slow. */
void rk_measure_statement(rk_op *op, const rk_step *step, int64_t micros);

/* --- one round trip (exchange.c) --- */

enum { RK_STATEMENT_NAME_SIZE = 24 };

/* Under which name the server knows a statement. */
void rk_statement_name(char out[RK_STATEMENT_NAME_SIZE], const char *sql);

extern const rk_query rk_query_begin, rk_query_commit;

/* Sends the steps and waits for all answers. Repeats them on a fresh connection when nothing can
 * have been done yet. */
int rk_exchange(rk_op *op, struct rk_session *session, rk_step *steps);
/* Sends one statement, alone and without a Sync. It counts as prepared at once: whoever reads that
 * the server refused it gives the connection up. */
bool rk_exchange_send(rk_op *op, rk_conn *conn, rk_step *step);
/* PQclear for an arena. */
void rk_result_clear(void *result);
/* Ends the transaction on the server, whatever its state; false when the connection has to go. */
bool rk_exchange_rollback(rk_conn *conn);

/* --- without waiting (line.c) --- */

/* The statement of an operation with a ticket: its result, once it is there; RK_SUSPENDED before.
 */
int rk_line_run(rk_op *op, rk_step *step);

/* --- what failed (failure.c) --- */

/* Puts the server's refusal of a step into the slot; returns its error. */
int rk_refusal(rk_op *op, const rk_query *query, const PGresult *result);
int rk_connection_failed(rk_op *op, rk_wire why);
/* The connection ended while a COMMIT, or a change that needs none, was under way. */
int rk_outcome_unknown(rk_op *op, rk_wire why);
/* Whether the server has refused the statement; libpq refuses an answer that it does not
 * understand.
 */
bool rk_refusal_is_of_server(const PGresult *result);
/* Whether the refusal means only that the statement does not stand prepared as we thought. */
bool rk_refusal_is_stale(const PGresult *result);
/* Of those, the ones that a pooler causes. */
bool rk_refusal_is_unnamed(const PGresult *result);
bool rk_refusal_is_transient(const PGresult *result);
/* Whether a change was sent to a server that only reads: a standby, or the old one after a
 * failover. */
bool rk_refusal_is_misplaced(const PGresult *result);

/* --- results to models (row.c) --- */

/* The text to prepare, "{row}" replaced. */
int rk_query_text(const char **out, rk_op *op, const rk_query *query);
/* Row @p number of @p result into the model. */
int rk_row_load(void *out, rk_op *op, const rk_query *query, const PGresult *result, int number);
/* The one row; @p found false when there is none. */
int rk_row_load_one(void *out, bool *found, rk_op *op, const rk_step *step);
/* The one row; none is the error of the query. */
int rk_row_load_found(void *out, rk_op *op, const rk_step *step);
/* Rows given or changed. */
int64_t rk_result_count(const PGresult *result);

#endif
