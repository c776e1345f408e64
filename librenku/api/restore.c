/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "librenku/api/backup.h"
#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/db/db.h"
#include "librenku/project/project.h"

typedef struct {
    const char *path;
    int fd;
    rk_backup backup; /* as it was checked */
    bool rebuilt;     /* the index behind the lists had to be made anew */
    rk_watch watch;
} restoring;

static bool is_same(const rk_backup_part *part, const rk_owned_table *table)
{
    bool same = strcmp(part->name, table->name) == 0 && part->columns.count == table->columns.count;

    for (size_t i = 0; same && i < part->columns.count; i++)
        same = strcmp(part->columns.items[i], table->columns.items[i]) == 0;
    return same;
}

/* The tables of the file and those of its revision are the same ones. */
static int compare(rk_op *op, const rk_backup *backup, const rk_array *tables)
{
    const rk_owned_table *items = tables->items;
    size_t count = backup->count - 1;

    for (size_t i = 0; i < count && i < tables->count; i++)
        if (!is_same(&backup->parts[i + 1], &items[i]))
            return rk_fail(op, RK_ERR_CONFLICT,
                           "The table '%s' of the backup is not like '%s' of revision %d.",
                           backup->parts[i + 1].name, items[i].name, backup->mark.revision);
    if (count == tables->count)
        return 0;
    return rk_fail(op, RK_ERR_CONFLICT, "The backup holds %zu tables, revision %d has %zu.", count,
                   backup->mark.revision, tables->count);
}

/* Copies the part that the reader has come to. */
static int copy_part(rk_op *op, rk_backup_reader *reader, const char *sql)
{
    const rk_backup_part *part = &reader->backup.parts[reader->part];
    int64_t rows;

    RK_CHECK(sql);
    RK_TRY(rk_db_copy_in(&rows, op, sql, rk_backup_pull, reader));
    if (rows == part->rows)
        return 0;
    return rk_fail(op, RK_ERR_DATABASE, "Of %lld rows of '%s' %lld came into the database.",
                   (long long)part->rows, part->name, (long long)rows);
}

/* The file is read again from its beginning, and checked again on the way. */
static int copy_all(rk_op *op, restoring *work, const rk_array *tables)
{
    const rk_owned_table *items = tables->items;
    rk_backup_reader reader;

    if (lseek(work->fd, 0, SEEK_SET) < 0)
        return rk_fail(op, RK_ERR_INVALID, "The backup '%s' cannot be read again.", work->path);
    RK_TRY(rk_backup_open(&reader, op, work->fd, &work->watch));
    RK_TRY(compare(op, &reader.backup, tables));
    RK_TRY(copy_part(op, &reader, "COPY " RK_RESTORED_SEQUENCES " FROM STDIN"));
    for (size_t i = 0; i < tables->count; i++)
        RK_TRY(copy_part(
            op, &reader,
            rk_printf(op, "COPY %s (%s) FROM STDIN", items[i].sql_table, items[i].sql_columns)));
    return rk_backup_close(&reader, op);
}

/* What is derived from the rows is as right as it was, or it is made anew. */
static int settle_lists(rk_op *op, restoring *work)
{
    rk_buf report;

    rk_buf_begin(&report, op, 256);
    RK_TRY(rk_listing_verify(op, &report, true));
    work->rebuilt = strstr(report.text, "\"rebuilt\":true") != NULL;
    return 0;
}

static int restore_rows(rk_op *op, void *user)
{
    static const rk_query patience = {.sql = "SET LOCAL statement_timeout = 0"};
    restoring *work = user;
    rk_array tables;
    const char *back;

    RK_TRY(rk_db_run(NULL, op, &patience, RK_NO_PARAMS));
    RK_TRY(rk_restore_begin(&tables, &back, op, &work->backup.mark));
    RK_TRY(copy_all(op, work, &tables));
    RK_TRY(rk_restore_end(op, back, work->backup.mark.revision));
    return settle_lists(op, work);
}

static int restore(rk_op *op, rk_buf *out, void *user)
{
    restoring *work = user;

    RK_TRY(rk_backup_open_file(&work->fd, op, work->path, &work->watch));
    RK_TRY(rk_backup_check(&work->backup, op, work->fd, &work->watch));
    RK_TRY(rk_db_transaction(op, restore_rows, work));
    rk_backup_report(out, &work->backup, work->watch.size_bytes);
    out->length--; /* the report goes on */
    rk_buf_printf(out, ",\"rebuilt\":%s}", work->rebuilt ? "true" : "false");
    if (work->watch.call)
        work->watch.call(work->watch.user, 1, "done");
    return 0;
}

renku_result *renku_restore(renku_ctx *ctx, const char *path, renku_progress *progress, void *user)
{
    restoring work = {
        .path = path, .fd = -1, .watch = {progress, user, 0}
    };

    if (!path)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_restore: the path is NULL.");
    return rk_tool_run(ctx, restore, &work, RK_TOOL_JSON);
}
