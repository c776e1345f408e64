/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STREAMS_H
#define RK_STREAMS_H

#include "librenku/authz/authz.h"
#include "librenku/http/reply.h"

/* Pieces of the statements behind lists of projects, with the subject as $1 and $2; see list.c. */

/* The subject as a user: NULL, which nothing equals, if it is none. */
#define ME "(CASE WHEN " RK_SQL_IS_USER " THEN $2 END)"

/* What the subject is to places, by one look at one index: whether it administers the platform, and
 * its own namespace and the groups where it has one of the roles: from there come `read_children`,
 * with any role, and `delete`, for owners. One may have several roles in a group. */
#define ANY_ROLE                                                                                   \
    "(" RK_SQL_RELATION_OWNER ", " RK_SQL_RELATION_EDITOR ", " RK_SQL_RELATION_VIEWER ")"
#define OWNER "(" RK_SQL_RELATION_OWNER ")"
#define PLACES                                                                                     \
    "(" RK_SQL_OBJECT_GROUP ", " RK_SQL_OBJECT_USER_NAMESPACE ", " RK_SQL_OBJECT_PLATFORM ")"
/* clang-format off */
#define ROLES(roles)                                                                               \
    "roles AS MATERIALIZED (SELECT object_type, object_id FROM librenku.relation"                  \
    " WHERE subject_id = " ME " AND subject_type = " RK_SQL_OBJECT_USER                            \
    "   AND object_type IN " PLACES                                                                \
    "   AND (object_type = " RK_SQL_OBJECT_GROUP " AND relation IN " roles                         \
    "        OR object_type = " RK_SQL_OBJECT_USER_NAMESPACE                                       \
    "           AND relation = " RK_SQL_RELATION_OWNER                                             \
    "        OR object_type = " RK_SQL_OBJECT_PLATFORM                                             \
    "           AND relation = " RK_SQL_RELATION_ADMIN " AND object_id = '" RK_PLATFORM_ID "')),"  \
    " parents AS NOT MATERIALIZED (SELECT object_id AS parent FROM roles"                          \
    "                               WHERE object_type <> " RK_SQL_OBJECT_PLATFORM ")"
/* clang-format on */
/* RK_SQL_IS_ADMIN out of `roles`: a second look at the index would cost each page. */
#define IS_ADMIN                                                                                   \
    "($1 = '" RK_SUBJECT_SERVICE "'"                                                               \
    " OR EXISTS (SELECT FROM roles WHERE object_type = " RK_SQL_OBJECT_PLATFORM "))"

/* The total of scopes by one look at the index. They sort in this order: '*' everything, 'p:'
 * parent, 'u:' user, 'u:' user ':' parent. */
#define TOTAL(of, scopes)                                                                          \
    "total AS (SELECT coalesce(sum(" of "), 0)::bigint AS count"                                   \
    " FROM librenku.listing_total t WHERE t.scope = ANY (" scopes "))"
#define BOTH "t.public + t.private"
/* Whoever administers sees all; others a part of everything, of their parents and of those with a
 * direct role, but for what the last two have in common. */
/* clang-format off */
#define READABLE_TOTAL(everywhere, in_parent, direct)                                              \
    TOTAL("CASE WHEN " IS_ADMIN " THEN CASE WHEN t.scope = '*' THEN " BOTH " END"                  \
          " WHEN t.scope = '*' THEN " everywhere                                                   \
          " WHEN t.scope < 'u:' THEN " in_parent                                                   \
          " WHEN t.scope = 'u:' || $2 THEN " direct                                                \
          " ELSE -(" direct ") END",                                                               \
          "ARRAY['*', 'u:' || " ME "] || ARRAY("                                                   \
          "SELECT 'p:' || x.parent FROM parents x"                                                 \
          " UNION ALL SELECT 'u:' || $2 || ':' || x.parent FROM parents x)")
/* clang-format on */

/* Direct roles of the subject. */
#define IS_DIRECT "user_id = " ME

/* The rows of a page, found while they are narrow, and fetched one by one; OFFSET 0 lets no planner
 * read whole tables for them. The total comes behind the last, in a row of its own. */
/* clang-format off */
#define PAGE_ROWS(order, last)                                                                     \
    " SELECT {row} FROM (SELECT page.*, NULL::bigint AS count FROM page"                           \
    "                     UNION ALL SELECT " last ", count FROM total" order("") ") page"          \
    " LEFT JOIN LATERAL (SELECT l.* FROM librenku.listing l"                                       \
    "                     WHERE l.project_id = page.project_id OFFSET 0) p ON true"                \
    " LEFT JOIN LATERAL (SELECT n.slug FROM common.namespaces n"                                   \
    "                     WHERE n.id = p.namespace_id COLLATE \"default\" OFFSET 0) n ON true"     \
    order("page.")
/* clang-format on */
#define PAGE_PARAMS(op, page)                                                                      \
    RK_SUBJECT(op), rk_int((page)->offset), rk_int((page)->per_page), rk_int(rk_page_depth(page))

/* The rows of the streams that can still be on the page; the largest number when there are more. */
int64_t rk_page_depth(const rk_page *page);

#endif
