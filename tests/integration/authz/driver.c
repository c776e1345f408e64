/* SPDX-License-Identifier: Apache-2.0 */
/* Runs authorization for the Python tests: one JSON object per line in, one per line out. Each line
 * is an operation of its own: {"do": .., "caller": ["user", ID] | ["service", ID] | ["anonymous",
 * ID], ..}. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/authz/port.h"
#include "librenku/authz/tables.h"
#include "librenku/authz/tools.h"
#include "librenku/http/caller.h"
#include "tests/support/program.h"

static const char *const caller_kinds[] = {"user", "service"};
static const rk_enum caller_kind_names = {RK_COUNT(caller_kinds), caller_kinds};

typedef struct {
    json_object *in;
    rk_buf *out;
} request;

/* --- members of a request --- */

static json_object *member(const request *from, const char *name)
{
    return json_object_object_get(from->in, name);
}

static const char *text(const request *from, const char *name)
{
    return json_object_get_string(member(from, name));
}

static rk_object_type type_of(const request *from)
{
    return (rk_object_type)rk_enum_lookup(&rk_object_type_names, text(from, "type"));
}

static rk_scope scope_of(const request *from)
{
    return (rk_scope)(rk_enum_lookup(&rk_scope_names, text(from, "scope")) - 1);
}

static rk_authz_question question_of(const request *from)
{
    return (rk_authz_question){text(from, "type"), text(from, "id"), text(from, "scope"),
                               text(from, "user")};
}

static int strings(rk_strings *out, rk_op *op, json_object *list)
{
    size_t count = json_object_array_length(list);

    out->set = true;
    out->count = count;
    out->items = rk_new_array(op, const char *, count);
    RK_CHECK(out->items);
    for (size_t i = 0; i < count; i++)
        out->items[i] = json_object_get_string(json_object_array_get_idx(list, i));
    return 0;
}

/* --- answers --- */

static void write_strings(rk_buf *out, const rk_strings *list)
{
    rk_buf_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            rk_buf_char(out, ',');
        rk_buf_json_text(out, list->items[i]);
    }
    rk_buf_char(out, ']');
}

static void write_member(rk_buf *out, const rk_member *one)
{
    rk_buf_json_text(out, one->user_id);
    rk_buf_char(out, ',');
    rk_buf_json_text(out, rk_enum_name(&rk_role_names, one->role));
}

/* --- questions --- */

static int subject(rk_op *op, request *on)
{
    rk_buf_char(on->out, '[');
    rk_buf_json_text(on->out, rk_subject_type(op).text);
    rk_buf_char(on->out, ',');
    rk_buf_json_text(on->out, rk_subject_id(op).text);
    rk_buf_char(on->out, ']');
    return 0;
}

/* The guard and the marks that it leaves. */
static int demand(rk_op *op, request *on)
{
    int64_t bits;

    RK_TRY(rk_authz_bits(&bits, op, type_of(on), text(on, "id")));
    rk_buf_printf(on->out, "[%s,",
                  rk_authz_allows(op, type_of(on), bits, RK_SCOPE_READ) ? "true" : "false");
    RK_TRY(rk_authz_waive(op, type_of(on), RK_SCOPE_DELETE));
    RK_TRY(rk_authz_require(op, type_of(on), text(on, "id"), bits, scope_of(on), RK_ERR_NOT_FOUND));
    rk_buf_printf(on->out, "%u]", op->checked[type_of(on)]);
    return 0;
}

static int bits(rk_op *op, request *on)
{
    rk_strings ids;

    RK_TRY(strings(&ids, op, member(on, "ids")));
    int64_t *many = rk_new_array(op, int64_t, ids.count);

    RK_CHECK(many);
    RK_TRY(rk_authz_bits_many(many, op, type_of(on), &ids));
    rk_buf_char(on->out, '[');
    for (size_t i = 0; i < ids.count; i++) {
        int64_t one;

        RK_TRY(rk_authz_bits(&one, op, type_of(on), ids.items[i]));
        if (one != many[i])
            return rk_fail(op, RK_ERR_INTERNAL, "one by one and together differ");
        rk_buf_printf(on->out, "%s%lld", i ? "," : "", (long long)one);
    }
    rk_buf_char(on->out, ']');
    return 0;
}

