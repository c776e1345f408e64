/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/db/db.h"
#include "librenku/db/migration.h"
#include "librenku/db/session.h"

#define OWNED                                                                                      \
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"                               \
    " WHERE n.nspname IN (" RK_OWN_SCHEMAS ") AND c.relkind = "

/* --- what there is --- */

static const rk_column table_columns[] = {
    {"t.name",        RK_COLUMN_TEXT,  offsetof(rk_owned_table, name),        NULL},
    {"t.columns",     RK_COLUMN_TEXTS, offsetof(rk_owned_table, columns),     NULL},
    {"t.sql_table",   RK_COLUMN_TEXT,  offsetof(rk_owned_table, sql_table),   NULL},
    {"t.sql_columns", RK_COLUMN_TEXT,  offsetof(rk_owned_table, sql_columns), NULL},
    {"t.size_bytes",  RK_COLUMN_INT,   offsetof(rk_owned_table, size_bytes),  NULL},
};
static const rk_row table_row = RK_ROW(rk_owned_table, table_columns);

int rk_owned_tables(rk_array *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM ("
               "SELECT n.nspname || '.' || c.relname AS name,"
               "       array_agg(a.attname::text ORDER BY a.attname COLLATE \"C\") AS columns,"
               "       format('%I.%I', n.nspname, c.relname) AS sql_table,"
               "       string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE \"C\")"
               "         AS sql_columns,"
               "       pg_table_size(c.oid) AS size_bytes"
               "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
               "  JOIN pg_attribute a ON a.attrelid = c.oid"
               " WHERE n.nspname IN (" RK_OWN_SCHEMAS ") AND c.relkind = 'r'"
               "   AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
               " GROUP BY n.nspname, c.relname, c.oid) t"
               " ORDER BY t.name COLLATE \"C\"",
        .row = &table_row,
    };

    return rk_db_all(out, op, &query, RK_NO_PARAMS);
}

static const rk_column text_columns[] = {
    {"t.text", RK_COLUMN_TEXT, 0, NULL},
};
static const rk_row text_row = {sizeof(const char *), text_columns, 1, NULL};

/* The one text that a query answers, which is never without a row. */
static int read_text(const char **out, rk_op *op, const rk_query *query)
{
    return rk_db_one(out, op, query, RK_NO_PARAMS);
}

int rk_owned_sequences(const char **out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM ("
               "SELECT string_agg(format('SELECT %L, last_value, is_called FROM %I.%I',"
               "                         format('%I.%I', n.nspname, c.relname), n.nspname,"
               "                         c.relname), ' UNION ALL '"
               "                  ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\")"
               "         AS text" OWNED "'S') t",
        .row = &text_row,
    };

    return read_text(out, op, &query);
}

int rk_schema_mark_read(rk_schema_mark *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM (SELECT m.checksum AS text FROM librenku.migration m"
               "         ORDER BY m.number DESC LIMIT 1) t",
        .row = &text_row,
    };
    rk_migration_state state;

    RK_TRY(rk_migration_read(&state, op));
    if (!state.managed && state.deployed)
        return rk_migration_refuse_foreign(op);
    if (!state.revision) {
        (void)rk_fail(op, RK_ERR_CONFLICT, "This database is empty."); /* the detail returns it */
        return rk_fail_detail(op, "begin with: renku db migrate");
    }
    out->revision = state.revision;
    return read_text(&out->checksum, op, &query);
}

/* --- an installation without rows --- */

/* clang-format off */
/* Rows that come with the migrations, in their words, and what is only derived from others. */
static const struct {
    const char *table, *others; /* which rows are others */
} first_rows[] = {
    {"common.alembic_version",   "false"                                                       },
    {"librenku.exported",        "false"                                                       },
    {"librenku.listing_total",   "false"                                                       },
    {"librenku.migration",       "false"                                                       },
    {"librenku.relation",        "(object_type, object_id, relation, subject_type, subject_id) NOT IN ("
                                 "('L', 'renku', 'P', 'u', '*'), ('L', 'renku', 'G', 'u', '*'))"},
    {"storage.deposit_sources",  "source NOT IN ('envidat', 'zenodo')"                         },
    {"storage.deposit_statuses", "status NOT IN"
                                 " ('complete', 'failed', 'in_progress', 'upload_complete')"   },
};
/* clang-format on */

