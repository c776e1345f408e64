/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/doctor.h"

#include <sys/stat.h>
#include <unistd.h>

#include "librenku/api/authenticate.h"
#include "librenku/api/ctx.h"
#include "librenku/base/settings.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"
#include "librenku/db/migrate.h"

enum { CLOCK_SKEW_MAX_S = 5 };

/* The failure of the operation becomes the problem of an examination. */
static int as_problem(const char **problem, rk_op *op, int result)
{
    *problem = result < 0 ? op->error.message : NULL;
    rk_error_clear(op);
    rk_db_end(op);
    return 0;
}

static int examine_database(const char **problem, rk_op *op)
{
    static const rk_query query = {.sql = "SELECT 1"};

    return as_problem(problem, op, rk_db_run(NULL, op, &query, RK_NO_PARAMS));
}

static int examine_schema(const char **problem, rk_op *op)
{
    return as_problem(problem, op, rk_migrate_ready(op));
}

static int examine_keycloak(const char **problem, rk_op *op)
{
    *problem = NULL;
    if (!op->ctx->authenticator)
        return 0;
    return as_problem(problem, op, rk_authenticator_discover(op->ctx->authenticator, op, 1));
}

/* A key file is there, not empty, and nobody but its owner and group can reach it. */
static int examine_file(const char **problem, rk_op *op, rk_setting setting, bool needed)
{
    const char *path = rk_settings_text(op->settings, setting);
    const char *name = rk_setting_name(setting);
    struct stat file;

    *problem = NULL;
    if (!path || !*path)
        return 0;
    if (stat(path, &file) < 0)
        *problem = needed ? rk_printf(op, "%s: \"%s\" cannot be read", name, path) : NULL;
    else if (file.st_size == 0)
        *problem = rk_printf(op, "%s: \"%s\" is empty", name, path);
    else if (file.st_mode & S_IRWXO)
        *problem = rk_printf(op, "%s: everybody can reach \"%s\" (mode %04o)", name, path,
                             (unsigned)file.st_mode & 07777);
    return op->error.err;
}

static int examine_internal_key(const char **problem, rk_op *op)
{
    return examine_file(problem, op, RK_SET_INTERNAL_AUTHN_SECRET_KEY_PATH, true);
}

static int examine_encryption_key(const char **problem, rk_op *op)
{
    return examine_file(problem, op, RK_SET_ENCRYPTION_KEY_PATH, true);
}

typedef struct {
    rk_instant now;
} database_clock;

static int examine_clock(const char **problem, rk_op *op)
{
    static const rk_column columns[] = {
        {"clock_timestamp()", RK_COLUMN_TIME, offsetof(database_clock, now), NULL},
    };
    static const rk_row row = RK_ROW(database_clock, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    database_clock clock;

    RK_TRY(as_problem(problem, op, rk_db_one(&clock, op, &query, RK_NO_PARAMS)));
    if (*problem)
        return 0;
    int64_t skew_s = (clock.now.micros - rk_time_now()) / 1000000;

    if (skew_s > CLOCK_SKEW_MAX_S || skew_s < -CLOCK_SKEW_MAX_S)
        *problem = rk_printf(op, "the clock of the database is %lld seconds ahead of ours",
                             (long long)skew_s);
    return op->error.err;
}

const rk_examination rk_examinations[] = {
    {"RK-D001", "database",
     "Check DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, and that PostgreSQL runs.",            true,
     examine_database                                                                                                         },
    {"RK-D002", "schema",         "Run: renku db migrate",                                             true,  examine_schema  },
    {"RK-D003", "keycloak",       "Check KEYCLOAK_URL and KEYCLOAK_REALM, and that Keycloak answers.",
     false,                                                                                                   examine_keycloak},
    {"RK-D004", "internal key",
     "Make a file of 64 random bytes in base64url, mode 0600: see docs/operating.md.",                 false,
     examine_internal_key                                                                                                     },
    {"RK-D005", "encryption key",
     "Point ENCRYPTION_KEY_PATH to the key file, mode 0600: see docs/operating.md.",                   false,
     examine_encryption_key                                                                                                   },
    {"RK-D006", "clock",          "Synchronise the clocks of this machine and of the database (NTP).", false,
     examine_clock                                                                                                            },
};
const int rk_examination_count = RK_COUNT(rk_examinations);

static void write_finding(rk_buf *out, const rk_examination *examination, const char *problem)
{
    rk_buf_printf(out, "{\"code\":\"%s\",\"name\":\"%s\",\"level\":\"%s\"", examination->code,
                  examination->name,
                  !problem              ? "ok"
                  : examination->serves ? "error"
                                        : "warning");
    if (problem) {
        rk_buf_text(out, ",\"problem\":");
        rk_buf_json_text(out, problem);
        rk_buf_text(out, ",\"remedy\":");
        rk_buf_json_text(out, examination->remedy);
    }
    rk_buf_char(out, '}');
}

int rk_doctor(rk_op *op, rk_buf *out, void *user)
{
    (void)user;
    rk_buf_text(out, "{\"findings\":[");
    for (int i = 0; i < rk_examination_count; i++) {
        const char *problem;

        RK_TRY(rk_examinations[i].examine(&problem, op));
        rk_buf_text(out, i ? "," : "");
        write_finding(out, &rk_examinations[i], problem);
    }
    rk_buf_text(out, "]}");
    return rk_buf_finish(out);
}
