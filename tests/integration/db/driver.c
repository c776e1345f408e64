/* SPDX-License-Identifier: Apache-2.0 */
/* One call of migrate.h on the database of the environment: driver COMMAND. Prints what it
 * reported, one JSON object; "lines" prints the live schema as text. Ends with 1 when the call
 * failed. */
#include <stdio.h>
#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/db/migration.h"
#include "tests/support/program.h"

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

static int run(rk_op *op, void *name)
{
    rk_buf report;

    rk_buf_begin(&report, op, 1024);
    for (size_t i = 0; i < RK_COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        int result = commands[i].run(op, &report);

        if (result == 0)
            puts(report.text);
        else
            print_failure(op);
        return result;
    }
    return rk_fail(op, RK_ERR_INTERNAL, "unknown command");
}

int main(int count, char **arguments)
{
    return count == 2 ? database_run(run, arguments[1]) : 2;
}
