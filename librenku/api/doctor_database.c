/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/api/ctx.h"
#include "librenku/api/doctor.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/db/migrate.h"
#include "librenku/project/project.h"

enum { CLOCK_SKEW_MAX_S = 5, OLDEST_SERVER = 15, DIFFERENCES_SHOWN = 3 };

int rk_as_problem(const char **problem, rk_op *op, int result)
{
    *problem = result < 0 ? op->error.message : NULL;
    rk_error_clear(op);
    rk_db_end(op);
    return 0;
}

/* A whole number that a query answers with. */
typedef struct {
    rk_opt_int number;
} answer;

#define NUMBER(expression, rest)                                                                   \
    static const rk_column columns[] = {                                                           \
        {"(" expression ")::bigint", RK_COLUMN_INT, offsetof(answer, number), NULL},               \
    };                                                                                             \
    static const rk_row row = RK_ROW(answer, columns);                                             \
    static const rk_query query = {.sql = "SELECT {row}" rest, .row = &row}

int rk_examine_database(const char **problem, rk_op *op)
{
    static const rk_query query = {.sql = "SELECT 1"};

    return rk_as_problem(problem, op, rk_db_run(NULL, op, &query, RK_NO_PARAMS));
}

/* --- schema ----------------------------------------------------------------------------------- */

/* What is only pending is a finding of its own. */
int rk_examine_schema(const char **problem, rk_op *op)
{
    const char *pending;

    RK_TRY(rk_as_problem(problem, op, rk_migrate_pending(&pending, op)));
    if (*problem || pending)
        return 0;
    return rk_as_problem(problem, op, rk_migrate_ready(op));
}

int rk_examine_migrations(const char **problem, rk_op *op)
{
    const char *pending;

    RK_TRY(rk_as_problem(problem, op, rk_migrate_pending(&pending, op)));
    if (!*problem && pending)
        *problem = rk_printf(op, "migrations are pending: %s", pending);
    return op->error.err;
}

int rk_fix_migrations(const char **done, rk_op *op)
{
    rk_buf report;

    rk_buf_begin(&report, op, 256);
    RK_TRY(rk_migrate_up(op, &report));
    *done = rk_printf(op, "migrated: %s", report.text);
    return op->error.err;
}

/* Whether the tables are those of this library: else the other examinations say what is wrong. */
static int is_current(bool *out, rk_op *op)
{
    const char *problem;

    RK_TRY(rk_examine_migrations(&problem, op));
    *out = !problem;
    if (*out)
        RK_TRY(rk_as_problem(&problem, op, rk_migrate_ready(op)));
    *out = *out && !problem;
    return 0;
}

/* The first lines of a text, as one. */
static const char *first_lines(rk_op *op, const char *text)
{
    const char *end = text;

    for (int i = 0; i < DIFFERENCES_SHOWN && end; i++)
        end = strchr(i ? end + 1 : end, '\n');
    char *copy = end ? rk_strndup(op, text, (size_t)(end - text)) : rk_strdup(op, text);

    for (char *c = copy ? strchr(copy, '\n') : NULL; c; c = strchr(c, '\n'))
        *c = ';';
    return copy;
}

int rk_examine_differences(const char **problem, rk_op *op)
{
    rk_buf report;
    bool current;

    *problem = NULL;
    RK_TRY(is_current(&current, op));
    if (!current)
        return 0;
    rk_buf_begin(&report, op, 1024);
    int result = rk_migrate_check(op, &report);
    const char *detail = op->error.detail;

    RK_TRY(rk_as_problem(problem, op, result));
    if (*problem && detail)
        *problem = rk_printf(op, "%s %s", *problem, first_lines(op, detail));
    return op->error.err;
}

/* --- the index behind the lists --------------------------------------------------------------- */

/* Totals, and some hundred public projects: what `renku db verify` does for all takes its time. */
int rk_examine_lists(const char **problem, rk_op *op)
{
    NUMBER("abs((SELECT coalesce(sum(t.public + t.private), 0) FROM librenku.listing_total t"
           "      WHERE t.scope = '*')"
           "    - (SELECT count(*) FROM librenku.listing))"
           " + abs((SELECT count(*) FROM librenku.listing)"
           "    - (SELECT count(*) FROM common.entity_slugs s"
           "        WHERE s.project_id IS NOT NULL AND s.data_connector_id IS NULL))"
           " + abs((SELECT coalesce(sum(t.public), 0) FROM librenku.listing_total t"
           "         WHERE t.scope = 'groups')"
           "    - (SELECT count(*) FROM common.groups))"
           " + (SELECT count(*)"
           "      FROM (SELECT * FROM librenku.listing WHERE public"
           "             ORDER BY sort_key DESC, project_id LIMIT 300) l"
           "     WHERE NOT EXISTS (SELECT FROM projects.projects p"
           "                         JOIN common.entity_slugs s"
           "                           ON s.project_id = p.id AND s.data_connector_id IS NULL"
           "                         JOIN common.namespaces n ON n.id = s.namespace_id"
           "                        WHERE p.id = l.project_id COLLATE \"default\""
           "                          AND coalesce(n.group_id, n.id) = l.parent COLLATE \"default\""
           "                          AND p.visibility = 'public'"
           "                          AND coalesce(p.updated_at, p.creation_date) = l.sort_key))",
           "");
    answer found = {0};
    bool current;

    *problem = NULL;
    RK_TRY(is_current(&current, op));
    if (!current)
        return 0;
    RK_TRY(rk_as_problem(problem, op, rk_db_one(&found, op, &query, RK_NO_PARAMS)));
    if (!*problem && found.number.value)
        *problem = rk_printf(op,
                             "the index behind the project lists differs from the rows"
                             " (%lld differences in the part that was looked at)",
                             (long long)found.number.value);
    return op->error.err;
}

