/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/secret/slots.h"

#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"
#include "librenku/http/etag.h"
#include "librenku/http/reply.h"
#include "librenku/user/user.h"

int rk_secret_slot_loaded(void *model, rk_op *op)
{
    rk_secret_slot *slot = model;
    char when[RK_TIME_TEXT_MAX];

    if (!slot->updated_at.set)
        return 0;
    rk_instant_print_iso(when, &slot->updated_at);
    return rk_etag_of(&slot->etag, op, when);
}

static const rk_column slot_columns[] = {RK_SLOT_COLUMNS};
static const rk_row slot_row = RK_ROW_THEN(rk_secret_slot, slot_columns, rk_secret_slot_loaded);

static const char filename_taken[] = "Another secret slot of the project has the same filename.";

/* --- permissions ------------------------------------------------------------------------------ */

int rk_secret_slot_readable(rk_op *op, const rk_array *rows, const char *project_id)
{
    const rk_secret_slot *first = rows->items;

    if (rows->count == 0)
        return rk_fail(op, RK_ERR_DATABASE,
                       "Database error occurred: no row came of project '%s'; please retry",
                       project_id);
    return rk_authz_require(op, RK_OBJECT_PROJECT, project_id, first->bits, RK_SCOPE_READ,
                            RK_ERR_NOT_FOUND);
}

/* A slot that is missing and one that may not be seen look alike. */
static int require(rk_op *op, const rk_secret_slot *slot, bool found, const char *id,
                   rk_scope scope)
{
    if (rk_authz_allows(op, RK_OBJECT_PROJECT, found ? slot->bits : 0, scope))
        return 0;
    return rk_fail(op, RK_ERR_NOT_FOUND,
                   "Session secret slot with id '%s' does not exist or you do not have access to "
                   "it.",
                   id);
}

/* --- statements ------------------------------------------------------------------------------- */

static int lookup(rk_secret_slot *out, bool *found, rk_op *op, const char *id)
{
    static const rk_query query = {
        .sql = "SELECT {row}" RK_FROM_SLOTS " WHERE t.id = $3",
        .row = &slot_row,
    };

    return rk_db_lookup(out, found, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(id)));
}

/* The lock is a statement of its own, so that the look-up sees what happened while it waited. */
static int lookup_locked(rk_secret_slot *out, bool *found, rk_op *op, const char *id)
{
    static const rk_query query = {
        .sql = "SELECT FROM projects.session_secret_slots t WHERE t.id = $1 FOR UPDATE",
    };

    RK_TRY(rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(id))));
    return lookup(out, found, op, id);
}

static int insert(rk_secret_slot *out, rk_op *op, const rk_secret_slot *draft)
{
    static const rk_query query = {
        .sql = "WITH t AS ("
               "  INSERT INTO projects.session_secret_slots"
               "         (id, project_id, name, description, filename, created_by_id,"
               "          creation_date)"
               "  VALUES ($3, $4, $5, $6, $7, $2::text, date_trunc('second', now()))"
               "  RETURNING *)"
               " SELECT {row} FROM t, LATERAL (SELECT t.project_id AS id) p",
        .row = &slot_row,
        .duplicate = RK_ERR_CONFLICT,
        .taken = filename_taken,
    };

    return rk_db_one(out, op, &query,
                     RK_PARAMS(RK_SUBJECT(op), rk_text(draft->id), rk_text(draft->project_id),
                               rk_text(draft->name), rk_text(draft->description),
                               rk_text(draft->filename)));
}

static int update(rk_secret_slot *out, rk_op *op, const rk_secret_slot *slot)
{
    static const rk_query query = {
        .sql = "WITH t AS ("
               "  UPDATE projects.session_secret_slots"
               "     SET name = $4, description = $5, filename = $6, updated_at = now()"
               "   WHERE id = $3"
               "  RETURNING *)"
               " SELECT {row} FROM t, LATERAL (SELECT t.project_id AS id) p",
        .row = &slot_row,
        .duplicate = RK_ERR_CONFLICT,
        .taken = filename_taken,
    };

    return rk_db_one(out, op, &query,
                     RK_PARAMS(RK_SUBJECT(op), rk_text(slot->id), rk_text(slot->name),
                               rk_text(slot->description), rk_text(slot->filename)));
}

/* New ids of one millisecond are in no order: the new ids and the slots are numbered, newest first,
 * and joined by number. */
