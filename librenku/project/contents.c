/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"
#include "librenku/project/change.h"
#include "librenku/secret/secret.h"
#include "librenku/user/user.h"

/* The seam to the rooms of sessions and data connectors: what of theirs a copy or a
 * migration of a project makes. It works on their tables directly until they stand; each statement
 * then moves to its room. */

/* New ids of one millisecond are in no order: the new ids and the rows are numbered, newest first,
 * and joined by number. A global environment is shared, a custom one is copied with what it is
 * built from. */
static int copy_launchers(rk_op *op, const char *source_id, const char *copy_id)
{
    static const rk_query query = {
        .sql =
            "WITH t AS ("
            "  SELECT t.*, row_number() OVER (ORDER BY t.creation_date DESC, t.id DESC) AS n"
            "    FROM sessions.launchers t WHERE t.project_id = $1),"
            " made AS ("
            "  SELECT m.id, row_number() OVER (ORDER BY m.id) AS n"
            "    FROM (SELECT public.generate_ulid() AS id FROM t) m),"
            " l AS MATERIALIZED ("
            "  SELECT t.*, e.build_parameters_id, made.id AS new_id,"
            "         CASE WHEN e.environment_kind = 'CUSTOM' THEN public.generate_ulid()"
            "         END AS new_environment,"
            "         CASE WHEN e.environment_kind = 'CUSTOM' AND e.build_parameters_id IS NOT NULL"
            "              THEN public.generate_ulid() END AS new_build"
            "    FROM t"
            "    JOIN made ON made.n = t.n"
            "    LEFT JOIN sessions.environments e ON e.id = t.environment_id),"
            " b AS ("
            "  INSERT INTO sessions.build_parameters (id, repository, builder_variant,"
            "              frontend_variant, repository_revision, context_dir)"
            "  SELECT l.new_build, b.repository, b.builder_variant, b.frontend_variant,"
            "         b.repository_revision, b.context_dir"
            "    FROM l JOIN sessions.build_parameters b ON b.id = l.build_parameters_id"
            "   WHERE l.new_build IS NOT NULL),"
            " f AS ("
            "  INSERT INTO sessions.build_platforms (build_parameters_id, platform)"
            "  SELECT l.new_build, f.platform"
            "    FROM l JOIN sessions.build_platforms f"
            "         ON f.build_parameters_id = l.build_parameters_id"
            "   WHERE l.new_build IS NOT NULL),"
            " e AS ("
            "  INSERT INTO sessions.environments (id, name, created_by_id, creation_date, "
            "description,"
            "              container_image, default_url, environment_kind, port, working_directory,"
            "              mount_directory, uid, gid, args, command, is_archived,"
            "              environment_image_source, build_parameters_id, strip_path_prefix)"
            "  SELECT l.new_environment, e.name, $3, date_trunc('second', now()), e.description,"
            "         e.container_image, e.default_url, e.environment_kind, e.port,"
            "         e.working_directory, e.mount_directory, e.uid, e.gid, e.args, e.command,"
            "         e.is_archived, e.environment_image_source, l.new_build, e.strip_path_prefix"
            "    FROM l JOIN sessions.environments e ON e.id = l.environment_id"
            "   WHERE l.new_environment IS NOT NULL)"
            " INSERT INTO sessions.launchers (id, name, created_by_id, creation_date, description,"
            "             project_id, environment_id, resource_class_id, disk_storage, "
            "env_variables)"
            " SELECT l.new_id, l.name, $3, date_trunc('second', now()), l.description, $2,"
            "        coalesce(l.new_environment, l.environment_id), l.resource_class_id,"
            "        l.disk_storage, l.env_variables"
            "   FROM l",
    };

    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(source_id), rk_text(copy_id), rk_text(op->caller->id)));
}

