/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "librenku/base/log.h"
#include "librenku/base/time.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/secret/db.h"

/* Another key pair of the secrets storage: the outer layer of every secret is made anew. Each row
 * tells by itself whether it is done, so that a rotation may end at any point and begin again.
 * Spec: secrets.md 6.4 */

enum { BATCH = 100, PROGRESS_MS = 500 };

/* What is known of one rotation so far. */
typedef struct {
    const rk_secret_rotation *with;
    char last[RK_ULID_LENGTH + 1]; /* the row up to which all is done */
    int64_t total;
    int64_t seen;
    int64_t current; /* had the new key already */
    int64_t rewritten;
    int64_t failed;
    int64_t spent_ms; /* on what was rewritten */
    int64_t told_ms;
} tally;

typedef struct {
    rk_wrapped_secret stored;
    const char *fresh_key_hex; /* NULL: the row stays as it is */
    const char *fresh_value;
} sealed;

/* --- rows ------------------------------------------------------------------------------------- */

static int read_batch(rk_array *out, rk_op *op, const char *last)
{
    static const rk_column columns[] = {RK_WRAPPED_COLUMNS};
    static const rk_row model = RK_ROW_THEN(sealed, columns, rk_wrapped_loaded);
    static const rk_query query = {
        .sql = "SELECT {row} FROM secrets.secrets s WHERE s.id > $1 ORDER BY s.id LIMIT $2",
        .row = &model,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_text(last), rk_int(BATCH)));
}

/* A row that its user has changed meanwhile has the new key, and stays. */
static int write_batch(rk_op *op, void *user)
{
    static const rk_query query = {
        .sql = "UPDATE secrets.secrets"
               "   SET encrypted_value = convert_to($3, 'UTF8'),"
               "       encrypted_key = decode($4, 'hex'),"
               "       modification_date = date_trunc('second', now())"
               " WHERE id = $1 AND encrypted_key = decode($2, 'hex')",
    };
    const rk_array *batch = user;
    const sealed *rows = batch->items;

    for (size_t i = 0; i < batch->count; i++) {
        if (!rows[i].fresh_value)
            continue;
        RK_TRY(
            rk_db_defer(NULL, op, &query,
                        RK_PARAMS(rk_text(rows[i].stored.id), rk_text(rows[i].stored.key_hex),
                                  rk_text(rows[i].fresh_value), rk_text(rows[i].fresh_key_hex))));
    }
    return 0;
}

/* --- one row ---------------------------------------------------------------------------------- */

/* Whether the key opens the row; other failures than that it does not are passed on. */
static int opens(bool *out, rk_op *op, const rk_rsa *key, const sealed *row)
{
    rk_bytes password;
    int result = rk_rsa_unwrap(&password, op, key, &row->stored.envelope.key);

    *out = result == 0;
    if (result != RK_ERR_DECRYPTION)
        return result;
    rk_error_clear(op);
    return 0;
}

static int seal_anew(sealed *row, rk_op *op, const rk_secret_rotation *with)
{
    const rk_envelope_owner owner = {row->stored.user_id, with->rounds};
    rk_envelope fresh;
    const char *inner;

    RK_TRY(rk_envelope_open(&inner, op, with->keys->previous, &owner, &row->stored.envelope));
    RK_TRY(rk_envelope_seal(&fresh, op, with->keys->public_key, &owner, inner));
    size_t room = 2 * fresh.key.size_bytes + 1;
    char *hex = rk_alloc(op, room, 1);

    RK_CHECK(hex);
    row->fresh_key_hex = sodium_bin2hex(hex, room, fresh.key.bytes, fresh.key.size_bytes);
    row->fresh_value = fresh.value;
    return 0;
}

static int fail_row(tally *state, rk_op *op, const sealed *row)
{
    if (op->error.err != RK_ERR_DECRYPTION)
        return op->error.err;
    rk_error_clear(op);
    state->failed++;
    rk_log_error(op, "secrets", "The secret %s (\"%s\") can be opened with neither key: it stays.",
                 row->stored.id, row->stored.name);
    return 0;
}

static int rotate_row(tally *state, rk_op *op, sealed *row)
{
    int64_t begun_ms = rk_time_monotonic_ms();
    bool is_current;

    RK_TRY(opens(&is_current, op, state->with->keys->current, row));
    if (is_current) {
        state->current++;
        return 0;
    }
    if (seal_anew(row, op, state->with) < 0)
        return fail_row(state, op, row);
    state->rewritten++;
    state->spent_ms += rk_time_monotonic_ms() - begun_ms;
    return 0;
}

