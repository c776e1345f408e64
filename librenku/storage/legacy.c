/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/http/json.h"
#include "librenku/http/reply.h"
#include "librenku/storage/access.h"
#include "librenku/storage/core.h"
#include "librenku/storage/db.h"
#include "librenku/storage/storage.h"
#include "storage_api.h"

/* The cloud storage of projects in GitLab. Spec: storage.md 7 */

enum { TYPE_MAX = 20 };

/* --- answers ---------------------------------------------------------------------------------- */

static int read_configuration(struct json_object **out, rk_op *op, const rk_storage_row *row)
{
    return rk_json_parse(out, op, row->configuration, strlen(row->configuration));
}

/* A number, or else the id of a project. */
static int fill_project(rk_union *out, rk_op *op, const char *project_id)
{
    const char **value = rk_new(op, const char *);

    RK_CHECK(value);
    *value = project_id;
    *out = (rk_union){project_id[strspn(project_id, "0123456789")] ? 2 : 1, value};
    return 0;
}

static int answer(rk_storage_answer *out, rk_op *op, const rk_storage_row *row)
{
    rk_stored_storage *storage = rk_new(op, rk_stored_storage);

    RK_CHECK(storage);
    out->storage = storage;
    *storage = (rk_stored_storage){
        .storage_type = row->storage_type,
        .name = row->name,
        .source_path = row->source_path,
        .target_path = row->target_path,
        .readonly = row->readonly,
        .storage_id = row->storage_id,
    };
    RK_TRY(fill_project(&storage->project_id, op, row->project_id));
    RK_TRY(read_configuration(&storage->configuration, op, row));
    return rk_storage_secret_fields(&out->sensitive_fields, op, storage->configuration);
}

/* --- what is stored --------------------------------------------------------------------------- */

/* Checks the configuration and takes it, secrets masked. */
static int take_configuration(rk_storage_row *row, rk_op *op, struct json_object *configuration)
{
    rk_buf text;

    RK_TRY(rk_storage_check(op, configuration, RK_STORAGE_MASK_SECRETS));
    row->storage_type = rk_storage_member(configuration, "type");
    rk_buf_begin(&text, op, 256);
    rk_json_write(&text, configuration);
    row->configuration = text.text;
    return rk_buf_finish(&text);
}

static int check_row(rk_op *op, const rk_storage_row *row)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t length = strlen(row->storage_type);

    if (!length || row->storage_type[strspn(row->storage_type, letters)] || length > TYPE_MAX)
        return rk_fail(op, RK_ERR_STORAGE,
                       "The type '%.40s' of the storage must be 1 to %d small letters and digits.",
                       row->storage_type, TYPE_MAX);
    if (!*row->target_path)
        return rk_fail(op, RK_ERR_STORAGE, "The target path must not be empty.");
    return 0;
}

static const char *project_of(const rk_union *project_id)
{
    return *(const char **)project_id->value;
}

static int from_url(rk_storage_row *out, rk_op *op, const rk_cloud_storage_url *body)
{
    rk_storage_place place;

    RK_TRY(rk_storage_from_url(&place, op, body->storage_url));
    *out = (rk_storage_row){
        .project_id = project_of(&body->project_id),
        .name = body->name,
        .source_path = place.source_path,
        .target_path = body->target_path,
        .readonly = body->readonly,
    };
    RK_TRY(take_configuration(out, op, place.configuration));
    return check_row(op, out);
}

static int from_configuration(rk_storage_row *out, rk_op *op, const rk_cloud_storage *body)
{
    *out = (rk_storage_row){
        .project_id = project_of(&body->project_id),
        .name = body->name,
        .source_path = body->source_path,
        .target_path = body->target_path,
        .readonly = body->readonly,
    };
    RK_TRY(take_configuration(out, op, body->configuration));
    return check_row(op, out);
}

static int from_body(rk_storage_row *out, rk_op *op, const rk_union *body)
{
    return body->which == 2 ? from_url(out, op, body->value)
                            : from_configuration(out, op, body->value);
}

static int check_same_project(rk_op *op, const rk_storage_row *row, const char *project_id)
{
    if (strcmp(row->project_id, project_id) == 0)
        return 0;
    return rk_fail(op, RK_ERR_STORAGE, "The project of a cloud storage cannot be changed.");
}

/* --- reading ---------------------------------------------------------------------------------- */

/* GitLab is asked without a connection to the database in hand. */
static int find_row(rk_storage_row *out, rk_op *op, const char *storage_id)
{
    int result = rk_storage_row_find(out, op, storage_id);

    rk_db_end(op);
    return result;
}

/* GET /storage. Spec: storage.md 7.2 */
int rk_storage_list(rk_storage_answers *out, rk_op *op, const rk_storage_list_in *in)
{
    const char *project_id = in->query.project_id;
    rk_storage_level level;
    rk_array rows = {.set = true};

    if (!project_id)
        return rk_fail(op, RK_ERR_STORAGE, "The query must name a project with project_id.");
    RK_TRY(rk_storage_level_of(&level, op, project_id));
    if (level >= RK_STORAGE_MEMBER)
        RK_TRY(rk_storage_rows_of_project(&rows, op, project_id));
    const rk_storage_row *items = rows.items;

    *out = (rk_storage_answers){true, rows.count, rk_new_array(op, rk_storage_answer, rows.count)};
    RK_CHECK(out->items);
    for (size_t i = 0; i < rows.count; i++)
        RK_TRY(answer(&out->items[i], op, &items[i]));
    return 0;
}

