/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/tools.h"

#include <string.h>

#include "librenku/authz/explain.h"
#include "librenku/authz/tables.h"
#include "librenku/db/migrate.h"
#include "librenku/http/caller.h"

enum { TOLD_EVERY = 10000 };

/* --- questions --- */

typedef struct {
    rk_object_type type;
    rk_scope scope;
    const char *id;
} asked;

/* "read, write": what a type has. */
static const char *permissions_of(rk_op *op, rk_object_type type)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 128);
    for (size_t scope = 0; scope < RK_SCOPES; scope++)
        if (rk_object_permissions[type] & RK_SCOPE_BIT(scope))
            rk_buf_printf(&buf, "%s%s", buf.length ? ", " : "", rk_scope_names.names[scope]);
    return rk_buf_finish(&buf) < 0 ? "" : buf.text;
}

static int read_question(asked *out, rk_op *op, const rk_authz_question *question)
{
    int scope = rk_enum_lookup(&rk_scope_names, question->scope) - 1;

    out->id = question->id;
    out->type = (rk_object_type)rk_enum_lookup(&rk_object_type_names, question->type);
    if (!out->type)
        return rk_fail(op, RK_ERR_INVALID, "There is no object type '%s'.", question->type);
    if (scope < 0 || !(rk_object_permissions[out->type] & RK_SCOPE_BIT(scope)))
        return rk_fail(op, RK_ERR_INVALID, "The type '%s' has no permission '%s', only: %s.",
                       question->type, question->scope, permissions_of(op, out->type));
    out->scope = (rk_scope)scope;
    if (out->type == RK_OBJECT_PLATFORM)
        out->id = RK_PLATFORM_ID;
    return 0;
}

static int check_user(rk_op *op, const char *user)
{
    if (!user || (*user && strcmp(user, "*") != 0))
        return 0;
    return rk_fail(op, RK_ERR_INVALID, "'%s' is not the id of a user.", user);
}

typedef int answer(rk_op *op, rk_buf *out, const asked *question);

/* Answers as the user of the question sees it. */
static int ask(rk_op *op, rk_buf *out, const rk_authz_question *question, answer *give)
{
    const rk_caller *before = op->caller;
    rk_caller user = {
        .kind = question->user ? RK_CALLER_USER : RK_CALLER_ANONYMOUS,
        .id = question->user,
    };
    asked found;

    RK_TRY(read_question(&found, op, question));
    RK_TRY(check_user(op, question->user));
    op->caller = &user;
    int result = give(op, out, &found);

    op->caller = before;
    return result;
}

static int check_object(rk_op *op, const asked *question)
{
    if (question->id && *question->id)
        return 0;
    return rk_fail(op, RK_ERR_INVALID, "Please name the object as TYPE:ID.");
}

static int answer_check(rk_op *op, rk_buf *out, const asked *question)
{
    int64_t bits;

    RK_TRY(check_object(op, question));
    RK_TRY(rk_authz_bits(&bits, op, question->type, question->id));
    rk_buf_text(out, "{\"allowed\":");
    rk_buf_json_bool(out, bits & RK_SCOPE_BIT(question->scope));
    rk_buf_char(out, '}');
    return 0;
}

int rk_authz_tool_check(rk_op *op, rk_buf *out, const rk_authz_question *question)
{
    return ask(op, out, question, answer_check);
}

static int write_steps(rk_op *op, rk_buf *out, const rk_authz_step *step)
{
    const char *text;

    if (step->before) {
        RK_TRY(write_steps(op, out, step->before));
        rk_buf_char(out, ',');
    }
    RK_TRY(rk_relationship_print(&text, op, &step->relationship));
    rk_buf_json_text(out, text);
    return 0;
}

static int write_paths(rk_op *op, rk_buf *out, const rk_authz_paths *paths)
{
    rk_buf_char(out, '[');
    for (size_t i = 0; i < paths->count; i++) {
        rk_buf_text(out, i ? ",[" : "[");
        RK_TRY(write_steps(op, out, paths->paths[i]));
        rk_buf_char(out, ']');
    }
    rk_buf_char(out, ']');
    return 0;
}

static int answer_explain(rk_op *op, rk_buf *out, const asked *question)
{
    rk_authz_reasons reasons;

    RK_TRY(check_object(op, question));
    RK_TRY(rk_authz_explain(&reasons, op, question->type, question->id, question->scope));
    rk_buf_text(out, "{\"allowed\":");
    rk_buf_json_bool(out, reasons.allowed);
    rk_buf_text(out, ",\"paths\":");
    RK_TRY(write_paths(op, out, &reasons.granting));
    rk_buf_text(out, ",\"refused\":");
    RK_TRY(write_paths(op, out, &reasons.refusing));
    rk_buf_char(out, '}');
    return 0;
}

int rk_authz_tool_explain(rk_op *op, rk_buf *out, const rk_authz_question *question)
{
    return ask(op, out, question, answer_explain);
}

