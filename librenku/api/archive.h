/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_ARCHIVE_H
#define RK_ARCHIVE_H

#include "librenku/base/op.h"

/* The container of a backup: a POSIX ustar archive of small members, written and read in one pass.
 * Every byte of it is determined by names and contents, so that reading is comparing: whatever
 * differs in any bit is refused. */

enum { RK_ARCHIVE_BLOCK = 512, RK_ARCHIVE_NAME_MAX = 99, RK_ARCHIVE_MEMBER_MAX = 1024 * 1024 };

typedef struct {
    int fd;
    int64_t time_s;  /* that all members bear */
    int64_t written; /* bytes so far */
} rk_archive_out;

int rk_archive_put(rk_archive_out *out, rk_op *op, const char *name, const char *bytes,
                   size_t length);
/* The mark at the end. */
int rk_archive_finish(rk_archive_out *out, rk_op *op);

typedef struct {
    int fd;
    int64_t position;
    char header[RK_ARCHIVE_BLOCK];
    char name[RK_ARCHIVE_NAME_MAX + 1]; /* of the member that comes next; "" is the end */
    size_t length;
    char *content; /* of the member that was read last; room for the largest and a NUL behind it */
} rk_archive_in;

/* Reads the header of the first member. INVALID for a file that is no such archive. */
int rk_archive_open(rk_archive_in *in, rk_op *op, int fd);
/* Reads the content of the member that comes next, and the header of the one behind it. @p length:
 * of the content. */
int rk_archive_take(rk_archive_in *in, rk_op *op, size_t *length);

#endif
