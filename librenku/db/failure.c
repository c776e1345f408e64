/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/base/log.h"
#include "librenku/db/session.h"

static const char bad_characters[] =
    "The payload contains characters that are incompatible with the database";
static const char bad_integers[] =
    "The payload contains integers with values that are too large or small for the database";

static const char bad_reference[] =
    "Something that is needed has just been removed, or what is to be removed is still in use";
static const char bad_lengths[] = "The payload contains texts that are too long for the database";

/* What the SQLSTATE of a refusal means, where it is not RK_ERR_DATABASE. Spec: foundations.md 4.3
 */
static const struct {
    const char *state;
    rk_err err;
    const char *message; /* NULL is the default message; else the server's text is the detail */
} meanings[] = {
    {"22021", RK_ERR_INVALID,  bad_characters}, /* character_not_in_repertoire */
    {"22P05", RK_ERR_INVALID,  bad_characters}, /* untranslatable_character */
    {"22003", RK_ERR_INVALID,  bad_integers  }, /* numeric_value_out_of_range */
    {"22001", RK_ERR_INVALID,  bad_lengths   }, /* string_data_right_truncation */
    {"54000", RK_ERR_INVALID,  bad_lengths   }, /* program_limit_exceeded, by a row of an index */
    {"23503", RK_ERR_CONFLICT, bad_reference }, /* foreign_key_violation */
    {"40001", RK_ERR_RETRY,    NULL          }, /* serialization_failure */
    {"40P01", RK_ERR_RETRY,    NULL          }, /* deadlock_detected */
    {"57014", RK_ERR_TIMEOUT,  NULL          }, /* query_canceled, by statement_timeout */
};

static const char *field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);

    return text ? text : "";
}

static bool has_state(const PGresult *result, const char *state)
{
    return strcmp(field(result, PG_DIAG_SQLSTATE), state) == 0;
}

/* The statement and all that the server says stay in the log. */
static void log_refusal(const rk_op *op, const rk_query *query, const PGresult *result)
{
    rk_log_error(op, "db", "statement refused, %s: %s %s [%s]", field(result, PG_DIAG_SQLSTATE),
                 field(result, PG_DIAG_MESSAGE_PRIMARY), field(result, PG_DIAG_MESSAGE_DETAIL),
                 query->sql);
}

static int duplicate(rk_op *op, const rk_query *query)
{
    return query->taken ? rk_fail(op, query->duplicate, "%s", query->taken)
                        : rk_fail_default(op, query->duplicate);
}

int rk_refusal(rk_op *op, const rk_query *query, const PGresult *result)
{
    const char *primary = field(result, PG_DIAG_MESSAGE_PRIMARY);

    if (query->duplicate && has_state(result, "23505"))
        return duplicate(op, query);
    for (size_t i = 0; i < RK_COUNT(meanings); i++) {
        if (!has_state(result, meanings[i].state))
            continue;
        if (!meanings[i].message)
            return rk_fail_default(op, meanings[i].err);
        (void)rk_fail(op, meanings[i].err, "%s", meanings[i].message); /* the detail returns it */
        return rk_fail_detail(op, "%s", primary);
    }
    log_refusal(op, query, result);
    return rk_fail(op, RK_ERR_DATABASE, "Database error occurred: %s", primary);
}

int rk_connection_failed(rk_op *op, rk_wire why)
{
    if (why == RK_WIRE_NO_MEMORY)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    if (why == RK_WIRE_LATE)
        return rk_fail_default(op, RK_ERR_TIMEOUT);
    if (why == RK_WIRE_CANCELLED)
        return rk_fail_default(op, RK_ERR_CANCELLED);
    rk_log_error(op, "db", "the connection to the database was lost");
    return rk_fail(op, RK_ERR_DATABASE,
                   "Database error occurred: the connection was lost, and nothing was changed;"
                   " please retry");
}

int rk_outcome_unknown(rk_op *op, rk_wire why)
{
    rk_log_error(op, "db", "the connection to the database was lost while a change was saved");
    if (why == RK_WIRE_LATE)
        return rk_fail(op, RK_ERR_TIMEOUT,
                       "Response Timeout: whether the change is there must be looked up");
    return rk_fail(op, RK_ERR_DATABASE,
                   "Database error occurred: the connection was lost while the change was saved;"
                   " whether it is there must be looked up");
}

/* Who speaks for the server always gives a SQLSTATE. */
bool rk_refusal_is_of_server(const PGresult *result)
{
    return *field(result, PG_DIAG_SQLSTATE);
}

/* 26000: gone, or made on another server. 42P05: already there, for the same reason. */
bool rk_refusal_is_unnamed(const PGresult *result)
{
    return has_state(result, "26000") || has_state(result, "42P05");
}

/* 0A000 from that place: a table has changed under the statement, so that its result has another
 * type. */
bool rk_refusal_is_stale(const PGresult *result)
{
    return rk_refusal_is_unnamed(result) ||
           (has_state(result, "0A000") &&
            strcmp(field(result, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery") == 0);
}

bool rk_refusal_is_transient(const PGresult *result)
{
    return has_state(result, "40001") || has_state(result, "40P01");
}

bool rk_refusal_is_misplaced(const PGresult *result)
{
    return has_state(result, "25006");
}
