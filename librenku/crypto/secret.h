/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SECRET_H
#define RK_SECRET_H

#include <sys/types.h>

#include "librenku/base/op.h"

/* Key material that outlives an operation: in locked memory, not in core dumps, zeroed when freed.
 */
typedef struct {
    size_t size_bytes;
    unsigned char *bytes;
} rk_secret;

enum { RK_SECRET_FILE_MAX_BYTES = 64 * 1024 };

/* Random bytes. */
int rk_secret_random(rk_secret **out, rk_op *op, size_t size_bytes);
int rk_secret_copy(rk_secret **out, rk_op *op, const void *bytes, size_t size_bytes);
/* A file exactly as it is. CONFIGURATION names the path when it cannot be read, is empty or larger
 * than the maximum. Logs a warning when others than its owner may read it. */
int rk_secret_read(rk_secret **out, rk_op *op, const char *path);
/* The same for a file that everybody may read, but only its owner should be able to change. */
int rk_secret_read_public(rk_secret **out, rk_op *op, const char *path);
/* What is left of an open file, @p room bytes at the most: how many there were, or -1 with errno. A
 * file that fills the room may have more. */
ssize_t rk_read_all(int file, void *out, size_t room);
/* NULL is accepted. */
void rk_secret_free(rk_secret *secret);
RK_AUTO_DEFINE(rk_secret, rk_secret_free)

#endif
