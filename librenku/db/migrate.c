/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/migrate.h"

#include "librenku/base/log.h"
#include "librenku/db/db.h"
#include "librenku/db/migration.h"
#include "librenku/db/session.h"

/* --- what the database says about itself --- */

typedef struct {
    rk_opt_bool managed, deployed;
} presence;

static const rk_column presence_columns[] = {
    {"to_regclass('librenku.migration') IS NOT NULL",     RK_COLUMN_BOOL, offsetof(presence, managed),
     NULL                                                                                                   },
    {"to_regclass('common.alembic_version') IS NOT NULL", RK_COLUMN_BOOL,
     offsetof(presence,                                                                      deployed), NULL},
};
static const rk_row presence_row = RK_ROW(presence, presence_columns);

static int read_presence(presence *out, rk_op *op)
{
    static const rk_query query = {.sql = "SELECT {row}", .row = &presence_row};

    return rk_db_one(out, op, &query, RK_NO_PARAMS);
}

typedef struct {
    rk_opt_int revision, serves;
    rk_opt_bool adopted;
} applied;

static const rk_column applied_columns[] = {
    {"max(m.number)",      RK_COLUMN_INT,  offsetof(applied, revision), NULL},
    {"max(m.serves)",      RK_COLUMN_INT,  offsetof(applied, serves),   NULL},
    {"bool_or(m.adopted)", RK_COLUMN_BOOL, offsetof(applied, adopted),  NULL},
};
static const rk_row applied_row = RK_ROW(applied, applied_columns);

static int read_applied(rk_migration_state *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM librenku.migration m",
        .row = &applied_row,
    };
    applied found = {0};

    RK_TRY(rk_db_one(&found, op, &query, RK_NO_PARAMS));
    out->revision = (int)found.revision.value;
    out->serves = (int)found.serves.value;
    out->adopted = found.adopted.value;
    return 0;
}

static int read_contract(rk_migration_state *out, rk_op *op)
{
    static const rk_column columns[] = {
        {"a.version_num", RK_COLUMN_TEXT, 0, NULL}
    };
    static const rk_row row = {sizeof(const char *), columns, 1, NULL};
    static const rk_query query = {
        .sql = "SELECT {row} FROM common.alembic_version a ORDER BY a.version_num LIMIT 1",
        .row = &row,
    };
    bool found;

    return rk_db_lookup(&out->contract, &found, op, &query, RK_NO_PARAMS);
}

int rk_migration_read(rk_migration_state *out, rk_op *op)
{
    presence here = {0};

    *out = (rk_migration_state){0};
    RK_TRY(read_presence(&here, op));
    out->managed = here.managed.value;
    out->deployed = here.deployed.value;
    if (out->managed)
        RK_TRY(read_applied(out, op));
    return out->deployed ? read_contract(out, op) : 0;
}

/* --- applying --- */

int rk_migration_lock(rk_op *op)
{
    static const rk_query query = {.sql = "SELECT pg_advisory_xact_lock(7219404313)"};

    return rk_db_run(NULL, op, &query, RK_NO_PARAMS);
}

int rk_migration_table(rk_op *op)
{
    return rk_session_script(op, "CREATE SCHEMA IF NOT EXISTS librenku;"
                                 "CREATE TABLE IF NOT EXISTS librenku.migration ("
                                 "    number integer NOT NULL,"
                                 "    name text NOT NULL,"
                                 "    checksum text NOT NULL,"
                                 "    serves integer NOT NULL,"
                                 "    adopted boolean NOT NULL,"
                                 "    applied_at timestamp with time zone DEFAULT now() NOT NULL,"
                                 "    CONSTRAINT migration_pkey PRIMARY KEY (number));"
                                 "CREATE TABLE IF NOT EXISTS librenku.exported ("
                                 "    only_one boolean DEFAULT true NOT NULL,"
                                 "    relations text NOT NULL,"
                                 "    exported_at timestamp with time zone DEFAULT now() NOT NULL,"
                                 "    CONSTRAINT exported_pkey PRIMARY KEY (only_one),"
                                 "    CONSTRAINT exported_only_one CHECK (only_one))");
}

int rk_migration_note(rk_op *op, const rk_migration *migration, bool adopted)
{
    static const rk_query query = {
        .sql = "INSERT INTO librenku.migration (number, name, checksum, serves, adopted)"
               " VALUES ($1, $2, $3, $4, $5)",
    };

    return rk_db_run(NULL, op, &query,
                     RK_PARAMS(rk_int(migration->number), rk_text(migration->name),
                               rk_text(migration->checksum), rk_int(migration->serves),
                               rk_bool(adopted)));
}

