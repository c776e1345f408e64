/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/authz/authz.h"
#include "librenku/db/db.h"
#include "librenku/user/user.h"
#include "renku/admin.h"

/* Everything about one person, as one object of sections. Of secrets, tokens and configurations,
 * which may hold secrets, only the names; of other persons nothing. $1 is the id of the user. */

typedef struct {
    const char *json;
} section_text;

static const rk_column section_columns[] = {
    {"s.json", RK_COLUMN_TEXT, offsetof(section_text, json), NULL},
};
static const rk_row section_row = RK_ROW(section_text, section_columns);

/* clang-format off */
#define LIST(columns, from, order)                                                                 \
    {.sql = "SELECT {row} FROM (SELECT coalesce(json_agg(t), '[]')::text AS json"                  \
            "  FROM (SELECT " columns " FROM " from " ORDER BY " order ") t) s",                   \
     .row = &section_row}
/* One object, or null. */
#define ONE(columns, from)                                                                         \
    {.sql = "SELECT {row} FROM (SELECT coalesce((SELECT row_to_json(t)"                            \
            "  FROM (SELECT " columns " FROM " from ") t), 'null')::text AS json) s",              \
     .row = &section_row}

/* Where a project or a data connector is. */
#define PATH_OF(column, id, alone)                                                                 \
    "(SELECT n.slug || '/' || e.slug"                                                              \
    "   FROM common.entity_slugs e JOIN common.namespaces n ON n.id = e.namespace_id"              \
    "  WHERE e." column " = " id " AND e." alone " IS NULL LIMIT 1) AS path"
#define PROJECT_PATH(id) PATH_OF("project_id", id, "data_connector_id")
#define CONNECTOR_PATH(id) PATH_OF("data_connector_id", id, "project_id")

/* Relationships of the user, and names of what they are about. */
#define RELATIONS                                                                                  \
    "librenku.relation r"                                                                          \
    " WHERE r.subject_type = " RK_SQL_OBJECT_USER " AND r.subject_id = $1"
#define CALLED(letter, name) " WHEN " letter " THEN '" name "'"
#define NAME_OF(letter, from, id)                                                                  \
    " WHEN " letter " THEN (SELECT " from " o WHERE " id " = r.object_id)"