static const rk_column facts_columns[] = {
    {RK_SQL_FACTS_PROJECT("$1::text", "$2::text", "$3::text"), RK_COLUMN_TEXT, 0, NULL},
};
static const rk_row facts_row = RK_ROW(const char *, facts_columns);

/* What the rows around a project and its parent say, beside what the whole expression says. */
static int conclude(rk_op *op, request *on)
{
    static const rk_query query = {.sql = "SELECT {row}", .row = &facts_row};
    const char *id = text(on, "id");
    const char *facts;
    int64_t concluded, asked;

    RK_TRY(rk_db_one(&facts, op, &query,
                     RK_PARAMS(rk_text(id), rk_text(text(on, "parent")), rk_subject_id(op))));
    RK_TRY(rk_authz_conclude(&concluded, op, RK_OBJECT_PROJECT, id, facts));
    RK_TRY(rk_authz_bits(&asked, op, RK_OBJECT_PROJECT, id));
    rk_buf_printf(on->out, "[%lld,%lld]", (long long)concluded, (long long)asked);
    return 0;
}

static int objects(rk_op *op, request *on)
{
    rk_strings found;

    RK_TRY(rk_authz_objects(&found, op, type_of(on), scope_of(on)));
    write_strings(on->out, &found);
    return 0;
}

static int users(rk_op *op, request *on)
{
    rk_strings found;

    RK_TRY(rk_authz_users(&found, op, type_of(on), text(on, "id"), scope_of(on)));
    write_strings(on->out, &found);
    return 0;
}

static int members(rk_op *op, request *on)
{
    rk_array found;
    rk_strings ids;

    RK_TRY(rk_authz_members(&found, op, type_of(on), text(on, "id")));
    RK_TRY(rk_member_ids(&ids, op, &found));
    const rk_member *items = found.items;

    rk_buf_char(on->out, '[');
    for (size_t i = 0; i < found.count; i++) {
        rk_buf_text(on->out, i ? ",[" : "[");
        write_member(on->out, &items[i]);
        rk_buf_char(on->out, ']');
        if (ids.items[i] != items[i].user_id)
            return rk_fail(op, RK_ERR_INTERNAL, "the ids are others");
    }
    rk_buf_char(on->out, ']');
    return 0;
}

static int exist(rk_op *op, request *on)
{
    json_object *list = member(on, "lines");
    size_t count = json_object_array_length(list);
    rk_relationship *asked = rk_new_array(op, rk_relationship, count);
    bool *found = rk_new_array(op, bool, count);

    RK_CHECK(asked);
    RK_CHECK(found);
    for (size_t i = 0; i < count; i++)
        RK_TRY(rk_relationship_parse(&asked[i], op,
                                     json_object_get_string(json_object_array_get_idx(list, i))));
    RK_TRY(rk_authz_exist(found, op, asked, count));
    rk_buf_char(on->out, '[');
    for (size_t i = 0; i < count; i++)
        rk_buf_printf(on->out, "%s%s", i ? "," : "", found[i] ? "true" : "false");
    rk_buf_char(on->out, ']');
    return 0;
}

static int parse(rk_op *op, request *on)
{
    rk_relationship parsed;
    const char *printed;

    RK_TRY(rk_relationship_parse(&parsed, op, text(on, "line")));
    RK_TRY(rk_relationship_print(&printed, op, &parsed));
    rk_buf_json_text(on->out, printed);
    return 0;
}

/* --- changes; all in one transaction --- */

