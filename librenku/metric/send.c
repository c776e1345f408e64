/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/utsname.h>

#include "librenku/base/buf.h"
#include "librenku/base/cancel.h"
#include "librenku/base/log.h"
#include "librenku/base/settings.h"
#include "librenku/base/time.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/metric/metric.h"
#include "librenku/net/http_client.h"

/* A batch of events is locked, sent one by one, and what was accepted is removed, in one
 * transaction: others skip what is locked, and a runner that is killed gives it back. What was
 * accepted and not yet removed then is sent again, with the same uuid, by which the other side
 * knows it. */

enum {
    BATCH = 20,
    SEND_MS = 15 * 1000,
    ATTEMPTS = 3,
    SENDING_MS = 120 * 1000, /* no other event of a batch is begun later */
    BATCH_MS = 2 * SENDING_MS,
    SILENCES_MAX = 10, /* events in a row without any answer: nobody is there */
};

typedef enum { ACCEPTED, REFUSED, SILENT, CANCELLED } outcome;

/* What one pass knows. */
typedef struct {
    const char *url;
    const char *library; /* JSON: properties of every event */
    const char *runtime; /* JSON: properties of events that are no identification */
    char last[RK_ULID_LENGTH + 1];
    outcome last_outcome;
    int silences;
    int64_t accepted;
    int64_t left;
} delivery;

typedef struct {
    const char *id;
    const char *event;
    const char *person;
    rk_instant moment;
    const char *set;        /* JSON; NULL unless it identifies */
    const char *properties; /* JSON */
} stored;

/* --- who sends -------------------------------------------------------------------------------- */

int rk_metric_host(const char **out, rk_op *op, const char *setting)
{
    static const struct {
        const char *name, *host;
    } hosts[] = {
        {"",                        "https://us.i.posthog.com"},
        {"https://app.posthog.com", "https://us.i.posthog.com"},
        {"https://us.posthog.com",  "https://us.i.posthog.com"},
        {"https://eu.posthog.com",  "https://eu.i.posthog.com"},
    };
    size_t length = strlen(setting);

    *out = rk_strndup(op, setting, length - (length && setting[length - 1] == '/'));
    RK_CHECK(*out);
    for (size_t i = 0; i < RK_COUNT(hosts); i++) {
        if (strcmp(*out, hosts[i].name) == 0)
            *out = hosts[i].host;
    }
    return 0;
}

static int describe_library(const char **out, rk_op *op)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 128);
    rk_buf_text(&buf, "{\"$lib\":\"librenku\",\"$lib_version\":\"" PACKAGE_VERSION "\","
                      "\"$geoip_disable\":true,\"environment\":");
    rk_buf_json_text(&buf, rk_settings_text(op->settings, RK_SET_POSTHOG_ENVIRONMENT));
    rk_buf_char(&buf, '}');
    *out = buf.text;
    return rk_buf_finish(&buf);
}

static int describe_runtime(const char **out, rk_op *op)
{
    struct utsname system;
    rk_buf buf;

    rk_buf_begin(&buf, op, 128);
    rk_buf_char(&buf, '{');
    if (uname(&system) == 0) {
        rk_buf_text(&buf, "\"$os\":");
        rk_buf_json_text(&buf, system.sysname);
        rk_buf_text(&buf, ",\"$os_version\":");
        rk_buf_json_text(&buf, system.release);
    }
    rk_buf_char(&buf, '}');
    *out = buf.text;
    return rk_buf_finish(&buf);
}

/* --- one event -------------------------------------------------------------------------------- */

static void add_name(rk_buf *buf, const char *name)
{
    rk_buf_char(buf, ',');
    rk_buf_json_text(buf, name);
    rk_buf_char(buf, ':');
}

static void add_text(rk_buf *buf, const char *name, const char *value)
{
    add_name(buf, name);
    rk_buf_json_text(buf, value);
}

static void add_json(rk_buf *buf, const char *name, const char *value)
{
    add_name(buf, name);
    rk_buf_text(buf, value);
}

static void write_event(rk_buf *buf, const stored *row)
{
    char moment[RK_TIME_TEXT_MAX], uuid[37];

    rk_instant_print_iso(moment, &row->moment);
    rk_ulid_to_uuid(uuid, row->id);
    rk_buf_text(buf, "{\"event\":");
    rk_buf_json_text(buf, row->set ? "$identify" : row->event);
    add_text(buf, "distinct_id", row->person);
    add_text(buf, "timestamp", moment);
    add_text(buf, "uuid", uuid);
    if (row->set)
        add_json(buf, "$set", row->set);
    add_json(buf, "properties", row->properties);
    rk_buf_char(buf, '}');
}

