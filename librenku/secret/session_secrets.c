/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"
#include "librenku/http/reply.h"
#include "librenku/secret/db.h"
#include "librenku/secret/slots.h"

/* What users put into the slots of projects: links from a slot and a user to a secret. */

enum { OK = 200 };

typedef struct {
    rk_secret_slot slot; /* first: see RK_SLOT_COLUMNS */
    const char *secret_id;
} filled;

static const rk_column link_columns[] = {
    RK_SLOT_COLUMNS,
    {"k.secret_id", RK_COLUMN_TEXT, offsetof(filled, secret_id), NULL},
};
static const rk_row link_row = RK_ROW_THEN(filled, link_columns, rk_secret_slot_loaded);

/* The links of such rows; one without a slot tells of the project alone. */
static int show(rk_session_secrets *out, rk_op *op, const rk_array *rows)
{
    filled *links = rows->items;

    *out = (rk_session_secrets){.set = true};
    out->items = rk_new_array(op, rk_session_secret, rows->count);
    RK_CHECK(out->items);
    for (size_t i = 0; i < rows->count; i++) {
        if (links[i].slot.id)
            out->items[out->count++] = (rk_session_secret){&links[i].slot, links[i].secret_id};
    }
    return 0;
}

/* GET /projects/{project_id}/session_secrets. Spec: session-secrets.md 4.1 */
int rk_session_secret_list(rk_session_secrets *out, rk_op *op, const rk_session_secret_list_in *in)
{
    static const rk_query query = {
        .sql = "SELECT {row}" RK_FROM_PROJECT "  LEFT JOIN (projects.session_secret_slots t"
               "             JOIN projects.session_secrets k ON k.secret_slot_id = t.id"
               "             JOIN secrets.secrets s ON s.id = k.secret_id)"
               "    ON t.project_id = p.id AND k.user_id = $2"
               "   AND (s.expiration_timestamp IS NULL"
               "        OR s.expiration_timestamp > now() + interval '120 seconds')"
               " ORDER BY k.id DESC",
        .row = &link_row,
    };
    rk_array rows;

    RK_TRY(rk_db_all(&rows, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_text(in->project_id))));
    RK_TRY(rk_secret_slot_readable(op, &rows, in->project_id));
    return show(out, op, &rows);
}

/* --- what a patch asks for -------------------------------------------------------------------- */

enum { LINK = 1, STORE };

typedef struct {
    const char *slot_id;
    const char *secret_id; /* to link */
    const char *value;     /* to store; neither: to empty the slot */
    rk_secret_draft draft; /* when there is a value */
} wish;

typedef struct {
    size_t count;
    wish *wishes;
    rk_strings slot_ids;
    rk_strings secret_ids;
    rk_array rows; /* of filled, as they are afterwards */
} request;

static void read_item(wish *out, const rk_union *item)
{
    const rk_secret_to_link *link = item->value;
    const rk_secret_to_store *store = item->value;

    *out = item->which == LINK
               ? (wish){.slot_id = link->secret_slot_id, .secret_id = link->secret_id}
               : (wish){.slot_id = store->secret_slot_id, .value = store->value};
}

static int read_items(request *out, rk_op *op, const rk_session_secret_items *items)
{
    *out = (request){.count = items->count};
    out->wishes = rk_new_array(op, wish, items->count);
    out->slot_ids = (rk_strings){true, 0, rk_new_array(op, const char *, items->count)};
    out->secret_ids = (rk_strings){true, 0, rk_new_array(op, const char *, items->count)};
    RK_CHECK(out->wishes);
    RK_CHECK(out->slot_ids.items);
    RK_CHECK(out->secret_ids.items);
    for (size_t i = 0; i < items->count; i++) {
        wish *one = &out->wishes[i];

        read_item(one, &items->items[i]);
        if (rk_strings_has(&out->slot_ids, one->slot_id))
            return rk_fail(op, RK_ERR_INVALID, "secret_slot_id: '%s' stands in more than one item.",
                           one->slot_id);
        out->slot_ids.items[out->slot_ids.count++] = one->slot_id;
        if (one->secret_id)
            out->secret_ids.items[out->secret_ids.count++] = one->secret_id;
    }
    return 0;
}

