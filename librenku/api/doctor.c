/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/doctor.h"

#include <string.h>

#include "librenku/api/ctx.h"
#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/db/db.h"
#include "renku/admin.h"

/* clang-format off */
/* docs/doctor.md has a section for each code, in the order of the numbers. A code never changes its meaning.
 *  code       name                    remedy                                                       serves asks   examination               fix */
const rk_examination rk_examinations[] = {
    {"RK-D001", "database",            "Check DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, and that PostgreSQL runs.",
                                                                                                    true,  false, rk_examine_database,       NULL},
    {"RK-D002", "schema",              "Adopt the database with `renku db adopt`, or install a newer librenku.",
                                                                                                    true,  true,  rk_examine_schema,         NULL},
    {"RK-D003", "keycloak",            "Check KEYCLOAK_URL and KEYCLOAK_REALM, and that Keycloak answers.",
                                                                                                    false, false, rk_examine_keycloak,       NULL},
    {"RK-D004", "internal key",        "Make a file of 64 random bytes in base64url, mode 0600.",   false, false, rk_examine_internal_key,   NULL},
    {"RK-D005", "encryption key",      "Point ENCRYPTION_KEY_PATH to the key file, mode 0600; a new key cannot read what the old one wrote.",
                                                                                                    false, false, rk_examine_encryption_key, NULL},
    {"RK-D006", "clock",               "Synchronise the clocks of this machine and of the database (NTP).",
                                                                                                    false, true,  rk_examine_clock,          NULL},
    {"RK-D007", "server version",      "Upgrade PostgreSQL.",                                       false, true,  rk_examine_version,        NULL},
    {"RK-D008", "schema differences",  "See them with `renku db check`, and undo what was changed by hand.",
                                                                                                    false, true,  rk_examine_differences,    NULL},
    {"RK-D009", "migrations",          "Run `renku db migrate`, or `renku doctor --fix`.",          true,  true,  rk_examine_migrations,     rk_fix_migrations},
    {"RK-D010", "index of lists",      "Run `renku db verify --repair`, or `renku doctor --fix`.",  false, true,  rk_examine_lists,          rk_fix_lists},
    {"RK-D011", "connections",         "Lower DB_POOL_SIZE, or raise max_connections and the limits of database and role.",
                                                                                                    false, true,  rk_examine_connections,    NULL},
    {"RK-D015", "disk",                "Make room, or lower RENKU_DOCTOR_FREE_MB.",                 false, false, rk_examine_disk,           NULL},
    {"RK-D016", "transactions",        "Find it in pg_stat_activity and end it: the rows that it can still see are kept.",
                                                                                                    false, true,  rk_examine_transactions,   NULL},
    {"RK-D017", "statistics",          "Run ANALYZE, or `renku doctor --fix`, and see that autovacuum runs.",
                                                                                                    false, true,  rk_examine_statistics,     rk_fix_statistics},
    {"RK-D018", "encryption",          "Switch on SSL in PostgreSQL: passwords and rows pass the network in clear text.",
                                                                                                    false, true,  rk_examine_tls,            NULL},
    {"RK-D019", "keys of keycloak",    "Check the realm: it must publish its signing keys.",        false, false, rk_examine_keycloak_keys,  NULL},
    {"RK-D020", "key modes",           "Run `chmod 600` on it as its owner, or `renku doctor --fix`.",
                                                                                                    false, false, rk_examine_key_modes,      rk_fix_key_modes},
    {"RK-D021", "public key",          "Point SECRETS_SERVICE_PUBLIC_KEY_PATH to the PEM file with the public key of the secrets storage.",
                                                                                                    false, false, rk_examine_public_key,     NULL},
    {"RK-D022", "private key",         "Point SECRETS_SERVICE_PRIVATE_KEY_PATH to the PEM file with the private key of the secrets storage, mode 0600.",
                                                                                                    false, false, rk_examine_private_key,    NULL},
};
const int rk_examination_count = RK_COUNT(rk_examinations);