int rk_fix_lists(const char **done, rk_op *op)
{
    rk_buf report;

    rk_buf_begin(&report, op, 1024);
    RK_TRY(rk_listing_verify(op, &report, true));
    *done = "the index was made anew";
    return 0;
}

/* --- the server ------------------------------------------------------------------------------- */

typedef struct {
    rk_instant now;
} database_clock;

int rk_examine_clock(const char **problem, rk_op *op)
{
    static const rk_column columns[] = {
        {"clock_timestamp()", RK_COLUMN_TIME, offsetof(database_clock, now), NULL},
    };
    static const rk_row row = RK_ROW(database_clock, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    database_clock clock;

    RK_TRY(rk_as_problem(problem, op, rk_db_one(&clock, op, &query, RK_NO_PARAMS)));
    if (*problem)
        return 0;
    int64_t skew_s = (clock.now.micros - rk_time_now()) / 1000000;

    if (skew_s > CLOCK_SKEW_MAX_S || skew_s < -CLOCK_SKEW_MAX_S)
        *problem = rk_printf(op, "the clock of the database is %lld seconds %s ours",
                             (long long)(skew_s < 0 ? -skew_s : skew_s),
                             skew_s < 0 ? "behind" : "ahead of");
    return op->error.err;
}

int rk_examine_version(const char **problem, rk_op *op)
{
    NUMBER("current_setting('server_version_num')::integer", "");
    answer found = {0};

    RK_TRY(rk_as_problem(problem, op, rk_db_one(&found, op, &query, RK_NO_PARAMS)));
    if (!*problem && found.number.value / 10000 < OLDEST_SERVER)
        *problem = rk_printf(op, "the database is PostgreSQL %lld, the oldest that works is %d",
                             (long long)found.number.value / 10000, OLDEST_SERVER);
    return op->error.err;
}

/* The lowest limit: of the server, the database or the role, where -1 is none. */
int rk_examine_connections(const char **problem, rk_op *op)
{
    NUMBER("least(current_setting('max_connections')::integer"
           "        - current_setting('superuser_reserved_connections')::integer"
           "        - coalesce(current_setting('reserved_connections', true)::integer, 0),"
           "      nullif(d.datconnlimit, -1), nullif(r.rolconnlimit, -1))",
           " FROM pg_database d, pg_roles r"
           " WHERE d.datname = current_database() AND r.rolname = current_user");
    int64_t wanted = rk_settings_int(op->settings, RK_SET_DB_POOL_SIZE);
    answer found = {0};

    RK_TRY(rk_as_problem(problem, op, rk_db_one(&found, op, &query, RK_NO_PARAMS)));
    if (!*problem && found.number.value < wanted)
        *problem = rk_printf(op,
                             "one process may open %lld connections (DB_POOL_SIZE), the"
                             " database gives %lld to all of them",
                             (long long)wanted, (long long)found.number.value);
    return op->error.err;
}

int rk_examine_transactions(const char **problem, rk_op *op)
{
    NUMBER("extract(epoch FROM clock_timestamp() - min(t.begun))::bigint",
           " FROM (SELECT a.xact_start FROM pg_stat_activity a"
           "        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()"
           "          AND a.backend_type = 'client backend'"
           "       UNION ALL SELECT p.prepared FROM pg_prepared_xacts p"
           "        WHERE p.database = current_database()) t (begun)");
    int64_t longest = rk_settings_int(op->settings, RK_SET_RENKU_DOCTOR_TRANSACTION_S);
    answer found = {0};

    RK_TRY(rk_as_problem(problem, op, rk_db_one(&found, op, &query, RK_NO_PARAMS)));
    if (!*problem && found.number.set && found.number.value >= longest)
        *problem = rk_printf(op, "a transaction has been open for %lld seconds",
                             (long long)found.number.value);
    return op->error.err;
}

int rk_examine_statistics(const char **problem, rk_op *op)
{
    NUMBER("count(*)", " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                       " WHERE c.relkind = 'r' AND c.reltuples < 0"
                       "   AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
                       "   AND n.nspname !~ '^pg_' AND pg_relation_size(c.oid) > 65536");
    answer found = {0};

    RK_TRY(rk_as_problem(problem, op, rk_db_one(&found, op, &query, RK_NO_PARAMS)));
    if (!*problem && found.number.value)
        *problem = rk_printf(op, "%lld tables with rows have never been analyzed",
                             (long long)found.number.value);
    return op->error.err;
}

static int analyze(rk_op *op, void *user)
{
    (void)user;
    return rk_owned_analyze(op);
}

int rk_fix_statistics(const char **done, rk_op *op)
{
    *done = "all tables were analyzed";
    return rk_db_transaction(op, analyze, NULL);
}

static bool is_local(const char *host)
{
    return !host || *host == '/' || *host == '@' || strcmp(host, "localhost") == 0 ||
           strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

int rk_examine_tls(const char **problem, rk_op *op)
{
    NUMBER("count(*)", " FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid() AND s.ssl");
    const char *host = rk_settings_text(op->settings, RK_SET_DB_HOST);
    answer found = {0};

    *problem = NULL;
    if (is_local(host))
        return 0;
    RK_TRY(rk_as_problem(problem, op, rk_db_one(&found, op, &query, RK_NO_PARAMS)));
    if (!*problem && !found.number.value)
        *problem = rk_printf(op, "the connection to '%s' is not encrypted", host);
    return op->error.err;
}