/* --- what it needs ---------------------------------------------------------------------------- */

static int find_slots(rk_array *out, rk_op *op, const char *project_id, const rk_strings *ids)
{
    static const rk_column columns[] = {RK_SLOT_COLUMNS};
    static const rk_row row = RK_ROW(rk_secret_slot, columns);
    static const rk_query query = {
        .sql = "SELECT {row}" RK_FROM_PROJECT "  LEFT JOIN projects.session_secret_slots t"
               "    ON t.project_id = p.id AND t.id = ANY ($4::text[])"
               " ORDER BY t.id",
        .row = &row,
    };

    return rk_db_all(out, op, &query,
                     RK_PARAMS(RK_SUBJECT(op), rk_text(project_id), rk_texts(op, ids)));
}

static const rk_secret_slot *slot_of(const rk_array *slots, const char *id)
{
    const rk_secret_slot *items = slots->items;

    for (size_t i = 0; i < slots->count; i++) {
        if (items[i].id && strcmp(items[i].id, id) == 0)
            return &items[i];
    }
    return NULL;
}

/* Each item names a slot of the project, and no secret of somebody else. */
static int check_wishes(const request *work, rk_op *op, const rk_array *slots,
                        const char *project_id)
{
    rk_strings owned = {0};

    if (work->secret_ids.count)
        RK_TRY(rk_user_secret_owned(&owned, op, &work->secret_ids));
    for (size_t i = 0; i < work->count; i++) {
        const wish *one = &work->wishes[i];

        if (!slot_of(slots, one->slot_id))
            return rk_fail(op, RK_ERR_INVALID,
                           "secret_slot_id: the project '%s' has no session secret slot '%s'.",
                           project_id, one->slot_id);
        if (one->secret_id && !rk_strings_has(&owned, one->secret_id))
            return rk_fail(op, RK_ERR_INVALID, "secret_id: you have no secret '%s'.",
                           one->secret_id);
    }
    return 0;
}

/* What takes time is done before the transaction. */
static int seal_wishes(request *work, rk_op *op, const rk_array *slots)
{
    for (size_t i = 0; i < work->count; i++) {
        wish *one = &work->wishes[i];

        if (!one->value)
            continue;
        RK_TRY(rk_secret_draft_of(&one->draft, op, slot_of(slots, one->slot_id)->name, NULL));
        RK_TRY(rk_secret_seal(&one->draft.sealed, op, one->value));
    }
    return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int set_link(rk_op *op, const char *slot_id, const char *secret_id)
{
    static const rk_query query = {
        .sql = "INSERT INTO projects.session_secrets (id, user_id, secret_slot_id, secret_id)"
               " VALUES ($1, $2, $3, $4)"
               " ON CONFLICT (secret_slot_id, user_id)"
               "    DO UPDATE SET secret_id = EXCLUDED.secret_id",
    };
    char *id = rk_alloc(op, RK_ULID_LENGTH + 1, 1);

    RK_CHECK(id);
    rk_ulid_make(id);
    return rk_db_defer(
        NULL, op, &query,
        RK_PARAMS(rk_text(id), rk_text(op->caller->id), rk_text(slot_id), rk_text(secret_id)));
}

static int remove_link(rk_op *op, const char *slot_id)
{
    static const rk_query query = {
        .sql = "DELETE FROM projects.session_secrets WHERE secret_slot_id = $1 AND user_id = $2",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(slot_id), rk_text(op->caller->id)));
}

/* A link as it was before; a secret of somebody else is as good as none. */
typedef struct {
    const char *slot_id;
    const char *secret_id;
} present;