int rk_secret_slots_copy(rk_op *op, const char *source_id, const char *copy_id)
{
    static const rk_query query = {
        .sql = "WITH s AS ("
               "  SELECT t.*, row_number() OVER (ORDER BY t.id DESC) AS n"
               "    FROM projects.session_secret_slots t WHERE t.project_id = $1),"
               " made AS ("
               "  SELECT m.id, row_number() OVER (ORDER BY m.id) AS n"
               "    FROM (SELECT public.generate_ulid() AS id FROM s) m)"
               " INSERT INTO projects.session_secret_slots"
               "       (id, project_id, name, description, filename, created_by_id, creation_date)"
               " SELECT made.id, $2, s.name, nullif(s.description, ''), s.filename, $3,"
               "        date_trunc('second', now())"
               "   FROM s JOIN made ON made.n = s.n",
    };

    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(source_id), rk_text(copy_id), rk_text(op->caller->id)));
}

/* --- operations ------------------------------------------------------------------------------- */

/* GET /projects/{project_id}/session_secret_slots. Spec: session-secrets.md 3.1 */
int rk_session_secret_slot_list(rk_secret_slots *out, rk_op *op,
                                const rk_session_secret_slot_list_in *in)
{
    static const rk_query query = {
        .sql = "SELECT {row}" RK_FROM_PROJECT
               "  LEFT JOIN projects.session_secret_slots t ON t.project_id = p.id"
               " ORDER BY t.id DESC",
        .row = &slot_row,
    };

    RK_TRY(
        rk_db_all((rk_array *)out, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(in->project_id))));
    RK_TRY(rk_secret_slot_readable(op, (const rk_array *)out, in->project_id));
    if (!out->items[0].id)
        out->count = 0;
    return 0;
}

/* POST /session_secret_slots. Spec: session-secrets.md 3.2 */
int rk_session_secret_slot_create(rk_secret_slot *out, rk_op *op,
                                  const rk_session_secret_slot_create_in *in)
{
    rk_secret_slot draft;

    RK_TRY(rk_secret_slot_draft(&draft, op, &in->body));
    RK_TRY(rk_authz_bits(&draft.bits, op, RK_OBJECT_PROJECT, draft.project_id));
    RK_TRY(rk_authz_require(op, RK_OBJECT_PROJECT, draft.project_id, draft.bits, RK_SCOPE_WRITE,
                            RK_ERR_NOT_FOUND));
    RK_TRY(rk_user_ensure(op));
    return insert(out, op, &draft);
}

/* GET /session_secret_slots/{slot_id}. Spec: session-secrets.md 3.3 */
int rk_session_secret_slot_get(rk_secret_slot *out, rk_op *op,
                               const rk_session_secret_slot_get_in *in)
{
    bool found;

    RK_TRY(lookup(out, &found, op, in->slot_id));
    RK_TRY(require(op, out, found, in->slot_id, RK_SCOPE_READ));
    op->reply->hides_etag = true;
    return 0;
}

/* PATCH /session_secret_slots/{slot_id}. Spec: session-secrets.md 3.4 */
int rk_session_secret_slot_patch(rk_secret_slot *out, rk_op *op,
                                 const rk_session_secret_slot_patch_in *in)
{
    const char *filename = in->body.filename;
    bool found;

    if (filename)
        RK_TRY(rk_secret_slot_filename_check(op, filename));
    RK_TRY(lookup_locked(out, &found, op, in->slot_id));
    RK_TRY(require(op, out, found, in->slot_id, RK_SCOPE_WRITE));
    RK_TRY(rk_etag_match(op, out->etag, in->if_match));
    if (!rk_secret_slot_apply(out, &in->body))
        return 0;
    const rk_secret_slot changed = *out;

    return update(out, op, &changed);
}

/* DELETE /session_secret_slots/{slot_id}. Spec: session-secrets.md 3.5 */
int rk_session_secret_slot_delete(rk_op *op, const rk_session_secret_slot_delete_in *in)
{
    static const rk_query query = {
        .sql = "DELETE FROM projects.session_secret_slots WHERE id = $1",
    };
    rk_secret_slot slot;
    bool found;

    RK_TRY(lookup_locked(&slot, &found, op, in->slot_id));
    if (!found)
        return rk_authz_waive(op, RK_OBJECT_PROJECT, RK_SCOPE_WRITE);
    RK_TRY(require(op, &slot, true, in->slot_id, RK_SCOPE_WRITE));
    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(in->slot_id)));
}
