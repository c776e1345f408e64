/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/project/columns.h"
#include "librenku/project/db.h"
#include "librenku/project/streams.h"

/* Pages of projects. A page is the merge of streams that an index gives in order: public projects,
 * private ones of the subject's namespaces, private ones with a direct role. The first K of a union
 * lie within the union of the first Ks, so each stream gives offset + per_page rows at most; totals
 * come from counters. What it costs follows the page, not the table. The pieces are written so that
 * no planner can leave these paths: one index range per stream, scalar probes for totals, and the
 * wide rows fetched one by one at the end. A stream may repeat what another one has.
 *
 * Parameters: $1, $2 the subject; $3 offset; $4 rows wanted; $5 offset + rows wanted; $6 namespace
 * slug. */

enum { NEAR = 200 };

#define ORDER " ORDER BY sort_key DESC, project_id LIMIT $5"

/* Only the parents with the newest first rows can contribute. */
#define TOP_PARENTS                                                                                \
    "top AS MATERIALIZED (SELECT x.parent FROM parents x CROSS JOIN LATERAL ("                     \
    "SELECT l.sort_key FROM librenku.listing l WHERE l.parent = x.parent AND NOT l.public"         \
    " ORDER BY l.sort_key DESC, l.project_id LIMIT 1) first"                                       \
    " ORDER BY first.sort_key DESC LIMIT $5)"

#define STREAM(table, condition)                                                                   \
    "(SELECT project_id, sort_key FROM librenku." table " WHERE " condition ORDER ")"

/* The page from its streams. DISTINCT ON is done by sorting what is there; a plain UNION by a hash
 * table as large as the planner fears, which follows the table: a limit that it does not know is a
 * tenth of all rows. */
#define PAGE(streams)                                                                              \
    "page AS MATERIALIZED (SELECT DISTINCT ON (sort_key, project_id) project_id, sort_key FROM "   \
    "(" streams ") streams ORDER BY sort_key DESC, project_id LIMIT $4 OFFSET $3)"
#define SELECT_PAGE PAGE_ROWS("page.sort_key DESC, page.project_id")

typedef struct {
    rk_project project;
    int64_t total;
} listed;

static int listed_loaded(void *model, rk_op *op)
{
    listed *row = model;

    return row->project.id ? rk_project_complete(&row->project, op) : 0;
}

static const rk_column listed_columns[] = {
    RK_LISTED_COLUMNS(offsetof(listed, project)),
    {"page.count", RK_COLUMN_BITS, offsetof(listed, total), NULL},
};
static const rk_row listed_row = RK_ROW_THEN(listed, listed_columns, listed_loaded);

/* Public projects, the private ones of the parents and those with a direct role, but for what the
 * last two have in common: one look at the index for all of these scopes. They sort in this order:
 * '*', 'p:' parent, 'u:' user, 'u:' user ':' parent. */
#define VISIBLE_TOTAL                                                                              \
    ", total AS (SELECT coalesce(sum("                                                             \
    "CASE WHEN (SELECT yes FROM admin) THEN CASE WHEN t.scope = '*' THEN t.public + t.private END" \
    " WHEN t.scope = '*' THEN t.public"                                                            \
    " WHEN t.scope <= 'u:' || $2 THEN t.private"                                                   \
    " ELSE -t.private END), 0)::bigint AS count"                                                   \
    " FROM librenku.listing_total t WHERE t.scope = ANY (ARRAY("                                   \
    "SELECT '*'"                                                                                   \
    " UNION ALL SELECT 'u:' || $2 WHERE $1 = 'u'"                                                  \
    " UNION ALL SELECT 'p:' || x.parent FROM parents x"                                            \
    " UNION ALL SELECT 'u:' || $2 || ':' || x.parent FROM parents x)))"

/* The namespace of $6, and whether the subject sees everything in it. */
#define HERE                                                                                       \
    "here AS MATERIALIZED (SELECT coalesce(c.group_id, c.id)::text AS parent"                      \
    " FROM common.namespaces c WHERE c.slug = lower($6))"