static int lock_links(rk_array *out, rk_op *op, const rk_strings *slot_ids)
{
    static const rk_column columns[] = {
        {"k.secret_slot_id", RK_COLUMN_TEXT, offsetof(present, slot_id),   NULL},
        {"k.secret_id",      RK_COLUMN_TEXT, offsetof(present, secret_id), NULL},
    };
    static const rk_row row = RK_ROW(present, columns);
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM projects.session_secrets k"
               "  JOIN secrets.secrets s ON s.id = k.secret_id AND s.user_id = k.user_id"
               " WHERE k.user_id = $1 AND k.secret_slot_id = ANY ($2::text[])"
               " ORDER BY k.id"
               "   FOR UPDATE OF k",
        .row = &row,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(rk_text(op->caller->id), rk_texts(op, slot_ids)));
}

static int store(rk_op *op, const wish *one, const rk_array *links)
{
    const present *items = links->items;

    for (size_t i = 0; i < links->count; i++) {
        if (strcmp(items[i].slot_id, one->slot_id) == 0)
            return rk_user_secret_overwrite(op, items[i].secret_id, &one->draft.sealed);
    }
    RK_TRY(rk_user_secret_add(op, &one->draft));
    return set_link(op, one->slot_id, one->draft.id);
}

static int fulfil(rk_op *op, const wish *one, const rk_array *links)
{
    if (one->value)
        return store(op, one, links);
    return one->secret_id ? set_link(op, one->slot_id, one->secret_id)
                          : remove_link(op, one->slot_id);
}

/* In the order in which the request names them. */
static int read_back(rk_array *out, rk_op *op, const rk_strings *slot_ids)
{
    static const rk_query query = {
        .sql = "SELECT {row}" RK_FROM_SLOTS
               "  JOIN projects.session_secrets k ON k.secret_slot_id = t.id AND k.user_id = $2"
               " WHERE t.id = ANY ($3::text[])"
               " ORDER BY array_position($3::text[], t.id::text)",
        .row = &link_row,
    };

    return rk_db_all(out, op, &query, RK_PARAMS(RK_SUBJECT(op), rk_texts(op, slot_ids)));
}

static int write_all(rk_op *op, void *user)
{
    request *work = user;
    rk_array links;

    RK_TRY(lock_links(&links, op, &work->slot_ids));
    for (size_t i = 0; i < work->count; i++)
        RK_TRY(fulfil(op, &work->wishes[i], &links));
    return read_back(&work->rows, op, &work->slot_ids);
}

/* PATCH /projects/{project_id}/session_secrets. Spec: session-secrets.md 4.2 */
int rk_session_secret_patch(rk_session_secrets *out, rk_op *op,
                            const rk_session_secret_patch_in *in)
{
    rk_array slots;
    request work;

    op->reply->status = OK;
    RK_TRY(read_items(&work, op, &in->body));
    RK_TRY(find_slots(&slots, op, in->project_id, &work.slot_ids));
    RK_TRY(rk_secret_slot_readable(op, &slots, in->project_id));
    RK_TRY(check_wishes(&work, op, &slots, in->project_id));
    RK_TRY(seal_wishes(&work, op, &slots));
    if (work.count)
        RK_TRY(rk_db_transaction(op, write_all, &work));
    return show(out, op, &work.rows);
}

/* DELETE /projects/{project_id}/session_secrets. Spec: session-secrets.md 4.3 */
int rk_session_secret_delete(rk_op *op, const rk_session_secret_delete_in *in)
{
    static const rk_query query = {
        .sql = "DELETE FROM projects.session_secrets k"
               " USING projects.session_secret_slots t"
               " WHERE t.id = k.secret_slot_id AND t.project_id = $1 AND k.user_id = $2",
    };

    return rk_db_run(NULL, op, &query, RK_PARAMS(rk_text(in->project_id), rk_text(op->caller->id)));
}
