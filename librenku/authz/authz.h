/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_AUTHZ_H
#define RK_AUTHZ_H

#include "authz_schema.h" /* generated: rk_object_type, rk_relation_kind, rk_scope, RK_SQL_BITS_* */
#include "librenku/base/value.h"
#include "librenku/db/db.h"

/* Who may do what, compiled from schema.zed. Spec: authorization.md
 *
 * A statement that reads an entity selects the caller's permissions with it:
 *     "SELECT {row} FROM projects.projects p WHERE p.id = $3"     with a column
 *     {RK_SQL_BITS_PROJECT("p.id"), RK_COLUMN_BITS, offsetof(rk_project, bits)}
 * and takes the subject as its first two parameters: RK_PARAMS(RK_SUBJECT(op), rk_text(id)). Bit
 * RK_SCOPE_* of the answer is set when the permission of that name holds; a service identity has
 * them all. */

#define RK_PLATFORM_ID "renku"
#define RK_SCOPE_BIT(scope) (INT64_C(1) << (scope))

/* The subject of op->caller as parameters $1 (its type: RK_SUBJECT_*) and $2 (its id). */
rk_param rk_subject_type(const rk_op *op);
rk_param rk_subject_id(const rk_op *op);
#define RK_SUBJECT(op) rk_subject_type(op), rk_subject_id(op)

/* Whether the subject is a user: boolean. */
#define RK_SQL_IS_USER "$1 = '" RK_SUBJECT_USER "'"

/* Fragments for lists, with the subject as $1 and $2; TYPE is RK_SQL_OBJECT_*, ROLE an expression
 * for the number of an rk_role: this one, or one before it. They give one column object_id, without
 * doubles. */
#define RK_SQL_DIRECT_OBJECTS(TYPE)                                                                \
    "SELECT DISTINCT object_id FROM librenku.relation"                                             \
    " WHERE subject_id = $2 AND subject_type = " RK_SQL_OBJECT_USER " AND " RK_SQL_IS_USER         \
    "   AND object_type = " TYPE
#define RK_SQL_ROLE_OBJECTS(TYPE, ROLE)                                                            \
    RK_SQL_DIRECT_OBJECTS(TYPE) " AND " RK_SQL_ROLE("relation") " <= " ROLE
/* The number of a relation that is a role; NULL for others. */
#define RK_SQL_ROLE(RELATION) "array_position(ARRAY[" RK_SQL_ROLES "]::\"char\"[], " RELATION ")"
/* Whether the subject is a platform administrator or a service: boolean. */
#define RK_SQL_IS_ADMIN                                                                            \
    "($1 = '" RK_SUBJECT_SERVICE "' OR EXISTS (SELECT FROM librenku.relation"                      \
    " WHERE object_id = '" RK_PLATFORM_ID "' AND object_type = " RK_SQL_OBJECT_PLATFORM            \
    "   AND relation = " RK_SQL_RELATION_ADMIN " AND subject_id = $2"                              \
    "   AND subject_type = " RK_SQL_OBJECT_USER " AND " RK_SQL_IS_USER "))"

/* --- checks --- */

/* Each check marks its (type, scope) in op->checked; dispatch refuses a success that lacks its
 * declared check. */

/* What an operation needs; `why` is the error when it is missing: NOT_FOUND nearly always (the
 * object is then as good as missing), FORBIDDEN where the specification says so. */
typedef struct {
    rk_object_type type;
    const char *id;
    int64_t bits; /* came with the object's row; 0 when there is no row */
    rk_scope scope;
    rk_err why;
} rk_authz_need;

/* The guard. Spec: authorization.md 7.3 */
int rk_authz_demand(rk_op *op, const rk_authz_need *need);
/* rk_authz_require(op, type, id, bits, scope, why) */
#define rk_authz_require(op, ...) rk_authz_demand((op), &(rk_authz_need){__VA_ARGS__})
/* For a success that needs no permission after all: what is to be removed does not exist. Returns
 * 0. */
int rk_authz_waive(rk_op *op, rk_object_type type, rk_scope scope);
/* The same without a failure: for /permissions and for filters. */
bool rk_authz_allows(rk_op *op, rk_object_type type, int64_t bits, rk_scope scope);
/* All permissions of the caller on one object, in a statement of its own: for code that has no row
 * at hand. */
int rk_authz_bits(int64_t *out, rk_op *op, rk_object_type type, const char *id);
/* The same from the facts that came with the object's row, a column RK_SQL_FACTS_*(id, parent,
 * rk_subject_id()) of text. Where these do not say it all (administrators, an object without a
 * parent), the permissions are asked for in a statement of their own. */
int rk_authz_conclude(int64_t *out, rk_op *op, rk_object_type type, const char *id,
                      const char *facts);
/* The same for many objects of one type, in their order; @p out has room for them. */
int rk_authz_bits_many(int64_t *out, rk_op *op, rk_object_type type, const rk_strings *ids);

/* --- relationships --- */

typedef struct {
    rk_object_type type;
    const char *id;
    rk_relation_kind relation;
    rk_object_type subject_type;
    const char *subject_id; /* "*" is everybody of that type */
} rk_relationship;

/* Which of these relationships are there, in their order; @p out has room for them. One statement,
 * whatever their number. */