static const char *others_in(const char *table)
{
    for (size_t i = 0; i < RK_COUNT(first_rows); i++)
        if (strcmp(first_rows[i].table, table) == 0)
            return first_rows[i].others;
    return "true";
}

/* A query for the names of the tables that hold rows of their own. */
static int occupied_sql(const char **out, rk_op *op, const rk_array *tables)
{
    const rk_owned_table *items = tables->items;
    rk_buf sql;

    rk_buf_begin(&sql, op, 8192);
    for (size_t i = 0; i < tables->count; i++)
        rk_buf_printf(&sql, "%sSELECT '%s'::text WHERE EXISTS (SELECT FROM %s WHERE %s)",
                      i ? " UNION ALL " : "COPY (", items[i].sql_table, items[i].sql_table,
                      others_in(items[i].name));
    rk_buf_text(&sql, ") TO STDOUT");
    RK_TRY(rk_buf_finish(&sql));
    *out = sql.text;
    return 0;
}

static int add_name(void *user, rk_op *op, const char *bytes, size_t length)
{
    rk_buf *names = user;

    (void)op;
    rk_buf_text(names, names->length ? ", " : "");
    rk_buf_add(names, bytes, length - 1); /* without the end of line */
    return 0;
}

static int check_empty(rk_op *op, const rk_array *tables)
{
    const char *sql;
    rk_buf names;

    rk_buf_begin(&names, op, 256);
    RK_TRY(occupied_sql(&sql, op, tables));
    RK_TRY(rk_db_copy_out(op, sql, add_name, &names));
    RK_TRY(rk_buf_finish(&names));
    if (!names.length)
        return 0;
    (void)rk_fail(op, RK_ERR_CONFLICT, /* the detail returns it */
                  "The database is not empty: a backup goes into an empty one only.");
    return rk_fail_detail(op, "rows stand in: %s", names.text);
}

/* "LOCK TABLE a, b IN .." and the like, for all tables. */
static int run_on_all(rk_op *op, const rk_array *tables, const char *before, const char *behind)
{
    const rk_owned_table *items = tables->items;
    rk_buf sql;

    if (!tables->count)
        return 0;
    rk_buf_begin(&sql, op, 4096);
    for (size_t i = 0; i < tables->count; i++)
        rk_buf_printf(&sql, "%s %s", i ? "," : before, items[i].sql_table);
    rk_buf_text(&sql, behind);
    RK_TRY(rk_buf_finish(&sql));
    return rk_session_script(op, sql.text);
}

int rk_owned_analyze(rk_op *op)
{
    rk_array tables;

    RK_TRY(rk_owned_tables(&tables, op));
    return run_on_all(op, &tables, "ANALYZE", "");
}

/* What the migrations have made goes as far as it is ours, to be made again at the wanted revision.
 */
static int clear(rk_op *op)
{
    rk_array tables;

    RK_TRY(rk_owned_tables(&tables, op));
    RK_TRY(run_on_all(op, &tables, "LOCK TABLE", " IN ACCESS EXCLUSIVE MODE"));
    RK_TRY(check_empty(op, &tables));
    return rk_migration_remove(op);
}

static int check_mark(rk_op *op, const rk_schema_mark *mark)
{
    if (mark->revision > rk_migration_count) {
        (void)rk_fail(op, RK_ERR_CONFLICT, /* the detail returns it */
                      "The backup was made at revision %d, this library knows %d.", mark->revision,
                      rk_migration_count);
        return rk_fail_detail(op, "install a newer librenku");
    }
    if (mark->revision > 0 &&
        strcmp(rk_migrations[mark->revision - 1].checksum, mark->checksum) == 0)
        return 0;
    return rk_fail(op, RK_ERR_CONFLICT,
                   "The backup was made with another revision %d than this library has.",
                   mark->revision);
}