/*  code       name                    remedy                                                       serves examination */
static const rk_config_examination of_config[] = {
    {"RK-D012", "settings",            "Correct them: docs/configuration.md tells what each may be.",
                                                                                                    true,  rk_examine_settings},
    {"RK-D013", "names of settings",   "Correct the name or remove it: it has no effect.",          false, rk_examine_names},
    {"RK-D014", "development mode",    "Unset DUMMY_STORES where others can reach the service.",    false, rk_examine_development},
};
/* clang-format on */

/* --- findings --------------------------------------------------------------------------------- */

typedef struct {
    const char *code, *name, *level, *problem, *remedy;
} finding;

typedef struct {
    bool fix;
    bool database_down;
    int errors;
    int count;
} doctoring;

static void write_text(rk_buf *out, const char *name, const char *text)
{
    rk_buf_printf(out, ",\"%s\":", name);
    rk_buf_json_text(out, text);
}

/* The heading of the section, as links name it. */
static void write_page(rk_buf *out, const char *code)
{
    static const char prefix[] = "RK-D";

    rk_buf_printf(out, ",\"page\":\"docs/doctor.md#rk-d%s\"", code + sizeof(prefix) - 1);
}

static void write_finding(rk_buf *out, doctoring *work, const finding *found)
{
    rk_buf_printf(out, "%s{\"code\":\"%s\"", work->count++ ? "," : "", found->code);
    write_text(out, "name", found->name);
    write_text(out, "level", found->level);
    if (found->problem)
        write_text(out, "problem", found->problem);
    if (found->remedy) {
        write_text(out, "remedy", found->remedy);
        write_page(out, found->code);
    }
    rk_buf_char(out, '}');
    work->errors += strcmp(found->level, "error") == 0;
}

static const char *level_of(const char *problem, bool serves)
{
    return !problem ? "ok" : serves ? "error" : "warning";
}

/* Puts right what was found; looks again whether that has helped. */
static int fix(finding *found, rk_op *op, const rk_examination *examination)
{
    const char *done = NULL, *problem;

    RK_TRY(rk_as_problem(&problem, op, examination->fix(&done, op)));
    if (!problem)
        RK_TRY(examination->examine(&problem, op));
    if (problem) {
        found->problem = rk_printf(op, "%s (it could not be fixed: %s)", found->problem, problem);
        RK_CHECK(found->problem);
        return 0;
    }
    found->level = "fixed";
    found->remedy = done;
    return 0;
}

static int examine(rk_op *op, rk_buf *out, doctoring *work, const rk_examination *examination)
{
    finding found = {examination->code, examination->name, "skipped", NULL, NULL};

    if (examination->asks_database && work->database_down) {
        write_finding(out, work, &found);
        return 0;
    }
    RK_TRY(examination->examine(&found.problem, op));
    found.level = level_of(found.problem, examination->serves);
    if (found.problem)
        found.remedy = examination->remedy;
    work->database_down |= found.problem && examination->examine == rk_examine_database;
    if (found.problem && work->fix && examination->fix)
        RK_TRY(fix(&found, op, examination));
    write_finding(out, work, &found);
    return 0;
}

/* Findings, parted by commas. */
static int examine_all(rk_op *op, rk_buf *out, void *user)
{
    for (int i = 0; i < rk_examination_count; i++)
        RK_TRY(examine(op, out, user, &rk_examinations[i]));
    return rk_buf_finish(out);
}

static int examine_config(rk_op *op, rk_buf *out, doctoring *work, const renku_config *config)
{
    for (size_t i = 0; i < RK_COUNT(of_config); i++) {
        finding found = {of_config[i].code, of_config[i].name, NULL, NULL, NULL};

        RK_TRY(of_config[i].examine(&found.problem, op, config));
        found.level = level_of(found.problem, of_config[i].serves);
        found.remedy = found.problem ? of_config[i].remedy : NULL;
        write_finding(out, work, &found);
    }
    return rk_buf_finish(out);
}