int rk_migration_apply(rk_op *op, const rk_migration *migration, int from)
{
    int number = migration->number - from, all = rk_migration_count - from;

    rk_op_tell(op, number - 1, all, "migration %d of %d: %04d_%s", number, all, migration->number,
               migration->name);
    rk_log_info(op, "db", "applying migration %04d_%s", migration->number, migration->name);
    RK_TRY(rk_session_script(op, migration->sql));
    RK_TRY(rk_migration_note(op, migration, false));
    return rk_migration_first_relations(op);
}

int rk_migration_refuse_foreign(rk_op *op)
{
    (void)rk_fail(op, RK_ERR_CONFLICT,
                  "This database belongs to a running deployment."); /* below */
    return rk_fail_detail(op, "take it over with: renku db adopt");
}

/* What one step of an update found and did. */
typedef struct {
    int from; /* where the update began; -1 before its first step */
    int before;
    const rk_migration *applied; /* NULL when nothing was pending */
} step;

static int apply_next(rk_op *op, void *user)
{
    step *out = user;
    rk_migration_state state;

    out->applied = NULL;
    RK_TRY(rk_migration_lock(op));
    RK_TRY(rk_migration_read(&state, op));
    if (!state.managed && state.deployed)
        return rk_migration_refuse_foreign(op);
    out->before = state.revision;
    if (out->from < 0)
        out->from = state.revision;
    if (state.revision >= rk_migration_count)
        return 0;
    RK_TRY(rk_migration_table(op));
    RK_TRY(rk_migration_apply(op, &rk_migrations[state.revision], out->from));
    out->applied = &rk_migrations[state.revision];
    return 0;
}

static void list_name(rk_buf *buf, const rk_migration *migration, bool first)
{
    rk_buf_printf(buf, "%s\"%04d_%s\"", first ? "" : ",", migration->number, migration->name);
}

int rk_migrate_up(rk_op *op, rk_buf *report)
{
    step next = {.from = -1};
    rk_buf names;
    int count = 0;

    rk_buf_begin(&names, op, 256);
    RK_TRY(rk_db_transaction(op, apply_next, &next));
    while (next.applied) {
        list_name(&names, next.applied, count++ == 0);
        RK_TRY(rk_db_transaction(op, apply_next, &next));
    }
    rk_buf_printf(report, "{\"from\":%d,\"to\":%d,\"applied\":[", next.from, next.before);
    rk_buf_add(report, names.text, names.length);
    rk_buf_text(report, "]}");
    RK_TRY(rk_buf_finish(&names));
    return rk_buf_finish(report);
}

int rk_migrate_status(rk_op *op, rk_buf *report)
{
    rk_migration_state state;

    RK_TRY(rk_migration_read(&state, op));
    rk_buf_printf(report, "{\"revision\":%d,\"newest\":%d,\"pending\":[", state.revision,
                  rk_migration_count);
    for (int i = state.revision; i < rk_migration_count; i++)
        list_name(report, &rk_migrations[i], i == state.revision);
    rk_buf_printf(report, "],\"adopted\":%s}", state.adopted ? "true" : "false");
    return rk_buf_finish(report);
}

static int too_old(rk_op *op, const rk_migration_state *state)
{
    (void)rk_fail(op, RK_ERR_UNAVAILABLE, /* the detail returns it */
                  "The database stands at revision %d, this library needs %d.", state->revision,
                  rk_migration_count);
    return rk_fail_detail(op, "bring it up with: %s",
                          state->deployed && !state->managed ? "renku db adopt"
                                                             : "renku db migrate");
}

static int too_new(rk_op *op, const rk_migration_state *state)
{
    (void)rk_fail(op, RK_ERR_UNAVAILABLE, /* the detail returns it */
                  "The database stands at revision %d, which needs a library of revision %d;"
                  " this one is of revision %d.",
                  state->revision, state->serves, rk_migration_count);
    return rk_fail_detail(op, "install a newer librenku");
}

int rk_migrate_ready(rk_op *op)
{
    rk_migration_state state;

    RK_TRY(rk_migration_read(&state, op));
    if (state.revision < rk_migration_count)
        return too_old(op, &state);
    return state.serves > rk_migration_count ? too_new(op, &state) : 0;
}

int rk_migrate_pending(const char **out, rk_op *op)
{
    rk_migration_state state;
    rk_buf names;

    *out = NULL;
    RK_TRY(rk_migration_read(&state, op));
    if (state.revision >= rk_migration_count || (state.deployed && !state.managed))
        return 0;
    rk_buf_begin(&names, op, 256);
    for (int i = state.revision; i < rk_migration_count; i++)
        rk_buf_printf(&names, "%s%04d_%s", i == state.revision ? "" : ", ", rk_migrations[i].number,
                      rk_migrations[i].name);
    RK_TRY(rk_buf_finish(&names));
    *out = names.text;
    return 0;
}
