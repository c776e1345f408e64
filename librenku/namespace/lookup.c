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
        .sql = "SELECT {row}" FROM_NAMESPACES " WHERE n.user_id = $2 AND $1 = 'u'",
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
    const char *id;
    const char *name;
    const char *slug;
    rk_instant created;
    const char *created_by;
    int64_t total;
} listed;

static const rk_column listed_columns[] = {
    {"n.id",            RK_COLUMN_TEXT, offsetof(listed, id),         NULL},
    {"n.name",          RK_COLUMN_TEXT, offsetof(listed, name),       NULL},
    {"n.slug",          RK_COLUMN_TEXT, offsetof(listed, slug),       NULL},
    {"n.creation_date", RK_COLUMN_TIME, offsetof(listed, created),    NULL},
    {"n.created_by",    RK_COLUMN_TEXT, offsetof(listed, created_by), NULL},
    {"total.count",     RK_COLUMN_BITS, offsetof(listed, total),      NULL},
};
static const rk_row listed_row = RK_ROW(listed, listed_columns);

static int unpack(rk_array *out, int64_t *total, rk_op *op, const rk_array *rows)
{
    const listed *items = rows->items;
    rk_namespace *namespaces = rk_new_array(op, rk_namespace, rows->count);

    RK_CHECK(namespaces);
    *out = (rk_array){true, 0, namespaces};
    *total = rows->count ? items[0].total : 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (items[i].id)
            namespaces[out->count++] = (rk_namespace){.id = items[i].id,
                                                      .name = items[i].name,
                                                      .slug = items[i].slug,
                                                      .creation_date = items[i].created,
                                                      .created_by = items[i].created_by,
                                                      .namespace_kind = RK_NAMESPACE_KIND_GROUP,
                                                      .path = items[i].slug};
    }
    return 0;
}

#define LISTED_PAGE                                                                                \
    " SELECT {row}"                                                                                \
    "  FROM total"                                                                                 \
    "  LEFT JOIN (SELECT n.id, g.name, n.slug, g.creation_date, g.created_by"                      \
    "               FROM common.namespaces n JOIN common.groups g ON g.id = n.group_id"

static int all_groups(rk_array *rows, rk_op *op, const rk_page *page)
{
    static const rk_query query = {
        .sql = "WITH total AS ("
               "  SELECT coalesce(sum(t.public), 0)::bigint AS count"
               "    FROM librenku.listing_total t WHERE t.scope = 'groups')" LISTED_PAGE
               "              ORDER BY n.id LIMIT $2 OFFSET $1) n ON true"
               " ORDER BY n.id",
        .row = &listed_row,
    };

    return rk_db_all(rows, op, &query, RK_PARAMS(rk_int(page->offset), rk_int(page->per_page)));
}

/* Platform administrators hold every role on every group. */
static int groups_by_role(rk_array *rows, rk_op *op, const char *letters, const rk_page *page)
{
    static const rk_query query = {
        .sql =
            "WITH admin AS MATERIALIZED (SELECT " RK_SQL_IS_ADMIN " AS yes),"
            " mine AS MATERIALIZED ("
            "  SELECT object_id FROM (" RK_SQL_ROLE_OBJECTS(
                "g", "$3") ") r"
                           "  UNION"
                           "  SELECT g.id FROM common.groups g WHERE (SELECT yes FROM admin)),"
                           " total AS (SELECT count(*) FROM mine JOIN common.groups g ON g.id = "
                           "mine.object_id)" LISTED_PAGE
                           "               JOIN mine ON g.id = mine.object_id COLLATE \"default\""
                           "              ORDER BY n.id LIMIT $5 OFFSET $4) n ON true"
                           " ORDER BY n.id",
        .row = &listed_row,
    };

    return rk_db_all(
        rows, op, &query,
        RK_PARAMS(RK_SUBJECT(op), rk_text(letters), rk_int(page->offset), rk_int(page->per_page)));
}

int rk_namespace_groups(rk_array *out, int64_t *total, rk_op *op, const char *letters,
                        const rk_page *page)
{
    rk_array rows;

    RK_TRY(letters ? groups_by_role(&rows, op, letters, page) : all_groups(&rows, op, page));
    return unpack(out, total, op, &rows);
}
