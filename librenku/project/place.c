/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/db.h"
#include "librenku/event/change.h"
#include "librenku/project/db.h"

/* Projects as namespaces of the second level, and what a namespace takes with it. */

static const rk_column place_columns[] = {
    {"p.id",                      RK_COLUMN_TEXT, offsetof(rk_project_place, project_id),    NULL},
    {"n.id",                      RK_COLUMN_TEXT, offsetof(rk_project_place, namespace_id),  NULL},
    {"p.name",                    RK_COLUMN_TEXT, offsetof(rk_project_place, name),          NULL},
    {"s.slug",                    RK_COLUMN_TEXT, offsetof(rk_project_place, slug),          NULL},
    {"n.slug || '/' || s.slug",   RK_COLUMN_TEXT, offsetof(rk_project_place, path),          NULL},
    {"p.created_by_id",           RK_COLUMN_TEXT, offsetof(rk_project_place, created_by),    NULL},
    {"p.creation_date",           RK_COLUMN_TIME, offsetof(rk_project_place, creation_date), NULL},
    {RK_SQL_BITS_PROJECT("p.id"), RK_COLUMN_BITS, offsetof(rk_project_place, bits),          NULL},
};
static const rk_row place_row = RK_ROW(rk_project_place, place_columns);

int rk_project_place_find(rk_project_place *out, rk_op *op, const char *namespace, const char *slug)
{
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM projects.projects p"
               "  JOIN common.entity_slugs s ON s.project_id = p.id AND s.data_connector_id IS NULL"
               "  JOIN common.namespaces n ON n.id = s.namespace_id"
               " WHERE n.slug = $3 AND s.slug = $4",
        .row = &place_row,
    };
    bool found;

    RK_TRY(rk_db_lookup(out, &found, op, &query,
                        RK_PARAMS(RK_SUBJECT(op), rk_text(namespace), rk_text(slug))));
    if (found && rk_authz_require(op, RK_OBJECT_PROJECT, out->project_id, out->bits, RK_SCOPE_READ,
                                  RK_ERR_NOT_FOUND) == 0)
        return 0;
    rk_error_clear(op); /* it names the id, which a caller without access must not learn */
    return rk_fail(op, RK_ERR_NOT_FOUND, "The project with path \"%s/%s\" does not exist.",
                   namespace, slug);
}

typedef struct {
    const char *project_id;
    const char *connector_id;
} content;

static const rk_column content_columns[] = {
    {"s.project_id",        RK_COLUMN_TEXT, offsetof(content, project_id),   NULL},
    {"s.data_connector_id", RK_COLUMN_TEXT, offsetof(content, connector_id), NULL},
};
static const rk_row content_row = RK_ROW(content, content_columns);

/* Connectors go before the projects that hold them: the slug rows name both. */
static int remove_connector(rk_op *op, const char *id)
{
    static const rk_query query = {.sql = "DELETE FROM storage.data_connectors WHERE id = $1"};

    RK_TRY(rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(id))));
    RK_TRY(rk_authz_forget_resource(op, RK_OBJECT_DATA_CONNECTOR, id));
    return rk_change_record(op, RK_CHANGE_DATA_CONNECTOR, RK_REMOVED_ALONG, id);
}

static int remove_project(rk_op *op, const char *id, rk_change_verb verb)
{
    RK_TRY(rk_project_remove(op, id));
    RK_TRY(rk_project_remove_legacy_storage(op, id));
    RK_TRY(rk_authz_forget_resource(op, RK_OBJECT_PROJECT, id));
    RK_TRY(rk_authz_forget_subject(op, RK_OBJECT_PROJECT, id));
    return rk_change_record(op, RK_CHANGE_PROJECT, verb, id);
}

static int remove_contents(rk_op *op, const rk_array *contents, rk_change_verb verb)
{
    const content *items = contents->items;

    for (size_t i = 0; i < contents->count; i++) {
        if (items[i].connector_id)
            RK_TRY(remove_connector(op, items[i].connector_id));
    }
    for (size_t i = 0; i < contents->count; i++) {
        if (!items[i].connector_id)
            RK_TRY(remove_project(op, items[i].project_id, verb));
    }
    return 0;
}

int rk_project_remove_with_contents(rk_op *op, const char *project_id)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM common.entity_slugs s WHERE s.project_id = $1 ORDER BY s.id",
        .row = &content_row,
    };
    rk_array contents;

    RK_TRY(rk_db_all(&contents, op, &query, RK_PARAMS(rk_text(project_id))));
    return remove_contents(op, &contents, RK_REMOVED);
}

int rk_project_remove_all(rk_op *op, const char *namespace_id)
{
    static const rk_query query = {
        .sql = "SELECT {row} FROM common.entity_slugs s WHERE s.namespace_id = $1"
               " ORDER BY s.project_id, s.id FOR UPDATE",
        .row = &content_row,
    };
    rk_array contents;

    RK_TRY(rk_db_all(&contents, op, &query, RK_PARAMS(rk_text(namespace_id))));
    return remove_contents(op, &contents, RK_REMOVED_ALONG);
}
