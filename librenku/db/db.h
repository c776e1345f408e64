/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_DB_H
#define RK_DB_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

/* --- connections --- */

typedef struct rk_pool rk_pool;

typedef struct {
    const char *host; /* NULL: libpq's default; a path is a unix socket */
    const char *port;
    const char *user;
    const char *password;
    const char *name;
    int size;        /* connections at most */
    int wait_ms;     /* how long an operation waits for one; 0 is 30 000 */
    int patience_ms; /* how long after a connection was first refused an operation waits for another
                      * attempt; 0 is 5 000 */
    int statement_timeout_ms; /* 0 is none */
} rk_pool_options;

/* Opens no connection yet. The texts are copied. Threads: a pool may be shared by any number.
 *
 * An idle connection that has died is replaced. Behind a pooler in transaction mode that does not
 * carry prepared statements along, the pool notices it and sends every statement with its text;
 * there the statement timeout has to be set for the role instead, since settings of a session reach
 * whichever server comes next. */
int rk_pool_new(rk_pool **out, rk_op *op, const rk_pool_options *options);
void rk_pool_free(rk_pool *pool);
/* Connections open and in use at this moment. */
void rk_pool_count(rk_pool *pool, int *open, int *busy);

/* --- statements --- */

/* What a column becomes, and of which type it is; others are cast in the statement. A column cannot
 * be read when its value is none of these: an infinity, an array of two dimensions. */
typedef enum {
    RK_COLUMN_TEXT,   /* const char *: text and its like, enumerations, json */
    RK_COLUMN_INT,    /* rk_opt_int: smallint, integer, bigint               */
    RK_COLUMN_BOOL,   /* rk_opt_bool: boolean                                */
    RK_COLUMN_NUMBER, /* rk_opt_number: double precision                     */
    RK_COLUMN_TIME,   /* rk_instant: timestamp with time zone, or in UTC     */
    RK_COLUMN_ENUM,   /* int, by names: as RK_COLUMN_TEXT                    */
    RK_COLUMN_TEXTS,  /* rk_strings: an array of texts                       */
    RK_COLUMN_BITS,   /* int64_t, NULL is 0: as RK_COLUMN_INT                */
} rk_column_kind;

typedef struct {
    const char *sql; /* an expression */
    rk_column_kind kind;
    size_t offset;
    const rk_enum *names; /* of RK_COLUMN_ENUM */
} rk_column;

/* How a model is read: written once per model. */
typedef struct rk_row {
    size_t size_bytes;
    const rk_column *columns;
    int count;
    int (*loaded)(void *model, rk_op *op); /* what follows from the columns; NULL is nothing */
} rk_row;

#define RK_ROW(type, list)                                                                         \
    {                                                                                              \
        sizeof(type), (list), (int)(sizeof(list) / sizeof((list)[0])), NULL                        \
    }
#define RK_ROW_THEN(type, list, loaded)                                                            \
    {                                                                                              \
        sizeof(type), (list), (int)(sizeof(list) / sizeof((list)[0])), (loaded)                    \
    }

/* A statement, prepared once per connection. "{row}" in the text stands for the columns of @p row.
 * Always static. */
typedef struct rk_query {
    const char *sql;
    const rk_row *row;   /* NULL: the statement gives no rows, or they are counted only */
    rk_err none;         /* what no row means to rk_db_one; 0: RK_ERR_NOT_FOUND */
    const char *missing; /* message for that; NULL is the default message */
    rk_err duplicate;    /* what a unique violation means; 0: RK_ERR_DATABASE */
    const char *taken;   /* message for that */
} rk_query;

typedef struct {
    const char *text; /* NULL is SQL NULL, unless own is set */
    char own[32];
    bool inside; /* the text stands in own */
} rk_param;

rk_param rk_text(const char *text);
rk_param rk_int(int64_t value);
rk_param rk_maybe_int(rk_opt_int value);
rk_param rk_bool(bool value);
rk_param rk_maybe_bool(rk_opt_bool value);
rk_param rk_micros(int64_t micros); /* a timestamptz */
/* text[]; NULL when unset. The text of the array lives in the arena; out of memory shows when it is
 * sent. */
rk_param rk_texts(rk_op *op, const rk_strings *texts);