int rk_authz_exist(bool *out, rk_op *op, const rk_relationship *relationships, size_t count);

typedef struct {
    bool remove; /* else touch */
    rk_relationship relationship;
} rk_relationship_change;

/* Queues the changes into the operation's transaction (rk_db_defer). CONFLICT: a project would have
 * a second namespace. */
int rk_authz_write(rk_op *op, const rk_relationship_change *changes, size_t count);
/* Queues: every relationship with this resource / with this subject goes. Spec: authorization.md 9
 */
int rk_authz_forget_resource(rk_op *op, rk_object_type type, const char *id);
int rk_authz_forget_subject(rk_op *op, rk_object_type type, const char *id);
/* A statement that adds what belongs to a new project, for a WITH: once for each row of FROM, whose
 * columns the other parameters may name. ID and OWNER, of the project and of its owner; GROUP,
 * where it lives, or NAMESPACE where that is NULL: text. PUBLIC: boolean. */
#define RK_SQL_RELATE_PROJECT(FROM, ID, OWNER, GROUP, NAMESPACE, PUBLIC)                           \
    "INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)"   \
    " SELECT " RK_SQL_OBJECT_PROJECT ", " ID ", v.relation::\"char\", v.type::\"char\", v.subject" \
    "   FROM " FROM ", LATERAL (VALUES"                                                            \
    "   (" RK_SQL_RELATION_PROJECT_PLATFORM ", " RK_SQL_OBJECT_PLATFORM ", '" RK_PLATFORM_ID "')," \
    "   (" RK_SQL_RELATION_OWNER ", " RK_SQL_OBJECT_USER ", " OWNER "),"                           \
    "   (" RK_SQL_RELATION_PROJECT_NAMESPACE ","                                                   \
    "    CASE WHEN " GROUP " IS NULL THEN " RK_SQL_OBJECT_USER_NAMESPACE                           \
    "         ELSE " RK_SQL_OBJECT_GROUP " END, coalesce(" GROUP ", " NAMESPACE ")),"              \
    "   (" RK_SQL_RELATION_PUBLIC_VIEWER ", " RK_SQL_OBJECT_ANONYMOUS_USER ", '*'),"               \
    "   (" RK_SQL_RELATION_PUBLIC_VIEWER ", " RK_SQL_OBJECT_USER ", '*'))"                         \
    "   v (relation, type, subject)"                                                               \
    "  WHERE v.relation <> " RK_SQL_RELATION_PUBLIC_VIEWER " OR (" PUBLIC ")"
/* Queues both public_viewer wildcards or their removal. Spec: authorization.md 11 */
int rk_authz_publish(rk_op *op, rk_object_type type, const char *id, bool is_public);
/* Queues: exactly this subject in this relation of the object, every other goes (project_namespace
 * of a move). */
int rk_authz_replace(rk_op *op, const rk_relationship *relationship);

/* --- look-ups --- */

typedef struct {
    const char *user_id;
    int role; /* RK_ROLE_* of the generated enum rk_role: owner, editor, viewer, prohibited */
} rk_member;
/* Direct members in the order of their user ids; user_id "" and "*" are left out. No guard. Spec:
 * authorization.md 7.7 */
int rk_authz_members(rk_array *out /* of rk_member */, rk_op *op, rk_object_type type,
                     const char *id);
/* The ids of members, for looking their records up. */
int rk_member_ids(rk_strings *out, rk_op *op, const rk_array *members);
/* Ids of the objects on which the caller holds the permission. Spec: authorization.md 7.4 */
int rk_authz_objects(rk_strings *out, rk_op *op, rk_object_type type, rk_scope scope);
/* Ids of users with the permission; "*" where a wildcard grants it. Spec: authorization.md 7.6 */
int rk_authz_users(rk_strings *out, rk_op *op, rk_object_type type, const char *id, rk_scope scope);

/* --- members --- */

typedef enum { RK_MEMBER_ADDED = 1, RK_MEMBER_UPDATED, RK_MEMBER_REMOVED } rk_member_change_kind;
typedef struct {
    rk_member_change_kind kind;
    rk_member member;
} rk_member_change;

/* Upserts a list of members with the last-owner rule; the caller has already locked the object's
 * row and checked change_membership. Reports what changed, in order. Spec: authorization.md 10.1 */
int rk_authz_members_set(rk_array *out /* of rk_member_change */, rk_op *op, rk_object_type type,
                         const char *id, const rk_array *members /* of rk_member */);
/* Removes one user's roles, with the last-owner rule; not a member is success. Spec:
 * authorization.md 10.2 */
int rk_authz_member_remove(rk_array *out /* of rk_member_change */, rk_op *op, rk_object_type type,
                           const char *id, const char *user_id);

/* --- platform --- */

int rk_authz_admin_set(rk_op *op, const char *user_id, bool admin);
int rk_authz_admins(rk_strings *out, rk_op *op);

/* --- tools, for the command line --- */

/* "project:ID#owner@user:ID"; INVALID says what is wrong with the line. */
int rk_relationship_parse(rk_relationship *out, rk_op *op, const char *line);
int rk_relationship_print(const char **out, rk_op *op, const rk_relationship *relationship);

#endif