static int conclude(renku_result *out, rk_op *op, rk_buf *report, const doctoring *work)
{
    rk_buf_text(report, "]}");
    RK_TRY(rk_buf_finish(report));
    rk_result_body(out, "application/json", report->text, report->length);
    if (!work->errors)
        return 0;
    (void)rk_fail(op, RK_ERR_UNAVAILABLE, /* the result is filled here */
                  "The installation cannot work: %d %s.", work->errors,
                  work->errors == 1 ? "error" : "errors");
    out->status = rk_error_row_of(RK_ERR_UNAVAILABLE)->status;
    out->code = rk_error_row_of(RK_ERR_UNAVAILABLE)->code;
    out->error = RK_ERR_UNAVAILABLE;
    out->message = op->error.message;
    return 0;
}

/* --- for programs ----------------------------------------------------------------------------- */

/* The findings of the context, to stand behind others. */
static int add_context(rk_op *op, rk_buf *out, doctoring *work, renku_ctx *ctx)
{
    renku_result *result = rk_tool_run(ctx, examine_all, work, RK_TOOL_JSON);
    int err = 0;

    if (renku_result_ok(result))
        rk_buf_text(out, renku_result_body(result, NULL));
    else
        err = rk_fail(op, RK_ERR_INTERNAL, "%s", renku_result_message(result));
    renku_result_free(result);
    return err;
}

/* Without the keys of callers, should those be the problem: they are examined all the same. */
static renku_result *make_context(renku_ctx **out, const renku_config *config)
{
    renku_config *plain = renku_config_new();
    const char *name, *value;
    bool whole = plain != NULL;

    for (size_t i = 0; whole && renku_config_entry(config, i, &name, &value); i++)
        whole = renku_config_set(plain, name, value) == 0;
    whole = whole && renku_config_set(plain, "RENKU_ADMIN_ONLY", "true") == 0;
    renku_result *result = whole ? renku_ctx_new(out, plain) : rk_result_no_memory();

    renku_config_free(plain);
    return result;
}

static int skip_all(rk_op *op, rk_buf *out, doctoring *work)
{
    (void)op;
    for (int i = 0; i < rk_examination_count; i++)
        write_finding(
            out, work,
            &(finding){rk_examinations[i].code, rk_examinations[i].name, "skipped", NULL, NULL});
    return rk_buf_finish(out);
}

static int run(rk_op *op, rk_buf *out, doctoring *work, const renku_config *config)
{
    renku_ctx *ctx = NULL;

    rk_buf_text(out, "{\"findings\":[");
    RK_TRY(examine_config(op, out, work, config));
    renku_result_free(renku_ctx_new(&ctx, config));
    if (!ctx)
        renku_result_free(make_context(&ctx, config));
    int err = ctx ? add_context(op, out, work, ctx) : skip_all(op, out, work);

    renku_ctx_free(ctx);
    return err;
}

static int doctor(renku_result *out, rk_op *op, doctoring *work, const renku_config *config)
{
    rk_buf report;

    RK_CHECK(out);
    rk_buf_begin(&report, op, 4096);
    RK_TRY(run(op, &report, work, config));
    return conclude(out, op, &report, work);
}

renku_result *renku_doctor_run(const renku_config *config, int wants_fixes)
{
    doctoring work = {.fix = wants_fixes != 0};
    rk_op op;

    if (!config)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_doctor_run: the configuration is NULL.");
    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    renku_result *result = rk_result_new(&op);

    return rk_result_settle(&op, result, doctor(result, &op, &work, config));
}

static int doctor_of_context(renku_result *out, rk_op *op, void *user)
{
    doctoring *work = user;
    rk_buf report;

    op->deadline_ms = 0;
    rk_buf_begin(&report, op, 4096);
    rk_buf_text(&report, "{\"findings\":[");
    RK_TRY(examine_all(op, &report, work));
    return conclude(out, op, &report, work);
}

renku_result *renku_doctor(renku_ctx *ctx)
{
    doctoring work = {0};

    return rk_ctx_run(ctx, doctor_of_context, &work);
}