typedef struct {
    const rk_param *items;
    int count;
} rk_params;
#define RK_PARAMS(...)                                                                             \
    ((rk_params){(const rk_param[]){__VA_ARGS__},                                                  \
                 (int)(sizeof((const rk_param[]){__VA_ARGS__}) / sizeof(rk_param))})
#define RK_NO_PARAMS ((rk_params){NULL, 0})

/* --- running --- */

/* At the deadline of the operation all of these answer RK_ERR_TIMEOUT and leave the connection,
 * upon which the server ends the statement within a second. What a failure means:
 * foundations.md 4.3. */

/* One row into @p out; none is the error of the query. One round trip, together with all that was
 * deferred. */
int rk_db_one(void *out, rk_op *op, const rk_query *query, rk_params params);
/* The same of a statement that is all that the open transaction does: it has no BEGIN and no
 * COMMIT, and what comes after it is a transaction of its own. */
int rk_db_only(void *out, rk_op *op, const rk_query *query, rk_params params);
/* One row or none: @p found tells. */
int rk_db_lookup(void *out, bool *found, rk_op *op, const rk_query *query, rk_params params);
/* All rows, as an array of models in the arena. */
int rk_db_all(rk_array *out, rk_op *op, const rk_query *query, rk_params params);
/* The same of a statement that gives as many rows as it was given values. */
int rk_db_each(rk_array *out, rk_op *op, const rk_query *query, rk_params params, size_t count);
/* One page: models, and how many there are in all. A row holds a model, whose first column is never
 * NULL, and behind it, as its last column, the total as int64_t, which counts in the last row; a
 * row without a model, as of a page past the end, tells the total alone. */
int rk_db_page(rk_array *out, int64_t *total, rk_op *op, const rk_query *query, rk_params params);
/* No rows wanted; @p affected may be NULL. */
int rk_db_run(int64_t *affected, rk_op *op, const rk_query *query, rk_params params);
/* Queues a statement inside the transaction: it travels with the next one that is waited for, or
 * with the commit; its parameters are copied. @p out is NULL, or filled with one row once it has
 * run; it must live as long as the operation. No row is then the error of the query - too late to
 * undo anything when it travelled with the commit: such a statement must always give its row.
 * Without an open transaction this is a programming error. */
int rk_db_defer(void *out, rk_op *op, const rk_query *query, rk_params params);

/* BEGIN travels with the first statement. Transactions do not nest; they are READ COMMITTED. Commit
 * sends what was deferred and COMMIT in one round trip. After any failure the operation can only
 * roll back. Serialization failures and deadlocks come back as RK_ERR_RETRY; rk_db_transaction
 * repeats them, bounded. A connection that is lost before anything was done is replaced and the
 * statement sent again (outside of a transaction: when it only reads); one that is lost during
 * COMMIT is RK_ERR_DATABASE, since the outcome is unknown. */
int rk_db_begin(rk_op *op);
int rk_db_commit(rk_op *op);
/* Never fails; gives the connection back. Harmless when nothing is open. A connection that was
 * taken for reading stays with the operation until here: who waits for something else for long in
 * between calls this first. */
void rk_db_end(rk_op *op);
bool rk_db_is_open(const rk_op *op);

/* Runs @p body in a transaction, again (at most 5 times, with growing pauses) while it answers
 * RK_ERR_RETRY. */
int rk_db_transaction(rk_op *op, int (*body)(rk_op *op, void *user), void *user);

/* --- copying: whole tables, in bounded memory, inside a transaction that has begun --- */

/* Takes the next bytes of the server's COPY text. */
typedef int rk_copy_sink(void *user, rk_op *op, const char *bytes, size_t length);
/* Gives the next bytes, which live until the next call; length 0 is the end. */
typedef int rk_copy_source(void *user, rk_op *op, const char **bytes, size_t *length);

/* Runs COPY ... TO STDOUT; one call of @p sink for each row. A sink that fails ends the
 * transaction. */
int rk_db_copy_out(rk_op *op, const char *sql, rk_copy_sink *sink, void *user);
/* Runs COPY ... FROM STDIN; @p rows is how many came in. A source that fails ends the
 * transaction too. */
int rk_db_copy_in(int64_t *rows, rk_op *op, const char *sql, rk_copy_source *source, void *user);

/* Statements sent so far by this operation's session and round trips made: for tests and metrics.
 */
void rk_db_counts(const rk_op *op, int *statements, int *round_trips);

#endif