static const struct {
    const char *name;
    rk_query query;
} sections[] = {
    {"user", ONE("u.keycloak_id AS id, u.email, u.first_name, u.last_name,"
                 " u.secret_key IS NOT NULL AS has_secret_key",
                 "users.users u WHERE u.keycloak_id = $1")},
    {"namespace", ONE("n.id, n.slug,"
                      " ARRAY(SELECT o.slug FROM common.namespaces_old o"
                      "        WHERE o.latest_slug_id = n.id ORDER BY o.created_at) AS former_slugs",
                      "common.namespaces n WHERE n.user_id = $1")},
    {"preferences", ONE("p.pinned_projects, p.show_project_migration_banner",
                        "users.user_preferences p WHERE p.user_id = $1")},
    {"platform_roles", LIST("CASE r.relation"
                            CALLED(RK_SQL_RELATION_ADMIN, "admin")
                            CALLED(RK_SQL_RELATION_PROJECT_CREATOR, "project_creator")
                            CALLED(RK_SQL_RELATION_GROUP_CREATOR, "group_creator")
                            " ELSE r.relation::text END AS role",
                            RELATIONS " AND r.object_type = " RK_SQL_OBJECT_PLATFORM, "1")},
    {"memberships", LIST("CASE r.object_type"
                         CALLED(RK_SQL_OBJECT_PROJECT, "project")
                         CALLED(RK_SQL_OBJECT_GROUP, "group")
                         CALLED(RK_SQL_OBJECT_USER_NAMESPACE, "user_namespace")
                         CALLED(RK_SQL_OBJECT_DATA_CONNECTOR, "data_connector")
                         CALLED(RK_SQL_OBJECT_RESOURCE_POOL, "resource_pool")
                         " ELSE r.object_type::text END AS type,"
                         " r.object_id AS id,"
                         " CASE r.relation"
                         CALLED(RK_SQL_RELATION_OWNER, "owner")
                         CALLED(RK_SQL_RELATION_EDITOR, "editor")
                         CALLED(RK_SQL_RELATION_VIEWER, "viewer")
                         CALLED(RK_SQL_RELATION_PROHIBITED, "prohibited")
                         " ELSE r.relation::text END AS role,"
                         " CASE r.object_type"
                         NAME_OF(RK_SQL_OBJECT_PROJECT, "o.name FROM projects.projects", "o.id")
                         NAME_OF(RK_SQL_OBJECT_GROUP, "o.name FROM common.groups", "o.id")
                         NAME_OF(RK_SQL_OBJECT_USER_NAMESPACE, "o.slug FROM common.namespaces", "o.id")
                         NAME_OF(RK_SQL_OBJECT_DATA_CONNECTOR,
                                 "o.name FROM storage.data_connectors", "o.id")
                         NAME_OF(RK_SQL_OBJECT_RESOURCE_POOL,
                                 "o.name FROM resource_pools.resource_pools", "o.id::text")
                         " END AS name",
                         RELATIONS " AND r.object_type <> " RK_SQL_OBJECT_PLATFORM, "1, 2, 3")},
    {"projects_created", LIST("p.id, p.name, " PROJECT_PATH("p.id") ", p.visibility,"
                              " p.creation_date",
                              "projects.projects p WHERE p.created_by_id = $1", "p.id")},
    {"groups_created", LIST("g.id, g.name, (SELECT n.slug FROM common.namespaces n"
                            "                WHERE n.group_id = g.id LIMIT 1) AS slug,"
                            " g.creation_date",
                            "common.groups g WHERE g.created_by = $1", "g.id")},
    {"data_connectors_created", LIST("d.id, d.name, " CONNECTOR_PATH("d.id") ", d.visibility,"
                                     " d.storage_type, d.creation_date",
                                     "storage.data_connectors d WHERE d.created_by_id = $1", "d.id")},
    {"data_connector_links_created", LIST("l.data_connector_id, l.project_id, l.creation_date",
                                          "storage.data_connector_to_project_links l"
                                          " WHERE l.created_by_id = $1", "l.id")},
    {"environments_created", LIST("e.id, e.name, e.environment_kind AS kind, e.creation_date",
                                  "sessions.environments e WHERE e.created_by_id = $1", "e.id")},
    {"launchers_created", LIST("l.id, l.name, l.project_id, l.creation_date",
                               "sessions.launchers l WHERE l.created_by_id = $1", "l.id")},
    {"session_secret_slots_created", LIST("s.id, s.name, s.filename, s.project_id, s.creation_date",
                                          "projects.session_secret_slots s"
                                          " WHERE s.created_by_id = $1", "s.id")},
    {"service_providers_created", LIST("c.id, c.display_name, c.kind, c.creation_date",
                                       "connected_services.oauth2_clients c"
                                       " WHERE c.created_by_id = $1", "c.id")},
    {"secrets", LIST("s.id, s.name, s.default_filename, s.kind, s.modification_date,"
                     " s.expiration_timestamp",
                     "secrets.secrets s WHERE s.user_id = $1", "s.id")},
    {"session_secrets", LIST("o.id, t.id AS slot_id, t.name AS slot_name, t.project_id,"
                             " s.name AS secret_name",
                             "projects.session_secrets o"
                             " JOIN projects.session_secret_slots t ON t.id = o.secret_slot_id"
                             " JOIN secrets.secrets s ON s.id = o.secret_id"
                             " WHERE o.user_id = $1", "o.id")},
    {"data_connector_secrets", LIST("c.data_connector_id, d.name AS data_connector_name,"
                                    " c.name AS field, s.name AS secret_name",
                                    "storage.data_connector_secrets c"
                                    " JOIN storage.data_connectors d ON d.id = c.data_connector_id"
                                    " JOIN secrets.secrets s ON s.id = c.secret_id"
                                    " WHERE c.user_id = $1", "1, 3")},
    {"connected_services", LIST("o.id, o.client_id AS provider_id,"
                                " c.display_name AS provider_name, o.status, o.creation_date,"
                                " o.updated_at",
                                "connected_services.oauth2_connections o"
                                " JOIN connected_services.oauth2_clients c ON c.id = o.client_id"
                                " WHERE o.user_id = $1", "o.id")},
    {"deposits", LIST("d.id, d.name, d.data_connector_id, d.path, d.original_id, s.source,"
                      " t.status, d.creation_date, d.updated_at",
                      "storage.deposits d"
                      " JOIN storage.deposit_sources s ON s.id = d.source_id"
                      " JOIN storage.deposit_statuses t ON t.id = d.status_id"
                      " WHERE d.user_id = $1", "d.id")},
    {"sessions", LIST("k.name, k.namespace, k.cluster, k.kind, k.creation_date, k.updated_at,"
                      " k.deleted",
                      "common.k8s_objects k WHERE k.user_id = $1", "k.id")},
    {"resource_pools", LIST("p.id, p.name",
                            "resource_pools.users u"
                            " JOIN resource_pools.resource_pools_users r ON r.user_id = u.id"
                            " JOIN resource_pools.resource_pools p ON p.id = r.resource_pool_id"
                            " WHERE u.keycloak_id = $1", "p.id")},
    {"resource_access", ONE("u.no_default_access",
                            "resource_pools.users u WHERE u.keycloak_id = $1")},
    {"resource_usage", LIST("l.name, l.kind, l.phase, l.capture_date, l.capture_interval,"
                            " l.project_id, l.launcher_id, l.resource_class_id, l.resource_pool_id,"
                            " l.since, l.cpu_request, l.memory_request, l.gpu_request,"
                            " l.disk_request",
                            "resource_pools.resource_requests_log l WHERE l.user_id = $1", "l.id")},
    {"alerts", LIST("a.id, a.title, a.message, a.event_type, a.session_name, a.creation_date,"
                    " a.resolved_date",
                    "notifications.alerts a WHERE a.user_id = $1", "a.id")},
    {"metrics", LIST("m.event, m.timestamp, m.metadata",
                     "metrics.metrics m WHERE m.anonymous_user_id = md5($1::text)", "m.id")},
    {"former_project_roles", LIST("a.project_id, a.role",
                                  "authz.project_user_authz a WHERE a.user_id = $1", "a.id")},
};
/* clang-format on */

