/* SPDX-License-Identifier: Apache-2.0 */
/* One call of migrate.h on the database of the environment: driver COMMAND. Prints what it
 * reported, one JSON object; "lines" prints the live schema as text. Ends with 1 when the call
 * failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/base/log.h"
#include "librenku/db/db.h"
#include "librenku/db/migration.h"

static void print_log(void *user, int level, const char *line)
{
    (void)user;
    fprintf(stderr, "%d %s\n", level, line);
}

static const rk_log to_stderr = {
    .sink = print_log, .root_level = RK_LOG_INFO, .app_level = RK_LOG_INFO};

static int hand_back(rk_op *op, rk_buf *report)
{
    return rk_migrate_hand_back(op, report, false);
}

static int hand_back_forced(rk_op *op, rk_buf *report)
{
    return rk_migrate_hand_back(op, report, true);
}

static int ready(rk_op *op, rk_buf *report)
{
    rk_buf_text(report, "{}");
    return rk_migrate_ready(op);
}

static int exported(rk_op *op, rk_buf *report)
{
    rk_buf_text(report, "{}");
    return rk_migrate_exported(op);
}

static int read_lines(rk_op *op, void *user)
{
    return rk_schema_lines(user, op);
}

static int lines(rk_op *op, rk_buf *report)
{
    rk_array found;

    RK_TRY(rk_db_transaction(op, read_lines, &found));
    for (size_t i = 0; i < found.count; i++)
        rk_buf_printf(report, "%s%s", i ? "\n" : "", ((const char **)found.items)[i]);
    return rk_buf_finish(report);
}

static const struct {
    const char *name;
    int (*run)(rk_op *op, rk_buf *report);
} commands[] = {
    {"up",               rk_migrate_up    },
    {"status",           rk_migrate_status},
    {"check",            rk_migrate_check },
    {"adopt",            rk_migrate_adopt },
    {"hand-back",        hand_back        },
    {"hand-back-forced", hand_back_forced },
    {"ready",            ready            },
    {"exported",         exported         },
    {"lines",            lines            },
};

static void print_failure(rk_op *op)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 256);
    rk_buf_text(&buf, "{\"error\":");
    rk_buf_json_text(&buf, rk_error_row_of(op->error.err)->name);
    rk_buf_text(&buf, ",\"message\":");
    rk_buf_json_text(&buf, op->error.message);
    rk_buf_text(&buf, ",\"detail\":");
    rk_buf_json_text(&buf, op->error.detail ? op->error.detail : "");
    rk_buf_text(&buf, "}");
    puts(buf.text);
}

static int run(rk_op *op, const char *name)
{
    rk_buf report;

    rk_buf_begin(&report, op, 1024);
    for (size_t i = 0; i < RK_COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        if (commands[i].run(op, &report) == 0) {
            puts(report.text);
            return EXIT_SUCCESS;
        }
        print_failure(op);
        return EXIT_FAILURE;
    }
    fprintf(stderr, "unknown command '%s'\n", name);
    return 2;
}

int main(int count, char **arguments)
{
    const rk_pool_options options = {
        .host = getenv("DB_HOST"),
        .port = getenv("DB_PORT"),
        .user = getenv("DB_USER"),
        .password = getenv("DB_PASSWORD"),
        .name = getenv("DB_NAME"),
        .size = 1,
    };
    rk_op op;

    if (count != 2 || rk_op_begin(&op) < 0 || rk_pool_new(&op.pool, &op, &options) < 0)
        return 2;
    op.log = &to_stderr;

    struct rk_pool *pool = op.pool;
    int status = run(&op, arguments[1]);

    rk_db_end(&op);
    rk_op_end(&op);
    rk_pool_free(pool);
    return status;
}
