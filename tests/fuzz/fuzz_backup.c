/* SPDX-License-Identifier: Apache-2.0 */
/* Backups: the first byte says whether the rest is a whole archive, a manifest, or the members of
 * an archive that is rightly made. Whatever passes is written again byte by byte the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "librenku/api/backup.h"

enum { ARCHIVE, MANIFEST, MEMBERS, READERS };
/* Between name and content of a member, and between members. */
#define CUT '\x1e'

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int file = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    file = memfd_create("backup", MFD_CLOEXEC);
    return file < 0 || sodium_init() < 0 ? abort(), 1 : 0;
}

static void empty(void)
{
    if (ftruncate(file, 0) < 0 || lseek(file, 0, SEEK_SET) < 0)
        abort();
}

static void check(rk_op *op)
{
    const rk_watch nobody = {0};
    rk_backup backup;

    if (lseek(file, 0, SEEK_SET) < 0)
        abort();
    if (rk_backup_check(&backup, op, file, &nobody) == 0 && !backup.count)
        abort();
}

static void read_archive(rk_op *op, const char *bytes, size_t size)
{
    empty();
    if (write(file, bytes, size) != (ssize_t)size)
        abort();
    check(op);
}

static void read_manifest(rk_op *op, const char *bytes, size_t size)
{
    rk_backup once, twice;
    rk_buf text;

    if (rk_backup_parse_manifest(&once, op, bytes, size) < 0)
        return;
    rk_buf_begin(&text, op, 0);
    rk_backup_print_manifest(&text, &once);
    if (rk_buf_finish(&text) < 0 ||
        rk_backup_parse_manifest(&twice, op, text.text, text.length) < 0 ||
        once.count != twice.count)
        abort();
}

/* Up to the next cut. */
static size_t next(const char *bytes, size_t size)
{
    const char *cut = memchr(bytes, CUT, size);

    return cut ? (size_t)(cut - bytes) : size;
}

static size_t skip(const char **bytes, size_t *size, size_t length)
{
    size_t step = length < *size ? length + 1 : length;

    *bytes += step;
    *size -= step;
    return length;
}

static void read_members(rk_op *op, const char *bytes, size_t size)
{
    rk_archive_out out = {.fd = file};

    empty();
    while (size) {
        const char *start = bytes;
        const char *name = rk_strndup(op, bytes, skip(&bytes, &size, next(bytes, size)));

        start = bytes;
        size_t length = skip(&bytes, &size, next(bytes, size));

        if (!name || !*name || strlen(name) > RK_ARCHIVE_NAME_MAX)
            return;
        if (rk_archive_put(&out, op, name, start, length) < 0)
            abort();
    }
    if (rk_archive_finish(&out, op) < 0)
        abort();
    check(op);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const readers[READERS])(rk_op * op, const char *bytes, size_t size) = {
        [ARCHIVE] = read_archive,
        [MANIFEST] = read_manifest,
        [MEMBERS] = read_members,
    };
    rk_op op;

    if (!size || rk_op_begin(&op) < 0)
        return 0;
    char *text = rk_strndup(&op, (const char *)bytes + 1, size - 1);

    if (text)
        readers[bytes[0] % READERS](&op, text, size - 1);
    rk_op_end(&op);
    return 0;
}
