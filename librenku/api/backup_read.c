/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "librenku/api/backup.h"

static int foreign(rk_op *op)
{
    return rk_fail(op, RK_ERR_INVALID, "This file is no backup of librenku.");
}

int rk_backup_open(rk_backup_reader *out, rk_op *op, int fd, const rk_watch *watch)
{
    size_t length;

    *out = (rk_backup_reader){.watch = *watch};
    RK_TRY(rk_archive_open(&out->in, op, fd));
    if (strcmp(out->in.name, RK_BACKUP_MANIFEST) != 0)
        return foreign(op);
    RK_TRY(rk_archive_take(&out->in, op, &length));
    /* the texts of the manifest outlive the content of the archive: its value is in the arena */
    return rk_backup_parse_manifest(&out->backup, op, out->in.content, length);
}

static int out_of_order(rk_op *op, const rk_backup_reader *reader)
{
    return rk_fail(op, RK_ERR_INVALID, "This is no whole backup: '%s' is not expected there.",
                   reader->in.name);
}

int rk_backup_pull(void *user, rk_op *op, const char **bytes, size_t *length)
{
    rk_backup_reader *reader = user;
    rk_backup_part *part = &reader->backup.parts[reader->part];
    char name[RK_ARCHIVE_NAME_MAX + 1];

    *length = 0;
    rk_backup_member(name, part, reader->number + 1);
    if (strcmp(name, reader->in.name) != 0) {
        reader->part++;
        reader->number = 0;
        return 0;
    }
    reader->number++;
    RK_TRY(rk_archive_take(&reader->in, op, length));
    if (*length == 0)
        return rk_fail(op, RK_ERR_INVALID, "This is no whole backup: '%s' is empty.", name);
    *bytes = reader->in.content;
    rk_backup_count(part, *bytes, *length);
    rk_watch_tell(&reader->watch, reader->in.position, part->name);
    return 0;
}

/* The digests are made anew and compared as text. */
int rk_backup_close(rk_backup_reader *reader, rk_op *op)
{
    size_t length;
    rk_buf expected;

    if (reader->part < reader->backup.count || strcmp(reader->in.name, RK_BACKUP_DIGESTS) != 0)
        return out_of_order(op, reader);
    RK_TRY(rk_archive_take(&reader->in, op, &length));
    if (reader->in.name[0])
        return out_of_order(op, reader);
    rk_buf_begin(&expected, op, 16384);
    rk_backup_print_digests(&expected, &reader->backup);
    RK_TRY(rk_buf_finish(&expected));
    if (length == expected.length && memcmp(expected.text, reader->in.content, length) == 0)
        return 0;
    return rk_fail(op, RK_ERR_INVALID,
                   "The backup is damaged: its content does not fit its digests.");
}

int rk_backup_check(rk_backup *out, rk_op *op, int fd, const rk_watch *watch)
{
    rk_backup_reader reader;
    const char *bytes;
    size_t length;

    RK_TRY(rk_backup_open(&reader, op, fd, watch));
    while (reader.part < reader.backup.count)
        RK_TRY(rk_backup_pull(&reader, op, &bytes, &length));
    RK_TRY(rk_backup_close(&reader, op));
    *out = reader.backup;
    return 0;
}

static void close_file(void *fd)
{
    (void)close(*(int *)fd); /* it was only read */
}

int rk_backup_open_file(int *fd, rk_op *op, const char *path, rk_watch *watch)
{
    int *kept = rk_new(op, int);
    struct stat file;

    RK_CHECK(kept);
    *kept = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*kept < 0)
        return rk_fail(op, errno == ENOENT ? RK_ERR_NOT_FOUND : RK_ERR_INVALID,
                       "The backup '%s' cannot be read: %s", path, strerror(errno));
    if (rk_arena_defer(op->arena, close_file, kept) < 0)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    if (fstat(*kept, &file) < 0 || !S_ISREG(file.st_mode))
        return rk_fail(op, RK_ERR_INVALID, "'%s' is no file.", path);
    watch->size_bytes = file.st_size;
    *fd = *kept;
    return 0;
}
