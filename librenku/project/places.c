/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/db.h"
#include "librenku/project/columns.h"
#include "librenku/project/project.h"
#include "librenku/project/streams.h"

/* Pages of projects as namespaces, in the order of their ids: the merge of streams, as list.c has
 * it. Parameters: $1, $2 the subject; $3 offset; $4 rows wanted; $5 offset + rows wanted. */

#define BY_ID(of) " ORDER BY " of "project_id"
#define FIRST BY_ID("") " LIMIT $5"
#define STREAM(table, condition)                                                                   \
    "(SELECT project_id FROM librenku." table " WHERE " condition FIRST ")"

/* Whoever administers sees all; others what is in their parents, and what the further streams
 * give. */
/* clang-format off */
#define PAGE(roles, streams)                                                                       \
    "WITH " ROLES(roles) ", page AS (SELECT DISTINCT ON (project_id) project_id FROM ("            \
    STREAM("listing", IS_ADMIN)                                                                    \
    " UNION ALL (SELECT l.project_id FROM parents x CROSS JOIN LATERAL "                           \
    STREAM("listing", "parent = x.parent") " l" FIRST ")"                                          \
    streams ") streams" BY_ID("") " LIMIT $4 OFFSET $3), "
/* clang-format on */
#define SELECT_PAGE PAGE_ROWS(BY_ID, "NULL")

#define IS_OWNER IS_DIRECT " AND role = " RK_SQL_RELATION_OWNER
#define IS_EDITOR IS_DIRECT " AND role = " RK_SQL_RELATION_EDITOR

typedef struct {
    rk_project_place place;
    int64_t total;
} listed;

static const rk_column listed_columns[] = {
    {"p.project_id",            RK_COLUMN_TEXT, offsetof(listed, place.project_id),    NULL},
    {"p.namespace_id",          RK_COLUMN_TEXT, offsetof(listed, place.namespace_id),  NULL},
    {"p.name",                  RK_COLUMN_TEXT, offsetof(listed, place.name),          NULL},
    {"p.slug",                  RK_COLUMN_TEXT, offsetof(listed, place.slug),          NULL},
    {"n.slug || '/' || p.slug", RK_COLUMN_TEXT, offsetof(listed, place.path),          NULL},
    {"p.created_by_id",         RK_COLUMN_TEXT, offsetof(listed, place.created_by),    NULL},
    {"p.creation_date",         RK_COLUMN_TIME, offsetof(listed, place.creation_date), NULL},
    {"page.count",              RK_COLUMN_BITS, offsetof(listed, total),               NULL},
};
static const rk_row listed_row = RK_ROW(listed, listed_columns);

/* clang-format off */
static const rk_query readable = {
    .sql = PAGE(ANY_ROLE, " UNION ALL " STREAM("listing", "public")
                          " UNION ALL " STREAM("listing_member", IS_DIRECT))
           READABLE_TOTAL("t.public", "t.private", "t.private") SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query with_any_role = {
    .sql = PAGE(ANY_ROLE, " UNION ALL " STREAM("listing_member", IS_DIRECT))
           READABLE_TOTAL("0", BOTH, BOTH) SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query writable = {
    .sql = PAGE(OWNER, " UNION ALL " STREAM("listing_member", IS_OWNER)
                       " UNION ALL " STREAM("listing_member", IS_EDITOR))
           READABLE_TOTAL("0", BOTH, "t.owners + t.editors") SELECT_PAGE,
    .row = &listed_row,
};

static const rk_query owned = {
    .sql = PAGE(OWNER, " UNION ALL " STREAM("listing_member", IS_OWNER))
           READABLE_TOTAL("0", BOTH, "t.owners") SELECT_PAGE,
    .row = &listed_row,
};
/* clang-format on */

int rk_project_places(rk_array *out, int64_t *total, rk_op *op, rk_scope scope, const rk_page *page)
{
    static const rk_query *const queries[RK_SCOPES] = {
        [RK_SCOPE_READ] = &readable,
        [RK_SCOPE_READ_CHILDREN] = &with_any_role,
        [RK_SCOPE_WRITE] = &writable,
        [RK_SCOPE_DELETE] = &owned,
    };

    RK_ASSERT(queries[scope]);
    return rk_db_page(out, total, op, queries[scope], RK_PARAMS(PAGE_PARAMS(op, page)));
}