/* What one state of the database says. */
static int write_sections(rk_op *op, rk_buf *out, const char *user_id)
{
    for (size_t i = 0; i < RK_COUNT(sections); i++) {
        section_text section;

        rk_op_tell(op, (int64_t)i, RK_COUNT(sections), "%s", sections[i].name);
        RK_TRY(rk_db_one(&section, op, &sections[i].query, RK_PARAMS(rk_text(user_id))));
        rk_buf_printf(out, "%s\"%s\":", i ? "," : "{", sections[i].name);
        rk_buf_text(out, section.json);
    }
    rk_buf_char(out, '}');
    return rk_buf_finish(out);
}

static int write_export(rk_op *op, rk_buf *out, const char *user_id)
{
    static const rk_query isolation = {
        .sql = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"};
    rk_user user;
    bool found;

    RK_TRY(rk_db_begin(op));
    RK_TRY(rk_db_defer(NULL, op, &isolation, RK_NO_PARAMS));
    RK_TRY(rk_user_lookup(&user, &found, op, user_id));
    if (!found)
        return rk_fail(op, RK_ERR_NOT_FOUND, "The user with ID %s cannot be found.", user_id);
    RK_TRY(write_sections(op, out, user_id));
    return rk_db_commit(op);
}

static int export_user(rk_op *op, rk_buf *out, void *user_id)
{
    int err = write_export(op, out, user_id);

    rk_db_end(op);
    return err;
}

renku_result *renku_user_export(renku_ctx *ctx, const char *user_id)
{
    return renku_user_export_with(ctx, user_id, NULL);
}

renku_result *renku_user_export_with(renku_ctx *ctx, const char *user_id, const renku_watch *watch)
{
    if (!user_id)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_user_export: the user id is NULL.");
    return rk_tool_run_watched(ctx, export_user, (void *)(uintptr_t)user_id, RK_TOOL_JSON, watch);
}
