/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/db.h"
#include "librenku/db/migration.h"

/* One line per object of the contract's schemas and of ours: its name, then fields, parted by tabs.
 * What an extension brought is left out. The search path must be empty, so that names in
 * definitions are complete. */

#define TAB "E'\\t'"
#define IN_SCHEMAS " IN (" RK_OWN_SCHEMAS ", 'public')"
#define FROM_CATALOG(catalog, oid)                                                                 \
    " NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '" catalog "'::regclass"               \
    "                AND e.objid = " oid " AND e.deptype = 'e')"

#define EXTENSIONS                                                                                 \
    "SELECT concat_ws(" TAB ", 'extension ' || e.extname, 'schema ' || n.nspname)"                 \
    "  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"                          \
    " WHERE e.extname IN ('pgcrypto', 'plpgsql')"

#define SCHEMAS "SELECT 'schema ' || n.nspname FROM pg_namespace n WHERE n.nspname" IN_SCHEMAS

#define ENUMS                                                                                      \
    "SELECT concat_ws(" TAB ", format('enum %s.%s', n.nspname, t.typname), 'values ' ||"           \
    "       (SELECT string_agg(quote_literal(v.enumlabel), ', ' ORDER BY v.enumsortorder)"         \
    "          FROM pg_enum v WHERE v.enumtypid = t.oid))"                                         \
    "  FROM pg_type t JOIN spaces n ON n.oid = t.typnamespace"                                     \
    " WHERE t.typtype = 'e' AND" FROM_CATALOG("pg_type", "t.oid")

/* How a server prints the text of a view depends on its version: the columns must do. */
#define TABLES                                                                                     \
    "SELECT format('%s %s.%s', r.kind, r.nspname, r.relname) FROM relations r"                     \
    " WHERE r.kind <> 'sequence'"

/* A field that is as usual is left out. */
#define COLUMNS                                                                                    \
    "SELECT concat_ws(" TAB ", format('column %s.%s.%s', r.nspname, r.relname, a.attname),"        \
    "       'type ' || format_type(a.atttypid, a.atttypmod),"                                      \
    "       'nullable ' || CASE WHEN a.attnotnull THEN 'no' ELSE 'yes' END,"                       \
    "       'default ' || pg_get_expr(d.adbin, d.adrelid),"                                        \
    "       'identity ' || CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default'"   \
    "                      END,"                                                                   \
    "       CASE WHEN a.attgenerated <> '' THEN 'generated stored' END,"                           \
    "       'collation ' || CASE WHEN a.attcollation NOT IN (0, y.typcollation)"                   \
    "                            THEN a.attcollation::regcollation::text END)"                     \
    "  FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid"                                 \
    "  JOIN pg_type y ON y.oid = a.atttypid"                                                       \
    "  LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum"                         \
    " WHERE r.kind <> 'sequence' AND a.attnum > 0 AND NOT a.attisdropped"

/* Newer servers also keep NOT NULL as constraints; the columns tell that already. */
#define CONSTRAINTS                                                                                \
    "SELECT concat_ws(" TAB ", format('constraint %s.%s.%s', r.nspname, r.relname, c.conname),"    \
    "       'definition ' || pg_get_constraintdef(c.oid))"                                         \
    "  FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid"                                \
    " WHERE c.contype NOT IN ('n', 't')"

#define INDEXES                                                                                    \
    "SELECT concat_ws(" TAB ", format('index %s.%s', r.nspname, x.relname),"                       \
    "       'definition ' || pg_get_indexdef(i.indexrelid))"                                       \
    "  FROM relations r JOIN pg_index i ON i.indrelid = r.oid"                                     \
    "  JOIN pg_class x ON x.oid = i.indexrelid"                                                    \
    " WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid"               \
    "                      AND c.contype IN ('p', 'u', 'x'))"

#define SEQUENCES                                                                                  \
    "SELECT concat_ws(" TAB ", format('sequence %s.%s', r.nspname, r.relname),"                    \
    "       'type ' || format_type(s.seqtypid, NULL), 'start ' || s.seqstart,"                     \
    "       'minimum ' || s.seqmin, 'maximum ' || s.seqmax, 'increment ' || s.seqincrement,"       \
    "       'cache ' || s.seqcache, CASE WHEN s.seqcycle THEN 'cycle yes' END,"                    \
    "       'owner ' || (SELECT format('%s.%s', d.refobjid::regclass, a.attname)"                  \
    "         FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid"                     \
    "          AND a.attnum = d.refobjsubid"                                                       \
    "        WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid"                           \
    "          AND d.deptype IN ('a', 'i')))"                                                      \
    "  FROM relations r JOIN pg_sequence s ON s.seqrelid = r.oid WHERE r.kind = 'sequence'"

/* A deployment has its own text of its function; only ours are compared to the letter. */
#define FUNCTIONS                                                                                  \
    "SELECT concat_ws(" TAB ", format('function %s.%s(%s)', n.nspname, p.proname,"                 \
    "                              pg_get_function_identity_arguments(p.oid)),"                    \
    "       'returns ' || pg_get_function_result(p.oid), 'language ' || l.lanname,"                \
    "       'volatility ' || CASE p.provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable'"   \
    "                                           ELSE 'immutable' END,"                             \
    "       CASE WHEN n.nspname = 'librenku' THEN 'text ' || md5(p.prosrc) END)"                   \
    "  FROM pg_proc p JOIN spaces n ON n.oid = p.pronamespace"                                     \
    "  JOIN pg_language l ON l.oid = p.prolang"                                                    \
    " WHERE p.prokind <> 'a' AND" FROM_CATALOG("pg_proc", "p.oid")

#define TRIGGERS                                                                                   \
    "SELECT concat_ws(" TAB ", format('trigger %s.%s.%s', r.nspname, r.relname, t.tgname),"        \
    "       'definition ' || pg_get_triggerdef(t.oid),"                                            \
    "       CASE WHEN t.tgenabled = 'D' THEN 'enabled no' END)"                                    \
    "  FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal"

#define UNION " UNION ALL "

static const rk_column line_columns[] = {
    {"line", RK_COLUMN_TEXT, 0, NULL}
};
static const rk_row line_row = {sizeof(const char *), line_columns, 1, NULL};

int rk_schema_lines(rk_array *out, rk_op *op)
{
    static const rk_query no_path = {.sql = "SELECT set_config('search_path', '', true)"};
    static const rk_query query = {
        .sql = "WITH spaces AS (SELECT n.oid, n.nspname FROM pg_namespace n"
               "                 WHERE n.nspname" IN_SCHEMAS "), relations AS ("
               "SELECT c.oid, n.nspname, c.relname, CASE c.relkind WHEN 'S' THEN 'sequence'"
               "       WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'table' END AS kind"
               "  FROM pg_class c JOIN spaces n ON n.oid = c.relnamespace"
               " WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')"
               "   AND" FROM_CATALOG(
                   "pg_class", "c.oid") "), lines (line) AS (" //
        EXTENSIONS UNION SCHEMAS UNION ENUMS UNION TABLES UNION COLUMNS UNION CONSTRAINTS UNION
            INDEXES UNION SEQUENCES UNION FUNCTIONS UNION TRIGGERS ")"
                                        " SELECT {row} FROM lines ORDER BY line COLLATE \"C\"",
        .row = &line_row,
    };

    RK_ASSERT(rk_db_is_open(op));
    RK_TRY(rk_db_defer(NULL, op, &no_path, RK_NO_PARAMS));
    return rk_db_all(out, op, &query, RK_NO_PARAMS);
}
