/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/namespace/db.h"

#include <string.h>

#include "librenku/authz/authz.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/namespace/core.h"

/* The id of the namespace that a slug means: its current one, else the newest former one. */
#define BY_SLUG(slug)                                                                              \
    "coalesce((SELECT c.id FROM common.namespaces c WHERE c.slug = lower(" slug ")),"              \
    "         (SELECT o.latest_slug_id FROM common.namespaces_old o"                               \
    "           WHERE o.slug = lower(" slug ") ORDER BY o.created_at DESC, o.id DESC LIMIT 1))"

#define FROM_GROUPS                                                                                \
    "  FROM common.groups g"                                                                       \
    "  JOIN common.namespaces n ON n.group_id = g.id"

/* The permissions stand last: lists leave them out. */
static const rk_column group_columns[] = {
    {"g.id",                    RK_COLUMN_TEXT, offsetof(rk_group, id),            NULL},
    {"g.name",                  RK_COLUMN_TEXT, offsetof(rk_group, name),          NULL},
    {"n.slug",                  RK_COLUMN_TEXT, offsetof(rk_group, slug),          NULL},
    {"g.creation_date",         RK_COLUMN_TIME, offsetof(rk_group, creation_date), NULL},
    {"g.created_by",            RK_COLUMN_TEXT, offsetof(rk_group, created_by),    NULL},
    {"g.description",           RK_COLUMN_TEXT, offsetof(rk_group, description),   NULL},
    {"n.id",                    RK_COLUMN_TEXT, offsetof(rk_group, namespace_id),  NULL},
    {RK_SQL_BITS_GROUP("g.id"), RK_COLUMN_BITS, offsetof(rk_group, bits),          NULL},
};
static const rk_row group_row = RK_ROW(rk_group, group_columns);

typedef struct {
    rk_group group; /* first: a row of a page is a group */
    int64_t total;
} group_of_page;

static const rk_column page_columns[] = {
    {"g.id",            RK_COLUMN_TEXT, offsetof(group_of_page, group.id),            NULL},
    {"g.name",          RK_COLUMN_TEXT, offsetof(group_of_page, group.name),          NULL},
    {"g.slug",          RK_COLUMN_TEXT, offsetof(group_of_page, group.slug),          NULL},
    {"g.creation_date", RK_COLUMN_TIME, offsetof(group_of_page, group.creation_date), NULL},
    {"g.created_by",    RK_COLUMN_TEXT, offsetof(group_of_page, group.created_by),    NULL},
    {"g.description",   RK_COLUMN_TEXT, offsetof(group_of_page, group.description),   NULL},
    {"total.count",     RK_COLUMN_BITS, offsetof(group_of_page, total),               NULL},
};
static const rk_row page_row = RK_ROW(group_of_page, page_columns);

int rk_group_lookup(rk_group *out, bool *found, rk_op *op, const char *slug)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_GROUPS " WHERE n.id = " BY_SLUG("$3"),
        .row = &group_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(slug)));
}

/* A statement that waits for a lock goes on with the snapshot from before: what was changed
 * meanwhile, also who may do what, is seen by the next one only. The namespace is locked too, so
 * that nothing is being created in it. */
static int lock_and_lookup(rk_group *out, bool *found, const char **locked, rk_op *op,
                           const char *slug)
{
    static const rk_column columns[] = {
        {"(SELECT n.id" FROM_GROUPS " WHERE n.id = " BY_SLUG("$1") " FOR UPDATE OF g, n)",
         RK_COLUMN_TEXT, 0, NULL},
    };
    static const rk_row row = RK_ROW(const char *, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};

    RK_TRY(rk_db_defer(locked, op, &query, RK_PARAMS(rk_text(slug))));
    return rk_group_lookup(out, found, op, slug);
}

/* Meanwhile the slug may have become that of another group, which nobody has locked yet. */
int rk_group_lock(rk_group *out, bool *found, rk_op *op, const char *slug)
{
    const char **locked = rk_new(op, const char *);

    RK_CHECK(locked);
    do {
        RK_TRY(lock_and_lookup(out, found, locked, op, slug));
    } while (*found && (!*locked || strcmp(*locked, out->namespace_id) != 0));
    return 0;
}

