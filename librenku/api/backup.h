/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_BACKUP_H
#define RK_BACKUP_H

#include <sodium.h>

#include "librenku/api/archive.h"
#include "librenku/base/buf.h"
#include "librenku/db/migrate.h"
#include "renku/admin.h"

/* A backup is an archive of these members:
 *
 *   manifest.json         format, library, revision, time of the snapshot, tables and their columns
 *   data/PART/NUMBER      the rows of a part in PostgreSQL's COPY text, in pieces of at most 1 MiB
 *   digests.json          rows, bytes and SHA-256 of each part, and SHA-256 of the manifest
 *
 * The parts are the sequences, then the tables in the order of the manifest. */

#define RK_BACKUP_MANIFEST "manifest.json"
#define RK_BACKUP_DIGESTS "digests.json"
#define RK_BACKUP_SEQUENCES "sequences"
enum { RK_BACKUP_FORMAT = 1, RK_SHA256_TEXT = 65 };

typedef struct {
    const char *name;
    rk_strings columns; /* of a table */
    int64_t rows, bytes;
    crypto_hash_sha256_state hash; /* of what has passed so far */
} rk_backup_part;

typedef struct {
    rk_schema_mark mark;
    const char *library; /* version that has made it */
    const char *taken;   /* time of the snapshot */
    size_t count;
    rk_backup_part *parts; /* the sequences first */
    char manifest_sha256[RK_SHA256_TEXT];
} rk_backup;

/* Makes room for the parts. */
int rk_backup_begin(rk_backup *backup, rk_op *op, size_t tables);
void rk_backup_print_manifest(rk_buf *out, rk_backup *backup);
/* INVALID when it is none, or of a format that is not known. */
int rk_backup_parse_manifest(rk_backup *out, rk_op *op, const char *text, size_t length);
/* Bytes of a part pass by. */
void rk_backup_count(rk_backup_part *part, const char *bytes, size_t length);
/* Name of a member with rows; @p number from 1. */
void rk_backup_member(char out[RK_ARCHIVE_NAME_MAX + 1], const rk_backup_part *part, int number);
/* What stands at the end; once, since it ends the hashes. */
void rk_backup_print_digests(rk_buf *out, rk_backup *backup);
/* {"rows":..,"tables":..,"bytes":..,"revision":..,"taken":".."} */
void rk_backup_report(rk_buf *out, const rk_backup *backup, int64_t size_bytes);

/* Who watches. */
typedef struct {
    renku_progress *call; /* NULL is nobody */
    void *user;
    int64_t size_bytes; /* of all that is to be done */
} rk_watch;
void rk_watch_tell(const rk_watch *watch, int64_t done_bytes, const char *what);

/* --- reading --- */

typedef struct {
    rk_archive_in in;
    rk_backup backup;
    size_t part; /* the one that is read */
    int number;  /* of its members so far */
    rk_watch watch;
} rk_backup_reader;

/* Reads the manifest from the beginning of the file. */
int rk_backup_open(rk_backup_reader *out, rk_op *op, int fd, const rk_watch *watch);
/* The next bytes of the part that is read; an rk_copy_source. */
int rk_backup_pull(void *reader, rk_op *op, const char **bytes, size_t *length);
/* After the last part: checks the digests and the end. */
int rk_backup_close(rk_backup_reader *reader, rk_op *op);
/* Reads a whole file and checks everything. */
int rk_backup_check(rk_backup *out, rk_op *op, int fd, const rk_watch *watch);
/* Opens a file to read from; the arena closes it. */
int rk_backup_open_file(int *fd, rk_op *op, const char *path, rk_watch *watch);

#endif
