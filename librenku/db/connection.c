/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/cancel.h"
#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/db/session.h"

enum { FIRST_CAPACITY = 64 };

/* Milliseconds for poll(); 0 when the deadline is over, -1 when there is none. */
static int remaining(int64_t deadline_ms)
{
    if (!deadline_ms)
        return -1;

    int64_t left = deadline_ms - rk_time_monotonic_ms();

    if (left <= 0)
        return 0;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

rk_patience rk_patience_of(const rk_op *op)
{
    return (rk_patience){op->deadline_ms, op->cancel};
}

static rk_wire wait_for(const PGconn *pg, short events, rk_patience patience)
{
    struct pollfd both[] = {
        {.fd = PQsocket(pg),                  .events = events},
        {.fd = rk_cancel_fd(patience.cancel), .events = POLLIN},
    };

    for (;;) {
        int left = remaining(patience.deadline_ms);
        int ready = left == 0 ? 0 : poll(both, RK_COUNT(both), left);

        if (ready > 0)
            return both[1].revents ? RK_WIRE_CANCELLED : RK_WIRE_OK;
        if (ready == 0 && remaining(patience.deadline_ms) == 0)
            return RK_WIRE_LATE;
        if (ready < 0 && errno != EINTR)
            return RK_WIRE_LOST;
    }
}

/* --- opening --- */

static void silent(void *user, const PGresult *notice)
{
    (void)user;   /* libpq would print */
    (void)notice; /* likewise */
}

/* A peer that has silently gone shows within a minute. */
static PGconn *start(const rk_pool_options *options)
{
    const struct {
        const char *name, *value;
    } parameters[] = {
        {"host",                options->host    },
        {"port",                options->port    },
        {"user",                options->user    },
        {"password",            options->password},
        {"dbname",              options->name    },
        {"application_name",    "librenku"       },
        {"client_encoding",     "UTF8"           },
        {"gssencmode",          "disable"        },
        {"keepalives_idle",     "30"             },
        {"keepalives_interval", "10"             },
        {"keepalives_count",    "3"              },
        {"tcp_user_timeout",    "60000"          },
    };
    const char *names[RK_COUNT(parameters) + 1] = {NULL};
    const char *values[RK_COUNT(parameters) + 1] = {NULL};

    for (size_t i = 0; i < RK_COUNT(parameters); i++) {
        names[i] = parameters[i].name;
        values[i] = parameters[i].value;
    }
    return PQconnectStartParams(names, values, 0);
}

static rk_wire finish(PGconn *pg, rk_patience patience)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;

    if (PQstatus(pg) == CONNECTION_BAD)
        return RK_WIRE_LOST;
    for (; next != PGRES_POLLING_OK; next = PQconnectPoll(pg)) {
        if (next == PGRES_POLLING_FAILED)
            return RK_WIRE_LOST;

        rk_wire waited = wait_for(pg, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, patience);

        if (waited != RK_WIRE_OK)
            return waited;
    }
    (void)PQsetNoticeReceiver(pg, silent, NULL); /* gives the former one */
    return PQsetnonblocking(pg, 1) == 0 && PQenterPipelineMode(pg) ? RK_WIRE_OK : RK_WIRE_LOST;
}

int rk_conn_refused(rk_op *op)
{
    return rk_fail(op, RK_ERR_DATABASE,
                   "Database error occurred: cannot connect to the database;"
                   " please try again later");
}

static int refused(rk_op *op, const PGconn *pg, rk_wire why)
{
    const char *text = why == RK_WIRE_LATE ? "no answer in time" : PQerrorMessage(pg);
    size_t length = strlen(text);

    while (length > 0 && text[length - 1] == '\n')
        length--;
    rk_log_error(op, "db", "cannot connect to the database: %.*s", (int)length, text);
    return rk_conn_refused(op);
}

int rk_conn_open(rk_conn **out, rk_op *op, const rk_pool_options *options)
{
    int64_t latest = rk_time_monotonic_ms() + RK_CONNECT_MS;
    bool hurried = op->deadline_ms && op->deadline_ms < latest;
    rk_conn *conn = calloc(1, sizeof *conn);

    if (conn)
        conn->pg = start(options);
    if (!conn || !conn->pg) {
        rk_conn_free(conn);
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }

    rk_wire state = finish(conn->pg, (rk_patience){hurried ? op->deadline_ms : latest, op->cancel});

    if (state == RK_WIRE_OK) {
        conn->fresh = true;
        *out = conn;
        return 0;
    }

    bool ours = state == RK_WIRE_CANCELLED || (state == RK_WIRE_LATE && hurried);
    int err = ours ? rk_connection_failed(op, state) : refused(op, conn->pg, state);

    rk_conn_free(conn);
    return err;
}

