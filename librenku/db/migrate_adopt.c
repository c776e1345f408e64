/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/base/log.h"
#include "librenku/db/db.h"
#include "librenku/db/migration.h"
#include "librenku/db/session.h"

/* The one migration that may find its table there already. */
enum { OUTBOX = 2 };

static int refuse(rk_op *op, const char *message, const char *remedy)
{
    (void)rk_fail(op, RK_ERR_CONFLICT, "%s", message); /* the detail returns it */
    return rk_fail_detail(op, "%s", remedy);
}

/* Whether a table stands there; a name that is no table of ours is NULL to the server. */
static int has_table(bool *out, rk_op *op, const char *name)
{
    static const rk_column columns[] = {
        {"to_regclass($1) IS NOT NULL", RK_COLUMN_BOOL, 0, NULL}
    };
    static const rk_row row = {sizeof(rk_opt_bool), columns, 1, NULL};
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    rk_opt_bool found = {0};

    RK_TRY(rk_db_one(&found, op, &query, RK_PARAMS(rk_text(name))));
    *out = found.value;
    return 0;
}

/* --- adoption --- */

typedef struct {
    rk_migration_state state;
    rk_differences differences;
} adoption;

static int check_candidate(rk_op *op, const rk_migration_state *state)
{
    if (state->managed && !state->adopted)
        return refuse(op, "This database was made by librenku: there is nothing to adopt.",
                      "bring it up with: renku db migrate");
    if (!state->contract)
        return refuse(op, "This database holds no deployment.", "begin with: renku db migrate");
    if (strcmp(state->contract, RK_CONTRACT_REVISION) == 0)
        return 0;
    (void)rk_fail(op, RK_ERR_CONFLICT, /* the detail returns it */
                  "The deployment stands at revision '%s', only '%s' can be taken over.",
                  state->contract, RK_CONTRACT_REVISION);
    return rk_fail_detail(op, "bring the deployment to that revision first");
}

static int apply_ours(rk_op *op)
{
    bool outbox;

    RK_TRY(has_table(&outbox, op, "events.events"));
    RK_TRY(rk_migration_table(op));
    RK_TRY(rk_migration_note(op, &rk_migrations[0], true));
    for (int i = 1; i < rk_migration_count; i++) {
        const rk_migration *migration = &rk_migrations[i];

        if (outbox && migration->number == OUTBOX)
            RK_TRY(rk_migration_note(op, migration, true));
        else
            RK_TRY(rk_migration_apply(op, migration, rk_migrations[0].number));
    }
    return 0;
}

static int adopt(rk_op *op, void *user)
{
    adoption *work = user;

    work->differences = (rk_differences){0};
    RK_TRY(rk_migration_lock(op));
    RK_TRY(rk_migration_read(&work->state, op));
    RK_TRY(check_candidate(op, &work->state));
    if (work->state.managed)
        return 0;
    rk_op_tell(op, 0, 1, "comparing the tables");
    RK_TRY(rk_schema_compare(&work->differences, op, true));
    if (work->differences.count)
        return 0;
    return apply_ours(op);
}

int rk_migrate_adopt(rk_op *op, rk_buf *report)
{
    adoption work;

    RK_TRY(rk_db_transaction(op, adopt, &work));
    if (work.differences.count)
        return rk_schema_report(op, report, &work.differences);
    rk_buf_printf(report, "{\"adopted\":true,\"before\":%s,\"revision\":%d}",
                  work.state.managed ? "true" : "false",
                  work.state.managed ? work.state.revision : rk_migration_count);
    return rk_buf_finish(report);
}

/* --- what would be lost --- */

/* A sum over all relationships, which any change of them changes. */
#define RELATIONS_NOW                                                                              \
    "(SELECT count(*) || ':' || coalesce(sum(hashtextextended(r::text, 0)), 0)"                    \
    "   FROM librenku.relation r)"

int rk_migrate_exported(rk_op *op)
{
    static const rk_query query = {
        .sql = "INSERT INTO librenku.exported AS e (relations) VALUES (" RELATIONS_NOW ")"
               " ON CONFLICT (only_one) DO UPDATE"
               "   SET relations = excluded.relations, exported_at = now()",
    };

    return rk_db_run(NULL, op, &query, RK_NO_PARAMS);
}