static int write_changes(rk_op *op, request *on)
{
    json_object *list = member(on, "changes");
    size_t count = json_object_array_length(list);
    rk_relationship_change *changes = rk_new_array(op, rk_relationship_change, count);

    RK_CHECK(changes);
    for (size_t i = 0; i < count; i++) {
        const char *line = json_object_get_string(json_object_array_get_idx(list, i));

        changes[i].remove = *line == '-';
        RK_TRY(rk_relationship_parse(&changes[i].relationship, op, line + 1));
    }
    return rk_authz_write(op, changes, count);
}

static int forget_resource(rk_op *op, request *on)
{
    return rk_authz_forget_resource(op, type_of(on), text(on, "id"));
}

static int forget_subject(rk_op *op, request *on)
{
    return rk_authz_forget_subject(op, type_of(on), text(on, "id"));
}

static int publish(rk_op *op, request *on)
{
    return rk_authz_publish(op, type_of(on), text(on, "id"),
                            json_object_get_boolean(member(on, "public")));
}

static int replace(rk_op *op, request *on)
{
    rk_relationship relationship;

    RK_TRY(rk_relationship_parse(&relationship, op, text(on, "line")));
    return rk_authz_replace(op, &relationship);
}

static void write_reports(rk_buf *out, const rk_array *changes)
{
    static const char *const kinds[] = {"", "added", "updated", "removed"};
    const rk_member_change *items = changes->items;

    rk_buf_char(out, '[');
    for (size_t i = 0; i < changes->count; i++) {
        rk_buf_printf(out, "%s[\"%s\",", i ? "," : "", kinds[items[i].kind]);
        write_member(out, &items[i].member);
        rk_buf_char(out, ']');
    }
    rk_buf_char(out, ']');
}

static int members_set(rk_op *op, request *on)
{
    json_object *list = member(on, "members");
    size_t count = json_object_array_length(list);
    rk_member *wanted = rk_new_array(op, rk_member, count);
    rk_array changes;

    RK_CHECK(wanted);
    for (size_t i = 0; i < count; i++) {
        json_object *one = json_object_array_get_idx(list, i);

        wanted[i].user_id = json_object_get_string(json_object_array_get_idx(one, 0));
        wanted[i].role = rk_enum_lookup(&rk_role_names,
                                        json_object_get_string(json_object_array_get_idx(one, 1)));
    }
    const rk_array members = {true, count, wanted};

    RK_TRY(rk_authz_members_set(&changes, op, type_of(on), text(on, "id"), &members));
    write_reports(on->out, &changes);
    return 0;
}

static int member_remove(rk_op *op, request *on)
{
    rk_array changes;

    RK_TRY(rk_authz_member_remove(&changes, op, type_of(on), text(on, "id"), text(on, "user")));
    write_reports(on->out, &changes);
    return 0;
}

/* --- tools --- */

static int check(rk_op *op, request *on)
{
    rk_authz_question question = question_of(on);

    return rk_authz_tool_check(op, on->out, &question);
}

static int explain(rk_op *op, request *on)
{
    rk_authz_question question = question_of(on);

    return rk_authz_tool_explain(op, on->out, &question);
}

static int lookup(rk_op *op, request *on)
{
    rk_authz_question question = question_of(on);

    return rk_authz_tool_lookup(op, on->out, &question);
}

static int export(rk_op *op, request *on)
{
    rk_buf exported;

    rk_buf_begin(&exported, op, 64);
    RK_TRY(rk_authz_tool_export(op, &exported));
    rk_buf_json_text_n(on->out, exported.text, exported.length);
    return rk_buf_finish(&exported);
}

static int import(rk_op *op, request *on)
{
    json_object *lines = member(on, "text");
    rk_authz_import work = {json_object_get_string(lines),
                            (size_t)json_object_get_string_len(lines),
                            json_object_get_boolean(member(on, "apply"))};

    return rk_authz_tool_import(op, on->out, &work);
}