/* GET /storage/{storage_id}. Spec: storage.md 7.2 */
int rk_storage_get(rk_storage_answer *out, rk_op *op, const rk_storage_get_in *in)
{
    rk_storage_row row;

    RK_TRY(find_row(&row, op, in->storage_id));
    RK_TRY(rk_storage_require(op, row.project_id, RK_STORAGE_MEMBER));
    return answer(out, op, &row);
}

/* --- changing --------------------------------------------------------------------------------- */

/* POST /storage. Spec: storage.md 7.2 */
int rk_storage_create(rk_storage_answer *out, rk_op *op, const rk_storage_create_in *in)
{
    char *id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);
    rk_storage_row row;

    RK_CHECK(id);
    RK_TRY(from_body(&row, op, &in->body));
    RK_TRY(rk_storage_require(op, row.project_id, RK_STORAGE_OWNER));
    rk_ulid_make(id);
    row.storage_id = id;
    RK_TRY(rk_storage_row_insert(op, &row));
    return answer(out, op, &row);
}

/* PUT /storage/{storage_id}. Spec: storage.md 7.2 */
int rk_storage_put(rk_storage_answer *out, rk_op *op, const rk_storage_put_in *in)
{
    rk_storage_row row, old;

    RK_TRY(from_body(&row, op, &in->body));
    RK_TRY(find_row(&old, op, in->storage_id));
    RK_TRY(rk_storage_require(op, old.project_id, RK_STORAGE_OWNER));
    RK_TRY(check_same_project(op, &old, row.project_id));
    row.storage_id = in->storage_id;
    RK_TRY(rk_storage_row_update(op, &row));
    op->reply->status = 200;
    return answer(out, op, &row);
}

/* Member by member; null removes one. */
static int merge(rk_op *op, struct json_object *configuration, struct json_object *changes)
{
    json_object_object_foreach(changes, name, value)
    {
        if (!value) {
            json_object_object_del(configuration, name);
            continue;
        }
        if (json_object_object_add(configuration, name, json_object_get(value)) == 0)
            continue;
        (void)json_object_put(value); /* only tells whether it is gone now */
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    return 0;
}

static int apply(rk_storage_row *row, rk_op *op, const rk_cloud_storage_patch *body)
{
    struct json_object *configuration;

    row->storage_type = body->storage_type ? body->storage_type : row->storage_type;
    row->name = body->name ? body->name : row->name;
    row->source_path = body->source_path ? body->source_path : row->source_path;
    row->target_path = body->target_path ? body->target_path : row->target_path;
    row->readonly = body->readonly.set ? body->readonly : row->readonly;
    if (body->configuration) {
        RK_TRY(read_configuration(&configuration, op, row));
        RK_TRY(merge(op, configuration, body->configuration));
        RK_TRY(take_configuration(row, op, configuration));
    }
    return check_row(op, row);
}

typedef struct {
    rk_storage_row row;
    const rk_storage_patch_in *in;
} patching;

/* The changes go into the row as it is by now. */
static int patch_locked(rk_op *op, void *user)
{
    patching *patch = user;

    RK_TRY(rk_storage_row_lock(&patch->row, op, patch->in->storage_id));
    RK_TRY(apply(&patch->row, op, &patch->in->body));
    return rk_storage_row_update(op, &patch->row);
}

/* PATCH /storage/{storage_id}. Spec: storage.md 7.2 */
int rk_storage_patch(rk_storage_answer *out, rk_op *op, const rk_storage_patch_in *in)
{
    const rk_union *project_id = &in->body.project_id;
    patching patch = {.in = in};
    rk_storage_level level;

    RK_TRY(find_row(&patch.row, op, in->storage_id));
    RK_TRY(rk_storage_level_of(&level, op, patch.row.project_id));
    if (level < RK_STORAGE_MEMBER)
        return rk_fail_default(op, RK_ERR_NOT_PERMITTED);
    rk_storage_row wanted = patch.row;

    RK_TRY(apply(&wanted, op, &in->body));
    if (level < RK_STORAGE_OWNER)
        return rk_fail_default(op, RK_ERR_NOT_PERMITTED);
    if (project_id->which)
        RK_TRY(check_same_project(op, &patch.row, project_of(project_id)));
    RK_TRY(rk_db_transaction(op, patch_locked, &patch));
    op->reply->status = 200;
    return answer(out, op, &patch.row);
}

/* DELETE /storage/{storage_id}. Spec: storage.md 7.2 */
int rk_storage_delete(rk_op *op, const rk_storage_delete_in *in)
{
    rk_storage_row row;
    bool found;

    RK_TRY(rk_storage_row_lookup(&row, &found, op, in->storage_id));
    rk_db_end(op);
    if (!found)
        return 0;
    RK_TRY(rk_storage_require(op, row.project_id, RK_STORAGE_OWNER));
    return rk_storage_row_delete(op, in->storage_id);
}