int rk_group_page(rk_array *out, int64_t *total, rk_op *op, const rk_page *page)
{
    static const rk_query query = {
        .sql = "WITH total AS ("
               "  SELECT coalesce(sum(t.public), 0)::bigint AS count"
               "    FROM librenku.listing_total t WHERE t.scope = 'groups')"
               " SELECT {row}"
               "  FROM total"
               "  LEFT JOIN (SELECT g.*, n.slug" FROM_GROUPS
               "              ORDER BY g.id DESC LIMIT $2 OFFSET $1) g ON true"
               " ORDER BY g.id DESC",
        .row = &page_row,
    };

    return rk_db_page(out, total, op, &query,
                      RK_PARAMS(rk_int(page->offset), rk_int(page->per_page)));
}

#define MINE "WITH mine AS MATERIALIZED (" RK_SQL_DIRECT_OBJECTS(RK_SQL_OBJECT_GROUP) "),"

int rk_group_page_direct(rk_array *out, int64_t *total, rk_op *op, const rk_page *page)
{
    static const rk_query query = {
        .sql = MINE " total AS (SELECT count(*) FROM mine"
                    "             JOIN common.groups g ON g.id = mine.object_id)"
                    " SELECT {row}"
                    "  FROM total"
                    "  LEFT JOIN (SELECT g.*, n.slug" FROM_GROUPS
                    "               JOIN mine ON g.id = mine.object_id COLLATE \"default\""
                    "              ORDER BY g.id DESC LIMIT $4 OFFSET $3) g ON true"
                    " ORDER BY g.id DESC",
        .row = &page_row,
    };

    return rk_db_page(out, total, op, &query,
                      RK_PARAMS(RK_SUBJECT(op), rk_int(page->offset), rk_int(page->per_page)));
}

int rk_group_creation_lookup(rk_group_creation *out, rk_op *op, const char *slug)
{
    static const rk_column columns[] = {
        {RK_SQL_BITS_PLATFORM("'renku'"),                                     RK_COLUMN_BITS,
         offsetof(rk_group_creation, platform_bits), NULL},
        {"EXISTS (SELECT FROM common.namespaces n WHERE n.slug = lower($3))", RK_COLUMN_BOOL,
         offsetof(rk_group_creation, slug_taken),    NULL},
        {"EXISTS (SELECT FROM users.users u WHERE u.keycloak_id = $2)",       RK_COLUMN_BOOL,
         offsetof(rk_group_creation, user_known),    NULL},
    };
    static const rk_row row = RK_ROW(rk_group_creation, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};

    return rk_db_one(out, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(slug)));
}

/* Queues the reading of a group as it is once the statements before have run. */
static int read_back(rk_group *out, rk_op *op, const char *group_id)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_GROUPS " WHERE g.id = $3",
        .row = &group_row,
    };

    return rk_db_defer(out, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(group_id)));
}

int rk_group_insert(rk_group *out, rk_op *op, const rk_group *group)
{
    static const rk_query query = {
        .sql = "WITH g AS ("
               "  INSERT INTO common.groups (id, name, created_by, creation_date, description)"
               "  VALUES ($1, $2, $3, date_trunc('second', now()), $4))"
               " INSERT INTO common.namespaces (id, slug, group_id) VALUES ($5, lower($6), $1)",
        .duplicate = RK_ERR_INVALID,
        .taken = RK_GROUP_SLUG_TAKEN,
    };

    RK_TRY(rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(group->id), rk_text(group->name),
                                 rk_text(group->created_by), rk_text(group->description),
                                 rk_text(group->namespace_id), rk_text(group->slug))));
    return read_back(out, op, group->id);
}

int rk_group_update(rk_group *out, rk_op *op, const rk_group *group)
{
    static const rk_query query = {
        .sql = "UPDATE common.groups SET name = $2, description = $3 WHERE id = $1",
    };

    RK_TRY(rk_db_defer(
        NULL, op, &query,
        RK_PARAMS(rk_text(group->id), rk_text(group->name), rk_text(group->description))));
    return read_back(out, op, group->id);
}

int rk_group_rename(rk_op *op, const rk_group *group, const char *slug)
{
    static const rk_query query = {
        .sql = "WITH former AS ("
               "  INSERT INTO common.namespaces_old (id, slug, latest_slug_id)"
               "  SELECT $3, n.slug, n.id FROM common.namespaces n WHERE n.id = $1)"
               " UPDATE common.namespaces SET slug = lower($2) WHERE id = $1",
        .duplicate = RK_ERR_INVALID,
        .taken = RK_GROUP_SLUG_TAKEN,
    };
    char *id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);

    RK_CHECK(id);
    rk_ulid_make(id);
    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(group->namespace_id), rk_text(slug), rk_text(id)));
}

int rk_group_remove(rk_op *op, const char *group_id)
{
    static const rk_query query = {.sql = "DELETE FROM common.groups WHERE id = $1"};

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(group_id)));
}