/* Links to connectors that the caller may not read are left out. */
static int copy_links(rk_op *op, const char *source_id, const char *copy_id)
{
    static const rk_query query = {
        .sql =
            "INSERT INTO storage.data_connector_to_project_links"
            "       (id, data_connector_id, project_id, created_by_id, creation_date)"
            " SELECT public.generate_ulid(), k.data_connector_id, $4, $2::text,"
            "        date_trunc('second', now())"
            "   FROM storage.data_connector_to_project_links k"
            "  WHERE k.project_id = $3 AND " RK_SQL_CAN_DATA_CONNECTOR_READ("k.data_connector_id"),
    };

    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(RK_SUBJECT(op), rk_text(source_id), rk_text(copy_id)));
}

int rk_project_copy_contents(rk_op *op, const char *source_id, const char *copy_id)
{
    RK_TRY(rk_user_ensure(op));
    RK_TRY(rk_secret_slots_copy(op, source_id, copy_id));
    RK_TRY(copy_launchers(op, source_id, copy_id));
    return copy_links(op, source_id, copy_id);
}

/* --- the launcher of a migrated project --- */

typedef struct {
    const char *pool_id;
    int64_t bits; /* of the caller on the pool */
} resource_class;

static int check_class(rk_op *op, const rk_opt_int *class_id)
{
    static const rk_column columns[] = {
        {"c.resource_pool_id::text",                            RK_COLUMN_TEXT, offsetof(resource_class, pool_id), NULL},
        {RK_SQL_BITS_RESOURCE_POOL("c.resource_pool_id::text"), RK_COLUMN_BITS,
         offsetof(resource_class,                                                                        bits),    NULL},
    };
    static const rk_row row = RK_ROW(resource_class, columns);
    static const rk_query query = {
        .sql = "SELECT {row} FROM resource_pools.resource_classes c WHERE c.id = $3",
        .row = &row,
        .missing = "The resource class does not exist.",
    };
    resource_class found;

    if (!class_id->set)
        return 0;
    RK_TRY(rk_db_one(&found, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_int(class_id->value))));
    return rk_authz_require(op, RK_OBJECT_RESOURCE_POOL, found.pool_id, found.bits, RK_SCOPE_READ,
                            RK_ERR_FORBIDDEN);
}

int rk_project_migrate_launcher(const char **launcher_id, rk_op *op, const char *project_id,
                                const rk_migration_session_launcher_post *launcher)
{
    static const rk_query query = {
        .sql =
            "WITH e AS ("
            "  INSERT INTO sessions.environments (id, name, created_by_id, creation_date,"
            "              container_image, default_url, environment_kind, port, working_directory,"
            "              mount_directory, uid, gid, command, args)"
            "  VALUES ($1, $2, $3, date_trunc('second', now()), $4, $5, 'CUSTOM', 8888,"
            "          '/home/jovyan/work', '/home/jovyan/work', 1000, 1000, '[\"sh\", \"-c\"]',"
            "          jsonb_build_array('jupyter server --ServerApp.ip=$RENKU_SESSION_IP"
            " --ServerApp.port=$RENKU_SESSION_PORT --ServerApp.allow_origin=*"
            " --ServerApp.base_url=$RENKU_BASE_URL_PATH --ServerApp.root_dir=$RENKU_WORKING_DIR"
            " --ServerApp.allow_remote_access=True --ContentsManager.allow_hidden=True"
            " --ServerApp.token=\"\" --ServerApp.password=\"\"')))"
            " INSERT INTO sessions.launchers (id, name, created_by_id, creation_date, project_id,"
            "             environment_id, resource_class_id, disk_storage)"
            " VALUES ($6, $2, $3, date_trunc('second', now()), $7, $1, $8, $9)",
    };
    char *ids = rk_alloc(op, 2, RK_ULID_LENGTH + 1);

    RK_CHECK(ids);
    rk_ulid_make(ids);
    rk_ulid_make(ids + RK_ULID_LENGTH + 1);
    *launcher_id = ids + RK_ULID_LENGTH + 1;
    RK_TRY(check_class(op, &launcher->resource_class_id));
    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(ids), rk_text(launcher->name), rk_text(op->caller->id),
                                 rk_text(launcher->container_image), rk_text(launcher->default_url),
                                 rk_text(*launcher_id), rk_text(project_id),
                                 rk_maybe_int(launcher->resource_class_id),
                                 rk_maybe_int(launcher->disk_storage)));
}