static void write_ids(rk_buf *out, const char *name, const rk_strings *ids)
{
    rk_buf_char(out, '{');
    rk_buf_json_text(out, name);
    rk_buf_text(out, ":[");
    for (size_t i = 0; i < ids->count; i++) {
        if (i)
            rk_buf_char(out, ',');
        rk_buf_json_text(out, ids->items[i]);
    }
    rk_buf_text(out, "]}");
}

static int answer_lookup(rk_op *op, rk_buf *out, const asked *question)
{
    rk_strings ids;

    RK_TRY(rk_authz_objects(&ids, op, question->type, question->scope));
    write_ids(out, "ids", &ids);
    return 0;
}

int rk_authz_tool_lookup(rk_op *op, rk_buf *out, const rk_authz_question *question)
{
    return ask(op, out, question, answer_lookup);
}

/* --- administrators --- */

typedef struct {
    const char *user_id;
    bool admin;
} appointment;

static int appoint(rk_op *op, void *user)
{
    const appointment *made = user;

    return rk_authz_admin_set(op, made->user_id, made->admin);
}

static int set_admin(rk_op *op, rk_buf *out, const char *user_id, bool admin)
{
    appointment made = {.admin = admin};
    rk_relationship parsed;
    const char *line =
        rk_printf(op, "platform:" RK_PLATFORM_ID "#admin@user:%s", user_id ? user_id : "");

    RK_CHECK(line);
    RK_TRY(rk_relationship_parse(&parsed, op, line));
    made.user_id = parsed.subject_id;
    RK_TRY(rk_db_transaction(op, appoint, &made));
    rk_buf_text(out, "{\"user\":");
    rk_buf_json_text(out, made.user_id);
    rk_buf_text(out, ",\"admin\":");
    rk_buf_json_bool(out, admin);
    rk_buf_char(out, '}');
    return 0;
}

/* Spec: authorization.md 12 */
int rk_authz_tool_admin(rk_op *op, rk_buf *out, const char *action, const char *user_id)
{
    rk_strings admins;

    if (strcmp(action, "add") == 0)
        return set_admin(op, out, user_id, true);
    if (strcmp(action, "remove") == 0)
        return set_admin(op, out, user_id, false);
    if (strcmp(action, "list") != 0)
        return rk_fail(op, RK_ERR_INVALID, "'%s' is none of: add, remove, list.", action);
    RK_TRY(rk_authz_admins(&admins, op));
    write_ids(out, "admins", &admins);
    return 0;
}

/* --- export --- */

static int read_all(rk_array *out, rk_op *op)
{
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM librenku.relation r"
               " ORDER BY r.object_type, r.object_id, r.relation, r.subject_type, r.subject_id",
        .row = &rk_relation_rows,
    };

    return rk_db_all(out, op, &query, RK_NO_PARAMS);
}

/* What the schema does not know is kept as a comment. */
static int write_line(rk_op *op, rk_buf *out, const rk_relation_row *row)
{
    rk_relationship relationship = rk_relationship_of_row(row);
    const char *line;

    if (!rk_relationship_is_allowed(&relationship)) {
        rk_buf_printf(out, "// not in the schema: %c:%s#%c@%c:%s\n", row->letters[0], row->id,
                      row->letters[1], row->letters[2], row->subject_id);
        return 0;
    }
    RK_TRY(rk_relationship_print(&line, op, &relationship));
    rk_buf_text(out, line);
    rk_buf_char(out, '\n');
    return 0;
}

/* Reading them takes about as long as writing the text. */
static int write_lines(rk_op *op, rk_buf *out, const rk_array *rows)
{
    const rk_relation_row *items = rows->items;
    int64_t count = (int64_t)rows->count;

    for (int64_t i = 0; i < count; i++) {
        if (i % TOLD_EVERY == 0)
            rk_op_tell(op, count + i, 2 * count, "writing relationship %lld of %lld",
                       (long long)i + 1, (long long)count);
        RK_TRY(write_line(op, out, &items[i]));
    }
    return 0;
}

/* Writers wait meanwhile, so that what is noted as exported is what was exported. */
static int write_all(rk_op *op, void *user)
{
    static const rk_query lock = {.sql = "LOCK TABLE librenku.relation IN SHARE MODE"};
    rk_buf *out = user;
    rk_array rows;

    rk_buf_begin(out, op, out->capacity);
    RK_TRY(rk_db_run(NULL, op, &lock, RK_NO_PARAMS));
    rk_op_tell(op, 0, 2, "reading the relationships");
    RK_TRY(read_all(&rows, op));
    RK_TRY(write_lines(op, out, &rows));
    return rk_migrate_exported(op);
}

int rk_authz_tool_export(rk_op *op, rk_buf *out)
{
    return rk_db_transaction(op, write_all, out);
}