static int inspect_row(tally *state, rk_op *op, sealed *row)
{
    bool is_current, is_previous;

    RK_TRY(opens(&is_current, op, state->with->keys->current, row));
    if (is_current)
        state->current++;
    if (is_current || !state->with->keys->previous)
        return 0;
    RK_TRY(opens(&is_previous, op, state->with->keys->previous, row));
    state->failed += !is_previous;
    return 0;
}

/* --- all rows --------------------------------------------------------------------------------- */

/* As if every row that is left had to be rewritten: it is done by then, or earlier. */
static void tell(tally *state, rk_op *op)
{
    int64_t now_ms = rk_time_monotonic_ms();
    int64_t left = state->total > state->seen ? state->total - state->seen : 0;
    const char *text;

    if (!state->with->progress || (left > 0 && now_ms - state->told_ms < PROGRESS_MS))
        return;
    state->told_ms = now_ms;
    text = rk_printf(op, "%lld of %lld secrets, %lld rewritten", (long long)state->seen,
                     (long long)state->total, (long long)state->rewritten);
    int64_t left_ms = state->rewritten ? left * state->spent_ms / state->rewritten : 0;

    if (text && left_ms)
        text = rk_printf(op, "%s, at most %lld s left", text, (long long)left_ms / 1000 + 1);
    if (text)
        state->with->progress(state->with->user,
                              state->total ? (double)state->seen / (double)state->total : 1, text);
}

typedef int row_work(tally *state, rk_op *op, sealed *row);

static int run_rows(tally *state, rk_op *op, rk_array *batch, row_work *work)
{
    sealed *rows = batch->items;

    rk_db_end(op); /* the connection is free while keys are derived */
    for (size_t i = 0; i < batch->count; i++) {
        RK_TRY(rk_op_check(op));
        RK_TRY(work(state, op, &rows[i]));
        state->seen++;
        tell(state, op);
    }
    return 0;
}

static int run_batch(size_t *count, tally *state, rk_op *op, row_work *work)
{
    rk_array batch;

    RK_TRY(read_batch(&batch, op, state->last));
    *count = batch.count;
    if (!batch.count)
        return 0;
    int64_t rewritten = state->rewritten;

    RK_TRY(run_rows(state, op, &batch, work));
    if (state->rewritten > rewritten) {
        RK_TRY(rk_db_transaction(op, write_batch, &batch));
        if (state->with->rewritten)
            state->with->rewritten(state->with->user, state->rewritten - rewritten);
    }
    strncpy(state->last, ((const sealed *)batch.items)[batch.count - 1].stored.id, RK_ULID_LENGTH);
    return 0;
}

/* In an operation of its own, whose memory goes with the batch. */
static int run_batch_apart(size_t *count, tally *state, rk_op *op, row_work *work)
{
    rk_op apart;

    RK_TRY(rk_op_begin_part(&apart, op));
    int result = run_batch(count, state, &apart, work);

    rk_db_end(&apart);
    return rk_op_end_part(&apart, op, result);
}

typedef struct {
    rk_opt_int count;
} counted;

static int run_all(tally *state, rk_op *op, row_work *work)
{
    static const rk_column columns[] = {
        {"count(*)", RK_COLUMN_INT, offsetof(counted, count), NULL},
    };
    static const rk_row model = RK_ROW(counted, columns);
    static const rk_query query = {.sql = "SELECT {row} FROM secrets.secrets", .row = &model};
    counted total;
    size_t count = 0;

    RK_TRY(rk_db_one(&total, op, &query, RK_NO_PARAMS));
    rk_db_end(op);
    state->total = total.count.value;
    tell(state, op);
    do
        RK_TRY(run_batch_apart(&count, state, op, work));
    while (count == BATCH);
    return 0;
}

static int write_state(rk_buf *out, const tally *state)
{
    int64_t current = state->current + state->rewritten;
    int64_t pending = state->seen - current - state->failed;

    rk_buf_printf(out,
                  "{\"secrets\":%lld,\"current\":%lld,\"rewritten\":%lld,\"pending\":%lld,"
                  "\"failed\":%lld}",
                  (long long)state->seen, (long long)current, (long long)state->rewritten,
                  (long long)pending, (long long)state->failed);
    return rk_buf_finish(out);
}

int rk_secret_rotate(rk_op *op, rk_buf *out, const rk_secret_rotation *with)
{
    tally state = {.with = with};

    RK_TRY(run_all(&state, op, rotate_row));
    return write_state(out, &state);
}

int rk_secret_rotation_status(rk_op *op, rk_buf *out, const rk_secret_rotation *with)
{
    tally state = {.with = with};

    RK_TRY(run_all(&state, op, inspect_row));
    return write_state(out, &state);
}