static int write_body(rk_buf *buf, rk_op *op, const stored *row)
{
    const rk_instant now = rk_instant_of(rk_time_now());
    char moment[RK_TIME_TEXT_MAX];

    rk_instant_print_iso(moment, &now);
    rk_buf_begin(buf, op, 1024);
    rk_buf_text(buf, "{\"batch\":[");
    write_event(buf, row);
    rk_buf_text(buf, "],\"historical_migration\":false");
    add_text(buf, "sentAt", moment);
    add_text(buf, "api_key", rk_settings_text(op->settings, RK_SET_POSTHOG_API_KEY));
    rk_buf_char(buf, '}');
    return rk_buf_finish(buf);
}

static int post(rk_net_answer *out, rk_op *op, const char *url, const rk_buf *body)
{
    static const rk_net_header headers[] = {
        {"Content-Type", "application/json"         },
        {"User-Agent",   "librenku/" PACKAGE_VERSION},
    };
    const rk_net_request request = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = RK_COUNT(headers),
        .body = body->text,
        .body_size = body->length,
        .timeout_ms = SEND_MS,
    };
    int result = rk_net_send(out, op, &request);

    for (int i = 1; i < ATTEMPTS && result == RK_ERR_REMOTE && rk_op_check(op) == 0; i++) {
        rk_error_clear(op);
        result = rk_net_send(out, op, &request);
    }
    return result;
}

static outcome judge(rk_op *op, const stored *row, int result, int status)
{
    if (result == RK_ERR_CANCELLED)
        return CANCELLED;
    if (result == 0 && status == 200)
        return ACCEPTED;
    if (result < 0)
        rk_log_error(op, "metrics", "The event %s could not be sent: %s", row->id,
                     op->error.message);
    else
        rk_log_error(op, "metrics", "The event %s was refused with status %d.", row->id, status);
    return result < 0 ? SILENT : REFUSED;
}

static int send(outcome *out, rk_op *op, const char *url, const stored *row)
{
    rk_net_answer answer = {.status = 0};
    rk_buf body;

    RK_TRY(write_body(&body, op, row));
    int result = post(&answer, op, url, &body);

    if (result < 0 && result != RK_ERR_REMOTE && result != RK_ERR_CANCELLED)
        return result;
    *out = judge(op, row, result, answer.status);
    rk_error_clear(op);
    return 0;
}

/* What another program has made may have an id that is none, and so no uuid, or happen at a time
 * that nobody can write down, like infinity. */
#define CAN_BE_SENT                                                                                \
    "(m.id COLLATE \"C\" ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'"                                        \
    " AND m.timestamp >= '0001-01-01 00:00:00+00' AND m.timestamp < '10000-01-01 00:00:00+00')"

/* --- a batch ---------------------------------------------------------------------------------- */

static int lock_batch(rk_array *out, rk_op *op, const delivery *work)
{
    static const char *const identify = "identify_user";
    /* clang-format off */
    static const rk_column columns[] = {
        {"m.id",                RK_COLUMN_TEXT, offsetof(stored, id),         NULL},
        {"m.event",             RK_COLUMN_TEXT, offsetof(stored, event),      NULL},
        {"m.anonymous_user_id", RK_COLUMN_TEXT, offsetof(stored, person),     NULL},
        {"m.timestamp",         RK_COLUMN_TIME, offsetof(stored, moment),     NULL},
        {"(CASE WHEN m.event = $3 THEN given.metadata END)::text",
                                RK_COLUMN_TEXT, offsetof(stored, set),        NULL},
        {"(CASE WHEN m.event = $3 THEN $4::jsonb ELSE given.metadata || $5::jsonb || $4::jsonb END)::text",
                                RK_COLUMN_TEXT, offsetof(stored, properties), NULL},
    };
    /* clang-format on */
    static const rk_row row = RK_ROW(stored, columns);
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM metrics.metrics m"
               " CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(m.metadata) WHEN 'object'"
               "                            THEN m.metadata ELSE '{}' END AS metadata) given"
               " WHERE m.id > $1 AND " CAN_BE_SENT " ORDER BY m.id"
               " LIMIT $2"
               "   FOR UPDATE OF m SKIP LOCKED",
        .row = &row,
    };

    return rk_db_all(out, op, &query,
                     RK_PARAMS(rk_text(work->last), rk_int(BATCH), rk_text(identify),
                               rk_text(work->library), rk_text(work->runtime)));
}