/* The relationships that come with a migration need no export. The sum is made once only. */
int rk_migration_first_relations(rk_op *op)
{
    static const rk_query query = {
        .sql = "INSERT INTO librenku.exported (relations) SELECT " RELATIONS_NOW
               "  WHERE NOT EXISTS (SELECT FROM librenku.exported)"
               " ON CONFLICT (only_one) DO NOTHING",
    };
    bool there;

    RK_TRY(has_table(&there, op, "librenku.relation"));
    return there ? rk_db_run(NULL, op, &query, RK_NO_PARAMS) : 0;
}

static int check_relations(rk_op *op)
{
    static const rk_column columns[] = {
        {"NOT EXISTS (SELECT FROM librenku.exported e WHERE e.relations = " RELATIONS_NOW ")",
         RK_COLUMN_BOOL, 0, NULL}
    };
    static const rk_row row = {sizeof(rk_opt_bool), columns, 1, NULL};
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    rk_opt_bool lost = {0};
    bool there;

    RK_TRY(has_table(&there, op, "librenku.relation"));
    if (there)
        RK_TRY(rk_db_one(&lost, op, &query, RK_NO_PARAMS));
    if (!lost.value)
        return 0;
    return refuse(op, "There are relationships that have not been exported.",
                  "save them with: renku authz export; or lose them with: --force");
}

typedef struct {
    rk_opt_bool ours;
    rk_opt_int rows;
} outbox;

static int read_outbox(outbox *out, rk_op *op)
{
    static const rk_column columns[] = {
        {"EXISTS (SELECT FROM librenku.migration m WHERE m.number = 2 AND NOT m.adopted)",
         RK_COLUMN_BOOL,                                                                                  offsetof(outbox, ours), NULL},
        {"(SELECT count(*) FROM events.events)",                                           RK_COLUMN_INT, offsetof(outbox, rows), NULL},
    };
    static const rk_row row = RK_ROW(outbox, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    bool there;

    *out = (outbox){0};
    RK_TRY(has_table(&there, op, "events.events"));
    return there ? rk_db_one(out, op, &query, RK_NO_PARAMS) : 0;
}

/* --- handing back --- */

typedef struct {
    bool force;
    outbox outbox;
} hand_back;

static int check_losses(rk_op *op, const hand_back *work)
{
    if (work->force)
        return 0;
    RK_TRY(check_relations(op));
    if (!work->outbox.ours.value || work->outbox.rows.value == 0)
        return 0;
    (void)rk_fail(op, RK_ERR_CONFLICT, "%d events have not been sent.", /* the detail returns it */
                  (int)work->outbox.rows.value);
    return rk_fail_detail(op, "send them with: renku tasks --once send_pending_events;"
                              " or lose them with: --force");
}

/* Our triggers on the tables of the contract go with their functions. */
static int remove_ours(rk_op *op, const outbox *events)
{
    RK_TRY(rk_session_script(op, "DROP SCHEMA librenku CASCADE"));
    return events->ours.value ? rk_session_script(op, "DROP TABLE events.events") : 0;
}

int rk_migration_remove(rk_op *op)
{
    outbox events;

    RK_TRY(read_outbox(&events, op));
    return remove_ours(op, &events);
}

static int give(rk_op *op, void *user)
{
    hand_back *work = user;
    rk_migration_state state;

    RK_TRY(rk_migration_lock(op));
    RK_TRY(rk_migration_read(&state, op));
    if (!state.managed)
        return refuse(op, "This database is not used by librenku: there is nothing to hand back.",
                      "see what it holds with: renku db status");
    RK_TRY(read_outbox(&work->outbox, op));
    RK_TRY(check_losses(op, work));
    return remove_ours(op, &work->outbox);
}

int rk_migrate_hand_back(rk_op *op, rk_buf *report, bool force)
{
    hand_back work = {.force = force};

    RK_TRY(rk_db_transaction(op, give, &work));
    rk_log_info(op, "db", "the database was handed back");
    rk_buf_printf(report, "{\"handed_back\":true,\"contract\":\"%s\"}", RK_CONTRACT_REVISION);
    return rk_buf_finish(report);
}
