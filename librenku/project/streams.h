/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STREAMS_H
#define RK_STREAMS_H

#include "librenku/authz/authz.h"
#include "librenku/http/reply.h"

/* Pieces of the statements behind lists of projects, with the subject as $1 and $2; see list.c. */

#define ADMIN "admin AS MATERIALIZED (SELECT " RK_SQL_IS_ADMIN " AS yes)"

/* Ids of the subject's own namespace and of the groups where it has one of the roles: from there
 * come `read_children`, with any role, and `delete`, for owners. */
#define ANY_ROLE "('o', 'e', 'v')"
#define OWNER "('o')"
#define PARENTS(roles)                                                                             \
    "parents AS MATERIALIZED ("                                                                    \
    "SELECT object_id AS parent FROM librenku.relation"                                            \
    " WHERE subject_id = $2 AND subject_type = 'u' AND $1 = 'u' AND object_type = 'g'"             \
    "   AND relation IN " roles " UNION SELECT object_id FROM librenku.relation"                   \
    " WHERE subject_id = $2 AND subject_type = 'u' AND $1 = 'u' AND object_type = 'n'"             \
    "   AND relation = 'o')"

/* Totals of a scope. */
#define TOTAL(column, scope)                                                                       \
    "(SELECT coalesce(sum(t." column "), 0) FROM librenku.listing_total t WHERE t.scope = " scope  \
    ")"
#define BOTH(scope)                                                                                \
    "(SELECT coalesce(sum(t.public + t.private), 0) FROM librenku.listing_total t"                 \
    " WHERE t.scope = " scope ")"
#define IF_USER(sum) "CASE WHEN $1 = 'u' THEN " sum " ELSE 0 END"

/* Direct roles of the subject. */
#define IS_DIRECT "user_id = $2 AND $1 = 'u'"

/* The rows of a page, sorted while they are narrow, and fetched one by one; without any row it
 * still tells the total. */
#define PAGE_ROWS(order)                                                                           \
    " SELECT {row} FROM (SELECT page.*, total.count FROM total LEFT JOIN page ON true"             \
    "                     ORDER BY " order ") page"                                                \
    " LEFT JOIN LATERAL (SELECT l.* FROM librenku.listing l"                                       \
    "                     WHERE l.project_id = page.project_id LIMIT 1) p ON true"                 \
    " LEFT JOIN LATERAL (SELECT n.slug FROM common.namespaces n"                                   \
    "                     WHERE n.id = p.namespace_id COLLATE \"default\" LIMIT 1) n ON true"      \
    " ORDER BY " order
#define PAGE_PARAMS(op, page)                                                                      \
    RK_SUBJECT(op), rk_int((page)->offset), rk_int((page)->per_page), rk_int(rk_page_depth(page))

/* The rows of the streams that can still be on the page; the largest number when there are more. */
int64_t rk_page_depth(const rk_page *page);

#endif