#define ALL_OF_IT                                                                                  \
    "all_of_it AS MATERIALIZED (SELECT (SELECT yes FROM admin) OR EXISTS ("                        \
    "SELECT FROM parents x JOIN here ON here.parent = x.parent) AS yes)"
#define IS_HERE "parent = (SELECT parent FROM here)"
#define IN_HERE "'p:' || (SELECT parent FROM here)"
#define DIRECT_IN_HERE "'u:' || $2 || ':' || (SELECT parent FROM here)"

/* clang-format off */
static const rk_query visible = {
    .sql = "WITH " ADMIN ", " PARENTS(ANY_ROLE) ", " TOP_PARENTS ", "
           PAGE(STREAM("listing", "public")
                " UNION ALL " STREAM("listing", "NOT public AND (SELECT yes FROM admin)")
                " UNION ALL (SELECT l.project_id, l.sort_key FROM top CROSS JOIN LATERAL "
                STREAM("listing", "parent = top.parent AND NOT public") " l)"
                " UNION ALL " STREAM("listing_member", IS_DIRECT))
           VISIBLE_TOTAL SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query direct = {
    .sql = "WITH " PAGE(STREAM("listing_member", IS_DIRECT))
           ", total AS (SELECT (" IF_USER(BOTH("'u:' || $2")) ")::bigint AS count)" SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query visible_within = {
    .sql = "WITH " ADMIN ", " PARENTS(ANY_ROLE) ", " HERE ", " ALL_OF_IT ", "
           PAGE(STREAM("listing", IS_HERE " AND public")
                " UNION ALL " STREAM("listing", IS_HERE " AND NOT public AND (SELECT yes FROM all_of_it)")
                " UNION ALL " STREAM("listing_member", IS_DIRECT " AND " IS_HERE))
           ", total AS (SELECT (" TOTAL("public", IN_HERE)
           " + CASE WHEN (SELECT yes FROM all_of_it) THEN " TOTAL("private", IN_HERE)
           " ELSE " IF_USER(TOTAL("private", DIRECT_IN_HERE)) " END)::bigint AS count)" SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query direct_within = {
    .sql = "WITH " HERE ", " PAGE(STREAM("listing_member", IS_DIRECT " AND " IS_HERE))
           ", total AS (SELECT (" IF_USER(BOTH(DIRECT_IN_HERE)) ")::bigint AS count)" SELECT_PAGE,
    .row = &listed_row,
};
/* clang-format on */

int64_t rk_page_depth(const rk_page *page)
{
    int64_t rows;

    return __builtin_add_overflow(page->offset, page->per_page, &rows) ? INT64_MAX : rows;
}

/* Pages far from the first take their time: only a thread may wait for them. */
static int may_read(rk_op *op, const rk_page *page)
{
    return rk_page_depth(page) > NEAR ? rk_op_may_wait(op) : 0;
}

int rk_project_page(rk_array *out, int64_t *total, rk_op *op, const rk_page *page,
                    const char *namespace)
{
    RK_TRY(may_read(op, page));
    return namespace ? rk_db_page(out, total, op, &visible_within,
                                  RK_PARAMS(PAGE_PARAMS(op, page), rk_text(namespace)))
                     : rk_db_page(out, total, op, &visible, RK_PARAMS(PAGE_PARAMS(op, page)));
}

int rk_project_page_direct(rk_array *out, int64_t *total, rk_op *op, const rk_page *page,
                           const char *namespace)
{
    RK_TRY(may_read(op, page));
    return namespace ? rk_db_page(out, total, op, &direct_within,
                                  RK_PARAMS(PAGE_PARAMS(op, page), rk_text(namespace)))
                     : rk_db_page(out, total, op, &direct, RK_PARAMS(PAGE_PARAMS(op, page)));
}
