/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/project/columns.h"
#include "librenku/project/db.h"
#include "librenku/project/streams.h"

/* Pages of projects. A page is the merge of streams that an index gives in order: public projects,
 * private ones of the subject's namespaces, private ones with a direct role. They are read as far
 * as the page needs them, but for those of namespaces, which are sorted first: the first K of a
 * union lie within the union of the first Ks, so each gives offset + per_page rows at most. Totals
 * come from counters. What it costs follows the page, not the table. The pieces are written so that
 * no planner can leave these paths: one index range per stream, one for the total, and the wide
 * rows fetched one by one at the end. A stream may repeat what another one has.
 *
 * Parameters: $1, $2 the subject; $3 offset; $4 rows wanted; $5 offset + rows wanted; $6 namespace
 * slug. */

enum { NEAR = 200 };

#define BY_AGE(of) " ORDER BY " of "sort_key DESC, " of "project_id"
#define FIRST BY_AGE("") " LIMIT $5"
#define STREAM(table, condition)                                                                   \
    "(SELECT project_id, sort_key FROM librenku." table " WHERE " condition FIRST ")"

/* The page from its streams. DISTINCT ON goes along as they are merged; a plain UNION needs a hash
 * table as large as the planner fears, which follows the table: a limit that it does not know is a
 * tenth of all rows. */
#define PAGE(streams)                                                                              \
    "page AS (SELECT DISTINCT ON (sort_key, project_id) project_id, sort_key FROM "                \
    "(" streams ") streams" BY_AGE("") " LIMIT $4 OFFSET $3), "
#define SELECT_PAGE PAGE_ROWS(BY_AGE, "NULL, '-infinity'")

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

/* The namespace of $6, and whether the subject sees everything in it. */
#define HERE                                                                                       \
    "here AS MATERIALIZED (SELECT coalesce(c.group_id, c.id)::text AS parent"                      \
    " FROM common.namespaces c WHERE c.slug = lower($6)), "
#define ALL_OF_IT                                                                                  \
    "all_of_it AS MATERIALIZED (SELECT " IS_ADMIN " OR EXISTS ("                                   \
    "SELECT FROM parents x JOIN here ON here.parent = x.parent) AS yes), "
#define SEES_ALL "(SELECT yes FROM all_of_it)"
#define IS_HERE "parent = (SELECT parent FROM here)"
#define IN_HERE "'p:' || (SELECT parent FROM here)"
#define DIRECT_IN_HERE "'u:' || " ME " || ':' || (SELECT parent FROM here)"

/* clang-format off */
static const rk_query visible = {
    .sql = "WITH " ROLES(ANY_ROLE) ", "
           PAGE(STREAM("listing", "public")
                " UNION ALL " STREAM("listing", "NOT public AND " IS_ADMIN)
                " UNION ALL (SELECT l.project_id, l.sort_key FROM parents x CROSS JOIN LATERAL "
                STREAM("listing", "parent = x.parent AND NOT public") " l" FIRST ")"
                " UNION ALL " STREAM("listing_member", IS_DIRECT))
           READABLE_TOTAL("t.public", "t.private", "t.private") SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query direct = {
    .sql = "WITH " PAGE(STREAM("listing_member", IS_DIRECT)) TOTAL(BOTH, "ARRAY['u:' || " ME "]") SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query visible_within = {
    .sql = "WITH " ROLES(ANY_ROLE) ", " HERE ALL_OF_IT
           PAGE(STREAM("listing", IS_HERE " AND public")
                " UNION ALL " STREAM("listing", IS_HERE " AND NOT public AND " SEES_ALL)
                " UNION ALL " STREAM("listing_member", IS_DIRECT " AND " IS_HERE))
           TOTAL("CASE WHEN t.scope < 'u:' THEN t.public + CASE WHEN " SEES_ALL " THEN t.private ELSE 0 END"
               " WHEN NOT " SEES_ALL " THEN t.private END",
               "ARRAY[" IN_HERE ", " DIRECT_IN_HERE "]") SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query direct_within = {
    .sql = "WITH " HERE PAGE(STREAM("listing_member", IS_DIRECT " AND " IS_HERE))
           TOTAL(BOTH, "ARRAY[" DIRECT_IN_HERE "]") SELECT_PAGE,
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
