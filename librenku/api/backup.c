/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "librenku/api/result.h"
#include "librenku/api/tools.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct {
    rk_archive_out out;
    rk_backup backup;
    rk_array tables;
    char *piece; /* what goes into the next member */
    size_t filled;
    size_t part;
    int number; /* of members of the part so far */
    int64_t passed;
    rk_watch watch;
} writing;

typedef struct {
    rk_instant taken;
} snapshot;

/* What follows sees one state of the database, whatever others do meanwhile. */
static int take_snapshot(writing *work, rk_op *op)
{
    static const rk_query isolation = {
        .sql = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"};
    static const rk_query patience = {.sql = "SET LOCAL statement_timeout = 0"};
    static const rk_column columns[] = {
        {"now()", RK_COLUMN_TIME, offsetof(snapshot, taken), NULL},
    };
    static const rk_row row = RK_ROW(snapshot, columns);
    static const rk_query query = {.sql = "SELECT {row}", .row = &row};
    char text[RK_TIME_TEXT_MAX];
    snapshot now;

    RK_TRY(rk_db_defer(NULL, op, &isolation, RK_NO_PARAMS));
    RK_TRY(rk_db_defer(NULL, op, &patience, RK_NO_PARAMS));
    RK_TRY(rk_db_one(&now, op, &query, RK_NO_PARAMS));
    rk_instant_print(text, &now.taken);
    work->out.time_s = now.taken.micros / 1000000;
    work->backup.taken = rk_strdup(op, text);
    RK_CHECK(work->backup.taken);
    return 0;
}

static int describe(writing *work, rk_op *op)
{
    work->backup.library = PACKAGE_VERSION;
    RK_TRY(rk_schema_mark_read(&work->backup.mark, op));
    RK_TRY(rk_owned_tables(&work->tables, op));
    const rk_owned_table *tables = work->tables.items;

    RK_TRY(rk_backup_begin(&work->backup, op, work->tables.count));
    for (size_t i = 0; i < work->tables.count; i++) {
        work->backup.parts[i + 1].name = tables[i].name;
        work->backup.parts[i + 1].columns = tables[i].columns;
        work->watch.size_bytes += tables[i].size_bytes.value;
    }
    return 0;
}

static int put_text(writing *work, rk_op *op, const char *name, const rk_buf *text)
{
    RK_TRY(rk_buf_finish(text));
    return rk_archive_put(&work->out, op, name, text->text, text->length);
}

static int put_manifest(writing *work, rk_op *op)
{
    rk_buf text;

    rk_buf_begin(&text, op, 16384);
    rk_backup_print_manifest(&text, &work->backup);
    return put_text(work, op, RK_BACKUP_MANIFEST, &text);
}

static int put_digests(writing *work, rk_op *op)
{
    rk_buf text;

    rk_buf_begin(&text, op, 16384);
    rk_backup_print_digests(&text, &work->backup);
    RK_TRY(put_text(work, op, RK_BACKUP_DIGESTS, &text));
    return rk_archive_finish(&work->out, op);
}

static int put_piece(writing *work, rk_op *op)
{
    rk_backup_part *part = &work->backup.parts[work->part];
    char name[RK_ARCHIVE_NAME_MAX + 1];

    if (!work->filled)
        return 0;
    rk_backup_member(name, part, ++work->number);
    rk_backup_count(part, work->piece, work->filled);
    RK_TRY(rk_archive_put(&work->out, op, name, work->piece, work->filled));
    work->passed += (int64_t)work->filled;
    work->filled = 0;
    rk_watch_tell(&work->watch, work->passed, part->name);
    return 0;
}

static int add_row(void *user, rk_op *op, const char *bytes, size_t length)
{
    writing *work = user;

    while (length) {
        size_t room = RK_ARCHIVE_MEMBER_MAX - work->filled;
        size_t taken = length < room ? length : room;

        memcpy(work->piece + work->filled, bytes, taken);
        work->filled += taken;
        bytes += taken;
        length -= taken;
        if (work->filled == RK_ARCHIVE_MEMBER_MAX)
            RK_TRY(put_piece(work, op));
    }
    return 0;
}

static int put_part(writing *work, rk_op *op, const char *sql)
{
    RK_CHECK(sql);
    work->number = 0;
    RK_TRY(rk_db_copy_out(op, sql, add_row, work));
    RK_TRY(put_piece(work, op));
    work->part++;
    return 0;
}

/* Numbers that sequences have given after the snapshot do no harm. */
static int put_parts(writing *work, rk_op *op)
{
    const rk_owned_table *tables = work->tables.items;
    const char *sequences;

    work->piece = rk_alloc(op, RK_ARCHIVE_MEMBER_MAX, 1);
    RK_CHECK(work->piece);
    RK_TRY(rk_owned_sequences(&sequences, op));
    RK_TRY(put_part(work, op, rk_printf(op, "COPY (%s) TO STDOUT", sequences)));
    for (size_t i = 0; i < work->tables.count; i++)
        RK_TRY(put_part(
            work, op,
            rk_printf(op, "COPY %s (%s) TO STDOUT", tables[i].sql_table, tables[i].sql_columns)));
    return 0;
}

static int write_all(writing *work, rk_op *op)
{
    RK_TRY(rk_db_begin(op));
    RK_TRY(take_snapshot(work, op));
    RK_TRY(describe(work, op));
    RK_TRY(put_manifest(work, op));
    RK_TRY(put_parts(work, op));
    RK_TRY(put_digests(work, op));
    return rk_db_commit(op);
}

/* --- into a descriptor ------------------------------------------------------------------------ */

static int backup_fd(rk_op *op, rk_buf *out, void *user)
{
    writing *work = user;
    int err = write_all(work, op);

    rk_db_end(op);
    RK_TRY(err);
    rk_backup_report(out, &work->backup, work->out.written);
    if (work->watch.call)
        work->watch.call(work->watch.user, 1, "done");
    return 0;
}

renku_result *renku_backup_fd(renku_ctx *ctx, int fd, renku_progress *progress, void *user)
{
    writing work = {
        .out = {.fd = fd     },
          .watch = { .call = progress, .user = user}
    };

    return rk_tool_run(ctx, backup_fd, &work, RK_TOOL_JSON);
}

/* --- into a file ------------------------------------------------------------------------------ */

typedef struct {
    const char *path;
    char *partial; /* the name until it is whole */
    int fd;
    writing work;
} file_work;

static int fail_file(rk_op *op, const char *path)
{
    return rk_fail(op, RK_ERR_INVALID, "The backup '%s' cannot be written: %s", path,
                   strerror(errno));
}

/* The name may have gone to another file since it was opened. */
static bool is_ours(const file_work *work)
{
    struct stat here, there;

    return fstat(work->fd, &here) == 0 && lstat(work->partial, &there) == 0 &&
           here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* Whoever else can open it could read along. */
static bool is_private(int fd)
{
    struct stat file;

    return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == geteuid() &&
           file.st_nlink == 1 && !(file.st_mode & (S_IRWXG | S_IRWXO));
}

/* Closes what was opened and is not to be touched. */
static int leave(file_work *work, rk_op *op, const char *problem)
{
    (void)close(work->fd); /* nothing was written */
    work->fd = -1;
    return rk_fail(op, RK_ERR_CONFLICT, "'%s' %s", work->partial, problem);
}

/* What a backup that was killed has left is used again. */
static int open_partial(file_work *work, rk_op *op)
{
    work->partial = rk_printf(op, "%s.partial", work->path);
    RK_CHECK(work->partial);
    work->fd = open(work->partial, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (work->fd < 0)
        return fail_file(op, work->partial);
    if (!is_private(work->fd))
        return leave(work, op, "is in the way, and no backup has left it: remove it.");
    if (flock(work->fd, LOCK_EX | LOCK_NB) < 0 || !is_ours(work))
        return leave(work, op, "is being written: another backup is under way.");
    if (ftruncate(work->fd, 0) < 0)
        return fail_file(op, work->partial);
    work->work.out.fd = work->fd;
    return 0;
}

static int read_back(file_work *work, rk_op *op)
{
    rk_watch watch = work->work.watch;
    rk_backup read;

    watch.size_bytes = work->work.out.written;
    if (lseek(work->fd, 0, SEEK_SET) < 0)
        return fail_file(op, work->partial);
    return rk_backup_check(&read, op, work->fd, &watch);
}

static int sync_folder(const file_work *work, rk_op *op)
{
    char *copy = rk_strdup(op, work->path);

    RK_CHECK(copy);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return fail_file(op, work->path);
    int err = fsync(fd) < 0 ? fail_file(op, work->path) : 0;

    (void)close(fd); /* it was only read */
    return err;
}

static int write_file(file_work *work, rk_op *op, rk_buf *out)
{
    RK_TRY(open_partial(work, op));
    RK_TRY(backup_fd(op, out, &work->work));
    if (fsync(work->fd) < 0)
        return fail_file(op, work->partial);
    RK_TRY(read_back(work, op));
    if (rename(work->partial, work->path) < 0)
        return fail_file(op, work->path);
    return sync_folder(work, op);
}

static int backup_file(rk_op *op, rk_buf *out, void *user)
{
    file_work *work = user;
    int err = write_file(work, op, out);

    if (err < 0 && work->fd >= 0 && is_ours(work))
        (void)unlink(work->partial); /* it is of no use, under a name that says so */
    if (work->fd >= 0)
        (void)close(work->fd); /* what was written is on the disk */
    return err;
}

renku_result *renku_backup(renku_ctx *ctx, const char *path, renku_progress *progress, void *user)
{
    file_work work = {.path = path, .fd = -1, .work = {.watch = {progress, user, 0}}};

    if (!path)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_backup: the path is NULL.");
    return rk_tool_run(ctx, backup_file, &work, RK_TOOL_JSON);
}

/* --- checking one ----------------------------------------------------------------------------- */

static int verify(renku_result *out, rk_op *op, const char *path, rk_watch *watch)
{
    rk_backup backup;
    rk_buf report;
    int fd;

    RK_TRY(rk_backup_open_file(&fd, op, path, watch));
    RK_TRY(rk_backup_check(&backup, op, fd, watch));
    rk_buf_begin(&report, op, 256);
    rk_backup_report(&report, &backup, watch->size_bytes);
    RK_TRY(rk_buf_finish(&report));
    if (watch->call)
        watch->call(watch->user, 1, "done");
    rk_result_body(out, "application/json", report.text, report.length);
    return 0;
}

renku_result *renku_backup_verify(const char *path, renku_progress *progress, void *user)
{
    rk_watch watch = {progress, user, 0};
    rk_op op;

    if (!path)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_backup_verify: the path is NULL.");
    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    renku_result *result = rk_result_new(&op);

    return rk_result_settle(&op, result, result ? verify(result, &op, path, &watch) : -1);
}
