/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "librenku/base/log.h"

static int secret_new(rk_secret **out, rk_op *op, size_t size_bytes)
{
    if (sodium_init() < 0)
        return rk_fail(op, RK_ERR_INTERNAL, "libsodium does not work on this machine.");
    rk_secret *secret = sodium_malloc(sizeof(*secret));
    unsigned char *bytes = sodium_malloc(size_bytes ? size_bytes : 1);

    if (!secret || !bytes) {
        sodium_free(secret);
        sodium_free(bytes);
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    }
    *secret = (rk_secret){size_bytes, bytes};
    *out = secret;
    return 0;
}

int rk_secret_random(rk_secret **out, rk_op *op, size_t size_bytes)
{
    RK_TRY(secret_new(out, op, size_bytes));
    randombytes_buf((*out)->bytes, size_bytes);
    return 0;
}

int rk_secret_copy(rk_secret **out, rk_op *op, const void *bytes, size_t size_bytes)
{
    RK_TRY(secret_new(out, op, size_bytes));
    memcpy((*out)->bytes, bytes, size_bytes);
    return 0;
}

void rk_secret_free(rk_secret *secret)
{
    if (!secret)
        return;
    sodium_free(secret->bytes);
    sodium_free(secret);
}

/* --- files ------------------------------------------------------------------------------------ */

static int fail_file(rk_op *op, const char *path, const char *problem)
{
    return rk_fail(op, RK_ERR_CONFIGURATION, "The key file '%s' cannot be used: %s.", path,
                   problem);
}

/* @p closed: what nobody but the owner should be able to do. */
static int check_file(rk_op *op, int file, const char *path, mode_t closed)
{
    struct stat found;

    if (fstat(file, &found) < 0)
        return fail_file(op, path, strerror(errno));
    if (!S_ISREG(found.st_mode))
        return fail_file(op, path, "it is no regular file");
    if (found.st_mode & closed)
        rk_log_warning(op, "crypto", "The key file %s is open to others than its owner.", path);
    return 0;
}

ssize_t rk_read_all(int file, void *out, size_t room)
{
    char *bytes = out;
    size_t length = 0;

    while (length < room) {
        ssize_t got = read(file, bytes + length, room - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

/* What was read never stands in memory that is not locked. */
static int read_file(rk_secret **out, rk_op *op, int file, const char *path)
{
    RK_AUTO(rk_secret) *room = NULL;

    RK_TRY(secret_new(&room, op, RK_SECRET_FILE_MAX_BYTES + 1));
    ssize_t length = rk_read_all(file, room->bytes, room->size_bytes);

    if (length < 0)
        return fail_file(op, path, strerror(errno));
    if (length == 0)
        return fail_file(op, path, "it is empty");
    if (length > RK_SECRET_FILE_MAX_BYTES)
        return fail_file(op, path, "it is too large");
    return rk_secret_copy(out, op, room->bytes, (size_t)length);
}

static int read_checked(rk_secret **out, rk_op *op, const char *path, mode_t closed)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (file < 0)
        return fail_file(op, path, strerror(errno));
    int result = check_file(op, file, path, closed);

    if (result == 0)
        result = read_file(out, op, file, path);
    (void)close(file); /* was only read */
    return result;
}

int rk_secret_read(rk_secret **out, rk_op *op, const char *path)
{
    return read_checked(out, op, path, S_IRWXG | S_IRWXO);
}

int rk_secret_read_public(rk_secret **out, rk_op *op, const char *path)
{
    return read_checked(out, op, path, S_IWGRP | S_IWOTH);
}