static int admin(rk_op *op, request *on)
{
    return rk_authz_tool_admin(op, on->out, text(on, "action"), text(on, "user"));
}

static const struct {
    const char *name;
    int (*run)(rk_op *op, request *on);
    bool writes;
} commands[] = {
    {"subject",         subject,         false},
    {"demand",          demand,          false},
    {"bits",            bits,            false},
    {"conclude",        conclude,        false},
    {"objects",         objects,         false},
    {"users",           users,           false},
    {"members",         members,         false},
    {"exist",           exist,           false},
    {"parse",           parse,           false},
    {"write",           write_changes,   true },
    {"forget_resource", forget_resource, true },
    {"forget_subject",  forget_subject,  true },
    {"publish",         publish,         true },
    {"replace",         replace,         true },
    {"members_set",     members_set,     true },
    {"member_remove",   member_remove,   true },
    {"check",           check,           false},
    {"explain",         explain,         false},
    {"lookup",          lookup,          false},
    {"export",          export,          false},
    {"import",          import,          false},
    {"admin",           admin,           false},
};

static int run(rk_op *op, void *user)
{
    request *on = user;
    const char *name = text(on, "do");

    for (size_t i = 0; i < RK_COUNT(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(op, on);
    return rk_fail(op, RK_ERR_INTERNAL, "unknown command '%s'", name);
}

static bool writes(const request *on)
{
    for (size_t i = 0; i < RK_COUNT(commands); i++)
        if (strcmp(commands[i].name, text(on, "do")) == 0)
            return commands[i].writes;
    return false;
}

static void print(rk_op *op, rk_buf *answer, int err)
{
    rk_buf line;

    rk_buf_begin(&line, op, 256);
    if (err == 0) {
        rk_buf_text(&line, "{\"answer\":");
        rk_buf_text(&line, answer->length ? answer->text : "null");
    } else {
        rk_buf_text(&line, "{\"error\":");
        rk_buf_json_text(&line, rk_error_row_of(op->error.err)->name);
        rk_buf_text(&line, ",\"message\":");
        rk_buf_json_text(&line, op->error.message);
    }
    rk_buf_char(&line, '}');
    puts(line.text);
    fflush(stdout);
}

static rk_caller caller_of(json_object *pair)
{
    const char *kind = json_object_get_string(json_object_array_get_idx(pair, 0));
    static const rk_caller_kind kinds[] = {RK_CALLER_ANONYMOUS, RK_CALLER_USER, RK_CALLER_SERVICE};

    return (rk_caller){.kind = kinds[rk_enum_lookup(&caller_kind_names, kind)],
                       .id = json_object_get_string(json_object_array_get_idx(pair, 1))};
}

static int serve(struct rk_pool *pool, json_object *in)
{
    rk_caller caller = caller_of(json_object_object_get(in, "caller"));
    rk_buf answer;
    rk_op op;

    if (rk_op_begin(&op) < 0)
        return 2;
    op.pool = pool;
    op.caller = &caller;
    rk_buf_begin(&answer, &op, 256);

    request on = {in, &answer};

    print(&op, &answer, writes(&on) ? rk_db_transaction(&op, run, &on) : run(&op, &on));
    rk_db_end(&op);
    rk_op_end(&op);
    return 0;
}

int main(void)
{
    const rk_pool_options options = database_options(1);
    struct rk_pool *pool;
    char *line = NULL;
    size_t size = 0;
    int status = 0;
    rk_op op;

    if (rk_op_begin(&op) < 0 || rk_pool_new(&pool, &op, &options) < 0)
        return 2;
    while (status == 0 && getline(&line, &size, stdin) > 0) {
        json_object *in = json_tokener_parse(line);

        status = serve(pool, in);
        json_object_put(in);
    }
    free(line);
    rk_op_end(&op);
    rk_pool_free(pool);
    return status;
}