static int remove_accepted(rk_op *op, const rk_strings *ids)
{
    static const rk_query query = {
        .sql = "DELETE FROM metrics.metrics WHERE id = ANY ($1::text[])",
    };

    return ids->count ? rk_db_defer(NULL, op, &query, RK_PARAMS(rk_texts(op, ids))) : 0;
}

/* Who does not answer may do so for long: the batch ends then, so that the transaction does. */
static int send_batch(delivery *work, rk_op *op, const rk_array *batch)
{
    const int64_t until_ms = rk_time_monotonic_ms() + SENDING_MS;
    const stored *rows = batch->items;
    rk_strings accepted = {true, 0, rk_new_array(op, const char *, batch->count)};
    size_t i = 0;

    RK_CHECK(accepted.items);
    work->last_outcome = ACCEPTED;
    while (i < batch->count && work->last_outcome < SILENT && rk_time_monotonic_ms() < until_ms) {
        RK_TRY(send(&work->last_outcome, op, work->url, &rows[i]));
        if (work->last_outcome == ACCEPTED)
            accepted.items[accepted.count++] = rows[i].id;
        work->silences = work->last_outcome == SILENT ? work->silences + 1 : 0;
        i++;
    }
    (void)strncpy(work->last, rows[i - 1].id, RK_ULID_LENGTH);
    work->accepted += (int64_t)accepted.count;
    work->left += (int64_t)(i - accepted.count);
    op->cancel = NULL; /* what was accepted is removed, whoever is in a hurry */
    return remove_accepted(op, &accepted);
}

static int run_batch(bool *more, delivery *work, rk_op *op)
{
    rk_array batch;

    RK_TRY(rk_db_begin(op));
    RK_TRY(lock_batch(&batch, op, work));
    if (batch.count)
        RK_TRY(send_batch(work, op, &batch));
    *more = batch.count && work->last_outcome != CANCELLED && work->silences < SILENCES_MAX;
    return rk_db_commit(op);
}

/* In a part of its own, whose memory and whose locks go with the batch. */
static int run_batch_apart(bool *more, delivery *work, rk_op *op)
{
    rk_op part;

    RK_TRY(rk_op_begin_part(&part, op));
    part.deadline_ms = rk_time_monotonic_ms() + BATCH_MS;
    int result = run_batch(more, work, &part);

    rk_db_end(&part);
    return rk_op_end_part(&part, op, result);
}

typedef struct {
    int64_t count;
    const char *first;
} unsendable;

static int tell_unsendable(rk_op *op)
{
    static const rk_column columns[] = {
        {"count(*)",            RK_COLUMN_BITS, offsetof(unsendable, count), NULL},
        {"left(min(m.id), 64)", RK_COLUMN_TEXT, offsetof(unsendable, first), NULL},
    };
    static const rk_row row = RK_ROW(unsendable, columns);
    static const rk_query query = {
        .sql = "SELECT {row} FROM metrics.metrics m WHERE NOT " CAN_BE_SENT,
        .row = &row,
    };
    unsendable found;

    RK_TRY(rk_db_one(&found, op, &query, RK_NO_PARAMS));
    if (found.count)
        rk_log_error(op, "metrics",
                     "%lld events can never be sent, since their ids are no ULIDs or their times "
                     "lie outside of the years 1 to 9999: the first is \"%s\".",
                     (long long)found.count, found.first);
    return 0;
}

int rk_metric_send(rk_op *op)
{
    delivery work = {.silences = 0};
    const char *host;
    bool more = true;

    RK_TRY(rk_metric_host(&host, op, rk_settings_text(op->settings, RK_SET_POSTHOG_HOST)));
    work.url = rk_printf(op, "%s/batch/", host);
    RK_CHECK(work.url);
    RK_TRY(describe_library(&work.library, op));
    RK_TRY(describe_runtime(&work.runtime, op));
    while (more)
        RK_TRY(run_batch_apart(&more, &work, op));
    if (work.accepted || work.left)
        rk_log_info(op, "metrics", "%lld events were delivered, %lld stay.",
                    (long long)work.accepted, (long long)work.left);
    if (rk_cancel_is_set(op->cancel))
        return rk_fail_default(op, RK_ERR_CANCELLED);
    return tell_unsendable(op);
}