static int make_schema(rk_op *op, int revision)
{
    rk_migration_state state;

    RK_TRY(rk_migration_lock(op));
    RK_TRY(rk_migration_read(&state, op));
    if (!state.managed && state.deployed)
        return rk_migration_refuse_foreign(op);
    if (state.revision)
        RK_TRY(clear(op));
    RK_TRY(rk_migration_table(op));
    if (state.revision)
        RK_TRY(rk_migration_note(op, &rk_migrations[0], false));
    for (int i = state.revision ? 1 : 0; i < revision; i++)
        RK_TRY(rk_migration_apply(op, &rk_migrations[i], 0));
    return 0;
}

/* --- references, indexes and triggers --- */

typedef struct {
    const char *away, *back;
} set_aside;

static const rk_column aside_columns[] = {
    {"string_agg(w.away, ';' ORDER BY w.turn)",      RK_COLUMN_TEXT, offsetof(set_aside, away), NULL},
    {"string_agg(w.back, ';' ORDER BY w.turn DESC)", RK_COLUMN_TEXT, offsetof(set_aside, back),
     NULL                                                                                           },
};
static const rk_row aside_row = RK_ROW(set_aside, aside_columns);

static int put_aside(const char **back, rk_op *op)
{
    static const rk_query query = {
        .sql =
            "WITH owned AS (SELECT c.oid" OWNED "'r'),"
            " work (turn, away, back) AS ("
            "SELECT 1, format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, "
            "c.conname),"
            "       format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname,"
            "              pg_get_constraintdef(c.oid))"
            "  FROM pg_constraint c JOIN owned o ON o.oid = c.conrelid"
            " WHERE c.contype = 'f'"
            " UNION ALL "
            "SELECT 2, format('DROP INDEX %s', i.indexrelid::regclass),"
            "       pg_get_indexdef(i.indexrelid)"
            "  FROM pg_index i JOIN owned o ON o.oid = i.indrelid"
            " WHERE NOT EXISTS (SELECT FROM pg_constraint c"
            "                    WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))"
            " UNION ALL "
            "SELECT 3, format('ALTER TABLE %s DISABLE TRIGGER USER', o.oid::regclass),"
            "       format('ALTER TABLE %s ENABLE TRIGGER USER', o.oid::regclass)"
            "  FROM owned o"
            " WHERE EXISTS (SELECT FROM pg_trigger t"
            "                WHERE t.tgrelid = o.oid AND NOT t.tgisinternal))"
            " SELECT {row} FROM work w",
        .row = &aside_row,
    };
    set_aside found;

    RK_TRY(rk_db_one(&found, op, &query, RK_NO_PARAMS));
    *back = found.back;
    return rk_session_script(op, found.away);
}

int rk_restore_begin(rk_array *tables, const char **back, rk_op *op, const rk_schema_mark *mark)
{
    RK_ASSERT(rk_db_is_open(op));
    RK_TRY(check_mark(op, mark));
    RK_TRY(make_schema(op, mark->revision));
    RK_TRY(rk_owned_tables(tables, op));
    RK_TRY(put_aside(back, op));
    RK_TRY(run_on_all(op, tables, "TRUNCATE", ""));
    return rk_session_script(op, "CREATE TABLE " RK_RESTORED_SEQUENCES
                                 " (name text, last_value bigint, is_called boolean)");
}

static int set_sequences(rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT setval(c.oid::regclass, r.last_value, r.is_called)"
               "  FROM " RK_RESTORED_SEQUENCES " r,"
               "       LATERAL (SELECT c.oid" OWNED "'S'"
               "                   AND format('%I.%I', n.nspname, c.relname) = r.name) c",
    };

    RK_TRY(rk_db_run(NULL, op, &query, RK_NO_PARAMS));
    return rk_session_script(op, "DROP TABLE " RK_RESTORED_SEQUENCES);
}

int rk_restore_end(rk_op *op, const char *back, int revision)
{
    RK_TRY(set_sequences(op));
    RK_TRY(rk_session_script(op, back));
    for (int i = revision; i < rk_migration_count; i++)
        RK_TRY(rk_migration_apply(op, &rk_migrations[i], revision));
    return rk_owned_analyze(op);
}