void rk_conn_free(rk_conn *conn)
{
    if (!conn)
        return;
    PQfinish(conn->pg);
    free(conn->prepared);
    free(conn);
}

bool rk_conn_is_alive(rk_conn *conn)
{
    struct pollfd socket = {.fd = PQsocket(conn->pg), .events = POLLIN};

    if (PQstatus(conn->pg) != CONNECTION_OK)
        return false;
    if (poll(&socket, 1, 0) == 0)
        return true;
    /* a notice or a changed setting is harmless, an end is not */
    return PQconsumeInput(conn->pg) && PQstatus(conn->pg) == CONNECTION_OK &&
           poll(&socket, 1, 0) == 0;
}

/* --- answers --- */

/* libpq loses the end of a pipeline for which it finds no memory, and stays busy. It says so on a
 * line of its own; what the server quotes stands within one. */
static bool lacks_memory(const PGconn *pg)
{
    static const char words[] = "out of memory";
    const char *line = PQerrorMessage(pg);

    while (line && strncmp(line, words, sizeof words - 1) != 0) {
        const char *end = strchr(line, '\n');

        line = end ? end + 1 : NULL;
    }
    return line;
}

static rk_wire wait_for_answer(PGconn *pg, rk_patience patience)
{
    while (PQisBusy(pg)) {
        int unsent = PQflush(pg);

        if (unsent < 0)
            return RK_WIRE_LOST;

        if (lacks_memory(pg))
            return RK_WIRE_NO_MEMORY;

        short events = (short)(unsent ? POLLIN | POLLOUT : POLLIN);
        rk_wire waited = wait_for(pg, events, patience);

        if (waited != RK_WIRE_OK)
            return waited;
        if (!PQconsumeInput(pg))
            return RK_WIRE_LOST;
    }
    return RK_WIRE_OK;
}

rk_wire rk_conn_wait(rk_conn *conn, short events, rk_patience patience)
{
    return wait_for(conn->pg, events, patience);
}

/* The server closes the connection after this. */
static bool is_last_word(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

rk_wire rk_conn_next(PGresult **out, rk_conn *conn, rk_patience patience)
{
    rk_wire state = wait_for_answer(conn->pg, patience);

    *out = NULL;
    if (state != RK_WIRE_OK)
        return state;
    *out = PQgetResult(conn->pg);
    if (PQstatus(conn->pg) == CONNECTION_OK && !is_last_word(*out))
        return RK_WIRE_OK;
    PQclear(*out);
    *out = NULL;
    return RK_WIRE_LOST;
}

/* --- prepared statements, by the address of the query --- */

static rk_prepared *place_of(const rk_conn *conn, const rk_query *query)
{
    size_t mask = conn->prepared_capacity - 1;
    size_t i = ((uintptr_t)query >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & mask;

    while (conn->prepared[i].query && conn->prepared[i].query != query)
        i = (i + 1) & mask;
    return &conn->prepared[i];
}

bool rk_conn_prepared(uint64_t *name, const rk_conn *conn, const rk_query *query)
{
    if (!conn->prepared_capacity)
        return false;

    const rk_prepared *place = place_of(conn, query);

    *name = place->name;
    return place->query;
}

bool rk_conn_has_name(const rk_conn *conn, uint64_t name)
{
    for (size_t i = 0; i < conn->prepared_capacity; i++)
        if (conn->prepared[i].query && conn->prepared[i].name == name)
            return true;
    return false;
}

static bool grow(rk_conn *conn)
{
    rk_conn larger = {.prepared_capacity =
                          conn->prepared_capacity ? 2 * conn->prepared_capacity : FIRST_CAPACITY};

    larger.prepared = calloc(larger.prepared_capacity, sizeof *larger.prepared);
    if (!larger.prepared)
        return false;
    for (size_t i = 0; i < conn->prepared_capacity; i++)
        if (conn->prepared[i].query)
            *place_of(&larger, conn->prepared[i].query) = conn->prepared[i];
    free(conn->prepared);
    conn->prepared = larger.prepared;
    conn->prepared_capacity = larger.prepared_capacity;
    return true;
}

bool rk_conn_reserve(rk_conn *conn)
{
    conn->reserved_count++;
    return 2 * (conn->prepared_count + conn->reserved_count) <= conn->prepared_capacity ||
           grow(conn);
}

void rk_conn_note(rk_conn *conn, const rk_query *query, uint64_t name)
{
    rk_prepared *place = place_of(conn, query);

    conn->prepared_count += !place->query;
    *place = (rk_prepared){query, name};
}
