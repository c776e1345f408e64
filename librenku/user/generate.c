/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/repair.h"
#include "librenku/base/log.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/event/change.h"
#include "librenku/user/core.h"
#include "librenku/user/db.h"

/* Namespaces for the users of an installation that has none yet. */

enum { BATCH = 200, NUMBERED_SLUGS = 10 };

typedef struct {
    rk_person person;
    rk_opt_int number;
} numbered;

static int read_batch(rk_array *out, rk_op *op, int64_t last)
{
    static const rk_column columns[] = {
        {"u.keycloak_id", RK_COLUMN_TEXT, offsetof(numbered, person.id),         NULL},
        {"u.email",       RK_COLUMN_TEXT, offsetof(numbered, person.email),      NULL},
        {"u.first_name",  RK_COLUMN_TEXT, offsetof(numbered, person.first_name), NULL},
        {"u.last_name",   RK_COLUMN_TEXT, offsetof(numbered, person.last_name),  NULL},
        {"u.id",          RK_COLUMN_INT,  offsetof(numbered, number),            NULL},
    };
    static const rk_row row = RK_ROW(numbered, columns);
    static const rk_query query = {
        .sql = "SELECT {row} FROM users.users u WHERE u.id > $1 ORDER BY u.id LIMIT $2",
        .row = &row,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_int(last), rk_int(BATCH)));
}

static int insert(rk_op *op, const char *id, const char *slug, const char *user_id)
{
    static const rk_query query = {
        .sql = "INSERT INTO common.namespaces (id, slug, user_id) VALUES ($1, $2, $3)",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(id), rk_text(slug), rk_text(user_id)));
}

static int generate(rk_op *op, const rk_person *person)
{
    char *id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);
    rk_strings candidates;
    const char *slug;

    RK_CHECK(id);
    rk_ulid_make(id);
    RK_TRY(rk_user_numbered_slugs(&candidates, op, person, NUMBERED_SLUGS));
    RK_TRY(rk_user_free_slug(&slug, op, &candidates));
    RK_TRY(insert(op, id, slug, person->id));
    return rk_change_record(op, RK_CHANGE_USER, RK_UPDATED, person->id);
}

static int run_batch(int64_t *last, size_t *count, rk_op *op)
{
    /* What was queued travels with it, while its memory is there. */
    static const rk_query flush = {.sql = "SELECT"};
    rk_array batch;

    RK_TRY(read_batch(&batch, op, *last));
    const numbered *rows = batch.items;

    *count = batch.count;
    for (size_t i = 0; i < batch.count; i++) {
        if (generate(op, &rows[i].person) < 0)
            return rk_fail_in(op, rows[i].person.id);
        *last = rows[i].number.value;
    }
    return rk_db_run(NULL, op, &flush, RK_NO_PARAMS);
}

/* In the same transaction, with memory that goes with the batch. */
static int run_batch_apart(int64_t *last, size_t *count, rk_op *op)
{
    rk_op part;

    RK_TRY(rk_op_begin_part(&part, op));
    part.session = op->session;
    return rk_op_end_part(&part, op, run_batch(last, count, &part));
}

static int is_needed(bool *out, rk_op *op)
{
    static const rk_column columns[] = {
        {"NOT EXISTS (SELECT FROM common.namespaces)", RK_COLUMN_BOOL, 0, NULL},
    };
    static const rk_row row = RK_ROW(rk_opt_bool, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    rk_opt_bool none;

    RK_TRY(rk_db_one(&none, op, &query, RK_NO_PARAMS));
    *out = none.value;
    return 0;
}

/* Nobody waits for the lock of an installation that has namespaces. */
static int lock_if_needed(bool *out, rk_op *op)
{
    static const rk_query lock = {.sql = "LOCK TABLE common.namespaces IN EXCLUSIVE MODE"};

    RK_TRY(is_needed(out, op));
    if (!*out)
        return 0;
    RK_TRY(rk_db_run(NULL, op, &lock, RK_NO_PARAMS));
    return is_needed(out, op);
}

int rk_user_generate_namespaces(rk_op *op)
{
    int64_t last = -1, all = 0;
    size_t count = 0;
    bool needed;

    RK_TRY(lock_if_needed(&needed, op));
    if (!needed)
        return 0;
    do {
        RK_TRY(rk_op_check(op));
        RK_TRY(run_batch_apart(&last, &count, op));
        all += (int64_t)count;
    } while (count == BATCH);
    RK_TRY(rk_repair_user_namespaces(op));
    if (all)
        rk_log_info(op, "users", "%lld users have got a namespace.", (long long)all);
    return 0;
}
