/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/ulid.h"
#include "librenku/http/reply.h"
#include "librenku/metric/metric.h"
#include "librenku/project/change.h"
#include "librenku/project/columns.h"
#include "librenku/project/db.h"

/* Projects that replace legacy ones. Spec: projects.md 4.9 */

typedef struct {
    const char *project_id;
} replaced;

static int lookup(const char **out, rk_op *op, int64_t v1_id)
{
    static const rk_column columns[] = {
        {"m.project_id", RK_COLUMN_TEXT, offsetof(replaced, project_id), NULL},
    };
    static const rk_row row = RK_ROW(replaced, columns);
    static const rk_query query = {
        .sql = "SELECT {row} FROM projects.project_migrations m WHERE m.project_v1_id = $1",
        .row = &row,
    };
    replaced found = {NULL};
    bool any;

    RK_TRY(rk_db_lookup(&found, &any, op, &query, RK_PARAMS(rk_int(v1_id))));
    *out = any ? found.project_id : NULL;
    return 0;
}

static int insert(rk_op *op, int64_t v1_id, const char *project_id, const char *launcher_id)
{
    static const rk_query query = {
        .sql =
            "INSERT INTO projects.project_migrations (id, project_v1_id, project_id, launcher_id)"
            " VALUES ($1, $2, $3, $4)",
        .duplicate = RK_ERR_INVALID,
        .taken = "This legacy project has already been migrated.",
    };
    char *id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);

    RK_CHECK(id);
    rk_ulid_make(id);
    return rk_db_defer(
        NULL, op, &query,
        RK_PARAMS(rk_text(id), rk_int(v1_id), rk_text(project_id), rk_text(launcher_id)));
}

static const rk_column info_columns[] = {
    {"m.project_id",    RK_COLUMN_TEXT, offsetof(rk_project_migration_info, project_id),  NULL},
    {"m.project_v1_id", RK_COLUMN_INT,  offsetof(rk_project_migration_info, v1_id),       NULL},
    {"m.launcher_id",   RK_COLUMN_TEXT, offsetof(rk_project_migration_info, launcher_id), NULL},
};
static const rk_row info_row = RK_ROW(rk_project_migration_info, info_columns);

/* POST /renku_v1_projects/{v1_id}/migrations. Spec: projects.md 4.9 */
int rk_project_migrate(rk_project *out, rk_op *op, const rk_project_migrate_in *in)
{
    const char *launcher_id = NULL;
    const char *known;
    rk_project draft;

    RK_TRY(rk_project_draft(&draft, op, in->body.project));
    RK_TRY(lookup(&known, op, in->v1_id.value));
    if (known)
        return rk_fail(op, RK_ERR_INVALID, "The legacy project %lld has already been migrated.",
                       (long long)in->v1_id.value);
    RK_TRY(rk_project_add(out, op, &draft));
    if (in->body.session_launcher)
        RK_TRY(rk_project_migrate_launcher(&launcher_id, op, draft.id, in->body.session_launcher));
    RK_TRY(insert(op, in->v1_id.value, draft.id, launcher_id));
    return rk_metric_event(op, "project_created", "{\"project_creation_kind\":\"migrated\"}");
}

/* GET /renku_v1_projects/{v1_id}/migrations. Spec: projects.md 4.9 */
int rk_project_migration_get(rk_project *out, rk_op *op, const rk_project_migration_get_in *in)
{
    const char *project_id;
    bool found;

    RK_TRY(lookup(&project_id, op, in->v1_id.value));
    if (!project_id)
        return rk_fail(op, RK_ERR_NOT_FOUND, "The legacy project %lld has not been migrated.",
                       (long long)in->v1_id.value);
    RK_TRY(rk_project_lookup(out, &found, op, project_id, false));
    if (rk_project_require(op, out, found, project_id, RK_SCOPE_READ) == 0)
        return 0;
    rk_error_clear(op); /* it names the id, which a caller without access must not learn */
    return rk_fail(op, RK_ERR_NOT_FOUND,
                   "The project that replaces the legacy project %lld does not exist or you do not "
                   "have access to it.",
                   (long long)in->v1_id.value);
}

/* GET /renku_v1_projects/migrations. Spec: projects.md 4.9 */
int rk_project_migration_list(rk_project_migration_list_out *out, rk_op *op,
                              const rk_project_migration_list_in *in)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM projects.project_migrations m"
               " WHERE " RK_SQL_CAN_PROJECT_READ("m.project_id") " ORDER BY m.project_v1_id",
        .row = &info_row,
    };

    (void)in;
    return rk_db_all((rk_array *)out, op, &query, RK_PARAMS(RK_SUBJECT(op)));
}

/* GET /projects/{project_id}/migration_info. Spec: projects.md 4.9 */
int rk_project_migration_of(rk_project_migration_info *out, rk_op *op,
                            const rk_project_migration_of_in *in)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM projects.project_migrations m WHERE m.project_id = $1",
        .row = &info_row,
    };
    rk_project project;
    bool found;

    RK_TRY(rk_project_lookup(&project, &found, op, in->project_id, false));
    RK_TRY(rk_project_require(op, &project, found, in->project_id, RK_SCOPE_WRITE));
    RK_TRY(rk_db_lookup(out, &found, op, &query, RK_PARAMS(rk_text(in->project_id))));
    if (found)
        return 0;
    op->reply->no_body = true;
    return rk_fail(op, RK_ERR_NOT_FOUND, "The project replaces no legacy project.");
}
