/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/platform/db.h"

#include "librenku/authz/authz.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/http/etag.h"
#include "librenku/platform/core.h"

/* --- the configuration ------------------------------------------------------------------------ */

static int config_loaded(void *model, rk_op *op)
{
    rk_platform_config *config = model;

    return rk_etag_of_time(&config->etag, op, &config->updated_at);
}

static const rk_column config_columns[] = {
    {"c.incident_banner", RK_COLUMN_TEXT, offsetof(rk_platform_config, incident_banner), NULL},
    {"c.updated_at",      RK_COLUMN_TIME, offsetof(rk_platform_config, updated_at),      NULL},
};
static const rk_row config_row = RK_ROW_THEN(rk_platform_config, config_columns, config_loaded);

static const rk_query config_query = {
    .sql = "SELECT {row} FROM platform.config c WHERE c.id = 'config'",
    .row = &config_row,
};

int rk_platform_lookup(rk_platform_config *out, bool *found, rk_op *op)
{
    return rk_db_lookup(out, found, op, &config_query, RK_NO_PARAMS);
}

int rk_platform_lock(rk_platform_config *out, bool *found, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM platform.config c WHERE c.id = 'config' FOR UPDATE",
        .row = &config_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_NO_PARAMS);
}

int rk_platform_make(rk_platform_config *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "INSERT INTO platform.config (id, incident_banner) VALUES ('config', '')"
               " ON CONFLICT DO NOTHING",
    };

    RK_TRY(rk_db_defer(NULL, op, &query, RK_NO_PARAMS));
    return rk_db_one(out, op, &config_query, RK_NO_PARAMS);
}

int rk_platform_update(rk_platform_config *out, rk_op *op, const char *banner)
{
    static const rk_query query = {
        .sql = "UPDATE platform.config SET incident_banner = $1, updated_at = now()"
               " WHERE id = 'config' AND incident_banner <> $1",
    };

    RK_TRY(rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(banner))));
    return rk_db_defer(out, op, &config_query, RK_NO_PARAMS);
}

/* --- who may create what ---------------------------------------------------------------------- */

/* Spec: platform.md 2.3 */
static const rk_relationship project_creators = {RK_OBJECT_PLATFORM, RK_PLATFORM_ID,
                                                 RK_RELATION_PROJECT_CREATOR, RK_OBJECT_USER, "*"};
static const rk_relationship group_creators = {RK_OBJECT_PLATFORM, RK_PLATFORM_ID,
                                               RK_RELATION_GROUP_CREATOR, RK_OBJECT_USER, "*"};

int rk_authorization_lock(rk_op *op)
{
    static const rk_query query = {.sql = "SELECT pg_advisory_xact_lock(7219404314)"};

    return rk_db_defer(NULL, op, &query, RK_NO_PARAMS);
}

static int creators(bool everybody)
{
    return everybody ? RK_CREATORS_REGISTERED_USERS : RK_CREATORS_ADMINS_ONLY;
}

int rk_authorization_read(rk_authorization_config *out, rk_op *op)
{
    const rk_relationship both[] = {project_creators, group_creators};
    bool found[RK_COUNT(both)];

    RK_TRY(rk_authz_exist(found, op, both, RK_COUNT(both)));
    *out = (rk_authorization_config){.create_projects = creators(found[0]),
                                     .create_groups = creators(found[1])};
    return rk_authorization_etag(&out->etag, op, out);
}

int rk_authorization_write(rk_op *op, const rk_authorization_changes *changes)
{
    rk_relationship_change writes[2];
    size_t count = 0;

    if (changes->create_groups)
        writes[count++] = (rk_relationship_change){
            changes->create_groups == RK_CREATORS_ADMINS_ONLY, group_creators};
    if (changes->create_projects)
        writes[count++] = (rk_relationship_change){
            changes->create_projects == RK_CREATORS_ADMINS_ONLY, project_creators};
    return rk_authz_write(op, writes, count);
}

/* --- redirects -------------------------------------------------------------------------------- */

static int redirect_loaded(void *model, rk_op *op)
{
    rk_redirect *redirect = model;

    return rk_etag_of_time(&redirect->etag, op, &redirect->updated_at);
}

static const rk_column redirect_columns[] = {
    {"r.source_url", RK_COLUMN_TEXT, offsetof(rk_redirect, source_url), NULL},
    {"r.target_url", RK_COLUMN_TEXT, offsetof(rk_redirect, target_url), NULL},
    {"r.updated_at", RK_COLUMN_TIME, offsetof(rk_redirect, updated_at), NULL},
};
static const rk_row redirect_row = RK_ROW_THEN(rk_redirect, redirect_columns, redirect_loaded);

static const rk_query redirect_by_source = {
    .sql = "SELECT {row} FROM platform.url_redirects r WHERE r.source_url = $1",
    .row = &redirect_row,
};

int rk_redirect_all(rk_array *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM platform.url_redirects r ORDER BY r.creation_date, r.id",
        .row = &redirect_row,
    };

    return rk_db_all(out, op, &query, RK_NO_PARAMS);
}

int rk_redirect_lookup(rk_redirect *out, bool *found, rk_op *op, const char *source)
{
    return rk_db_lookup(out, found, op, &redirect_by_source, RK_PARAMS(rk_text(source)));
}

int rk_redirect_lock(rk_redirect *out, bool *found, rk_op *op, const char *source)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM platform.url_redirects r WHERE r.source_url = $1 FOR UPDATE",
        .row = &redirect_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(rk_text(source)));
}

int rk_redirect_insert(rk_redirect *out, rk_op *op, const char *source, const char *target)
{
    static const rk_query query = {
        .sql = "INSERT INTO platform.url_redirects AS r (id, source_url, target_url)"
               " VALUES ($1, $2, $3) RETURNING {row}",
        .row = &redirect_row,
        .duplicate = RK_ERR_CONFLICT,
        .taken = "A redirect for this source URL exists already.",
    };
    char id[RK_ULID_LENGTH + 1];

    rk_ulid_make(id);
    return rk_db_one(out, op, &query, RK_PARAMS(rk_text(id), rk_text(source), rk_text(target)));
}

int rk_redirect_update(rk_redirect *out, rk_op *op, const char *source, const char *target)
{
    static const rk_query query = {
        .sql = "UPDATE platform.url_redirects SET target_url = $2, updated_at = now()"
               " WHERE source_url = $1 AND target_url <> $2",
    };

    RK_TRY(rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(source), rk_text(target))));
    return rk_db_defer(out, op, &redirect_by_source, RK_PARAMS(rk_text(source)));
}

int rk_redirect_remove(rk_op *op, const char *source)
{
    static const rk_query query = {
        .sql = "DELETE FROM platform.url_redirects WHERE source_url = $1",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(source)));
}
