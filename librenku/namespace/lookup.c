/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/authz.h"
#include "librenku/db/db.h"
#include "librenku/namespace/db.h"

/* Namespaces of users and groups as values. Spec: namespaces.md 2.6 */

#define FROM_NAMESPACES                                                                            \
    "  FROM common.namespaces n"                                                                   \
    "  LEFT JOIN common.groups g ON g.id = n.group_id"                                             \
    "  LEFT JOIN users.users u ON u.keycloak_id = n.user_id"

/* Cut to what the contract allows: a user may have two long names. */
#define NAME                                                                                       \
    "left(coalesce(g.name,"                                                                        \
    " nullif(concat_ws(' ', nullif(u.first_name, ''), nullif(u.last_name, '')), '')), 99)"

static const rk_column namespace_columns[] = {
    {"n.id",                                                           RK_COLUMN_TEXT, offsetof(rk_namespace, id),             NULL                    },
    {NAME,                                                             RK_COLUMN_TEXT, offsetof(rk_namespace, name),           NULL                    },
    {"n.slug",                                                         RK_COLUMN_TEXT, offsetof(rk_namespace, slug),           NULL                    },
    {"g.creation_date",                                                RK_COLUMN_TIME, offsetof(rk_namespace, creation_date),  NULL                    },
    {"coalesce(g.created_by, n.user_id)",                              RK_COLUMN_TEXT, offsetof(rk_namespace, created_by),     NULL                    },
    {"CASE WHEN n.group_id IS NULL THEN 'user' ELSE 'group' END",      RK_COLUMN_ENUM,
     offsetof(rk_namespace,                                                                                   namespace_kind), &rk_namespace_kind_names},
    {"n.slug",                                                         RK_COLUMN_TEXT, offsetof(rk_namespace, path),           NULL                    },
    {"n.group_id",                                                     RK_COLUMN_TEXT, offsetof(rk_namespace, group_id),       NULL                    },
    {"CASE WHEN n.group_id IS NULL THEN " RK_SQL_BITS_USER_NAMESPACE(
         "n.id") " ELSE " RK_SQL_BITS_GROUP("n.group_id") " END",
     RK_COLUMN_BITS,                                                                   offsetof(rk_namespace, bits),           NULL                    },
};
static const rk_row namespace_row = RK_ROW(rk_namespace, namespace_columns);

int rk_namespace_lookup(rk_namespace *out, bool *found, rk_op *op, const char *slug)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_NAMESPACES " WHERE n.id = coalesce("
               "   (SELECT c.id FROM common.namespaces c WHERE c.slug = lower($3)),"
               "   (SELECT o.latest_slug_id FROM common.namespaces_old o WHERE o.slug = lower($3)"
               "     ORDER BY o.created_at DESC, o.id DESC LIMIT 1))",
        .row = &namespace_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(slug)));
}

int rk_namespace_own(rk_namespace *out, bool *found, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row}" FROM_NAMESPACES " WHERE n.user_id = $2 AND " RK_SQL_IS_USER,
        .row = &namespace_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(RK_SUBJECT(op)));
}

int rk_namespace_slug_is_taken(bool *out, rk_op *op, const char *slug)
{
    static const rk_query query = {
        .sql = "SELECT FROM common.namespaces n WHERE n.slug = lower($1)",
    };

    return rk_db_lookup(NULL, out, op, &query, RK_PARAMS(rk_text(slug)));
}

typedef struct {
    rk_namespace group;
    int64_t total;
} listed;

static int listed_loaded(void *model, rk_op *op)
{
    rk_namespace *group = &((listed *)model)->group;

    (void)op;
    group->namespace_kind = RK_NAMESPACE_KIND_GROUP;
    group->path = group->slug;
    return 0;
}

static const rk_column listed_columns[] = {
    {"n.id",            RK_COLUMN_TEXT, offsetof(listed, group.id),            NULL},
    {"n.name",          RK_COLUMN_TEXT, offsetof(listed, group.name),          NULL},
    {"n.slug",          RK_COLUMN_TEXT, offsetof(listed, group.slug),          NULL},
    {"n.creation_date", RK_COLUMN_TIME, offsetof(listed, group.creation_date), NULL},
    {"n.created_by",    RK_COLUMN_TEXT, offsetof(listed, group.created_by),    NULL},
    {"total.count",     RK_COLUMN_BITS, offsetof(listed, total),               NULL},
};
static const rk_row listed_row = RK_ROW_THEN(listed, listed_columns, listed_loaded);

#define LISTED_PAGE                                                                                \
    " SELECT {row}"                                                                                \
    "  FROM total"                                                                                 \
    "  LEFT JOIN (SELECT n.id, g.name, n.slug, g.creation_date, g.created_by"                      \
    "               FROM common.namespaces n JOIN common.groups g ON g.id = n.group_id"

static int all_groups(rk_array *out, int64_t *total, rk_op *op, const rk_page *page)
{
    static const rk_query query = {
        .sql = "WITH total AS ("
               "  SELECT coalesce(sum(t.public), 0)::bigint AS count"
               "    FROM librenku.listing_total t WHERE t.scope = 'groups')" LISTED_PAGE
               "              ORDER BY n.id LIMIT $2 OFFSET $1) n ON true"
               " ORDER BY n.id",
        .row = &listed_row,
    };

    return rk_db_page(out, total, op, &query,
                      RK_PARAMS(rk_int(page->offset), rk_int(page->per_page)));
}

#define WITH_ROLE RK_SQL_ROLE_OBJECTS(RK_SQL_OBJECT_GROUP, "$3")

/* Platform administrators hold every role on every group. */
static int groups_by_role(rk_array *out, int64_t *total, rk_op *op, rk_role minimum,
                          const rk_page *page)
{
    static const rk_query query = {
        .sql = "WITH admin AS MATERIALIZED (SELECT " RK_SQL_IS_ADMIN " AS yes),"
               " mine AS MATERIALIZED ("
               "  SELECT object_id FROM (" WITH_ROLE ") r"
               "  UNION"
               "  SELECT g.id FROM common.groups g WHERE (SELECT yes FROM admin)),"
               " total AS (SELECT count(*) FROM mine"
               "             JOIN common.groups g ON g.id = mine.object_id)" LISTED_PAGE
               "               JOIN mine ON g.id = mine.object_id COLLATE \"default\""
               "              ORDER BY n.id LIMIT $5 OFFSET $4) n ON true"
               " ORDER BY n.id",
        .row = &listed_row,
    };

    return rk_db_page(
        out, total, op, &query,
        RK_PARAMS(RK_SUBJECT(op), rk_int(minimum), rk_int(page->offset), rk_int(page->per_page)));
}

int rk_namespace_groups(rk_array *out, int64_t *total, rk_op *op, rk_role minimum,
                        const rk_page *page)
{
    return minimum ? groups_by_role(out, total, op, minimum, page)
                   : all_groups(out, total, op, page);
}
