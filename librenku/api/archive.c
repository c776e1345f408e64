/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/archive.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* POSIX.1-2017, pax, "ustar Interchange Format" */
typedef struct {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
} ustar;
_Static_assert(sizeof(ustar) == RK_ARCHIVE_BLOCK, "a header is one block");

static const char zeros[2 * RK_ARCHIVE_BLOCK];

/* Octal digits that fill the field up to its NUL. */
static void print_octal(char *field, size_t size, uint64_t value)
{
    field[--size] = '\0';
    for (; size; value /= 8)
        field[--size] = (char)('0' + value % 8);
}

static void make_header(char out[RK_ARCHIVE_BLOCK], const char *name, size_t length, int64_t time_s)
{
    ustar header = {
        .type = '0', .magic = "ustar", .version = {'0', '0'}
    };
    unsigned sum = 0;

    memcpy(header.name, name, strlen(name));
    print_octal(header.mode, sizeof(header.mode), 0600);
    print_octal(header.uid, sizeof(header.uid), 0);
    print_octal(header.gid, sizeof(header.gid), 0);
    print_octal(header.size, sizeof(header.size), length);
    print_octal(header.mtime, sizeof(header.mtime), (uint64_t)time_s);
    print_octal(header.major, sizeof(header.major), 0);
    print_octal(header.minor, sizeof(header.minor), 0);
    memset(header.checksum, ' ', sizeof(header.checksum));
    memcpy(out, &header, sizeof(header));
    for (int i = 0; i < RK_ARCHIVE_BLOCK; i++)
        sum += (unsigned char)out[i];
    print_octal(out + offsetof(ustar, checksum), sizeof(header.checksum) - 1, sum);
}

static size_t padding_of(size_t length)
{
    return (RK_ARCHIVE_BLOCK - length % RK_ARCHIVE_BLOCK) % RK_ARCHIVE_BLOCK;
}

/* --- writing --- */

/* Whether a pipe that does not block has no room at the moment; waits until it has. */
static bool is_full(int fd)
{
    struct pollfd pipe = {.fd = fd, .events = POLLOUT};

    return errno == EAGAIN && poll(&pipe, 1, -1) >= 0;
}

static int write_all(rk_archive_out *out, rk_op *op, const char *bytes, size_t length)
{
    while (length) {
        ssize_t done = write(out->fd, bytes, length);

        if (done < 0 && (errno == EINTR || is_full(out->fd)))
            continue;
        if (done < 0)
            return rk_fail(op, RK_ERR_INVALID, "The backup cannot be written: %s", strerror(errno));
        bytes += done;
        length -= (size_t)done;
        out->written += done;
    }
    return 0;
}

int rk_archive_put(rk_archive_out *out, rk_op *op, const char *name, const char *bytes,
                   size_t length)
{
    char header[RK_ARCHIVE_BLOCK];

    if (strlen(name) > RK_ARCHIVE_NAME_MAX || length > RK_ARCHIVE_MEMBER_MAX)
        return rk_fail(op, RK_ERR_INTERNAL, "The member '%s' does not fit into the archive.", name);
    make_header(header, name, length, out->time_s);
    RK_TRY(write_all(out, op, header, sizeof(header)));
    RK_TRY(write_all(out, op, bytes, length));
    return write_all(out, op, zeros, padding_of(length));
}

int rk_archive_finish(rk_archive_out *out, rk_op *op)
{
    return write_all(out, op, zeros, sizeof(zeros));
}

/* --- reading --- */

static int fail(rk_op *op, const rk_archive_in *in, const char *problem)
{
    return rk_fail(op, RK_ERR_INVALID, "This is no whole backup: %s (byte %lld).", problem,
                   (long long)in->position);
}

/* As many bytes as there are, up to @p length. */
static int read_some(rk_archive_in *in, rk_op *op, char *bytes, size_t length, size_t *got)
{
    *got = 0;
    while (*got < length) {
        ssize_t done = read(in->fd, bytes + *got, length - *got);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return rk_fail(op, RK_ERR_INVALID, "The backup cannot be read: %s", strerror(errno));
        if (done == 0)
            return 0;
        *got += (size_t)done;
        in->position += done;
    }
    return 0;
}

static int read_all(rk_archive_in *in, rk_op *op, char *bytes, size_t length)
{
    size_t got;

    RK_TRY(read_some(in, op, bytes, length, &got));
    return got == length ? 0 : fail(op, in, "the file is cut off");
}

static bool parse_octal(uint64_t *out, const char *field, size_t size)
{
    char text[16] = {0}, *end;

    memcpy(text, field, size);
    *out = strtoull(text, &end, 8);
    return end == text + size - 1 && *end == '\0';
}

/* Nothing may follow the mark at the end. */
static int read_end(rk_archive_in *in, rk_op *op)
{
    char block[RK_ARCHIVE_BLOCK];
    size_t got;

    RK_TRY(read_all(in, op, block, sizeof(block)));
    if (memcmp(block, zeros, sizeof(block)) != 0)
        return fail(op, in, "the mark at its end is damaged");
    RK_TRY(read_some(in, op, block, 1, &got));
    if (got)
        return fail(op, in, "something follows its end");
    in->name[0] = '\0';
    in->length = 0;
    return 0;
}

static int read_header(rk_archive_in *in, rk_op *op)
{
    char expected[RK_ARCHIVE_BLOCK];
    uint64_t length, time_s;
    ustar header;

    RK_TRY(read_all(in, op, in->header, sizeof(in->header)));
    if (memcmp(in->header, zeros, sizeof(in->header)) == 0)
        return read_end(in, op);
    memcpy(&header, in->header, sizeof(header));
    if (!header.name[0] || header.name[sizeof(header.name) - 1] ||
        !parse_octal(&length, header.size, sizeof(header.size)) ||
        !parse_octal(&time_s, header.mtime, sizeof(header.mtime)) || length > RK_ARCHIVE_MEMBER_MAX)
        return fail(op, in, "a header is damaged, or the file is something else");
    memcpy(in->name, header.name, sizeof(in->name));
    in->length = length;
    make_header(expected, in->name, length, (int64_t)time_s);
    if (memcmp(expected, in->header, sizeof(expected)) != 0)
        return fail(op, in, "a header is damaged, or the file is something else");
    return 0;
}

int rk_archive_open(rk_archive_in *in, rk_op *op, int fd)
{
    *in = (rk_archive_in){.fd = fd, .content = rk_alloc(op, RK_ARCHIVE_MEMBER_MAX + 1, 1)};
    RK_CHECK(in->content);
    return read_header(in, op);
}

int rk_archive_take(rk_archive_in *in, rk_op *op, size_t *length)
{
    char padding[RK_ARCHIVE_BLOCK];
    size_t rest = padding_of(in->length);

    *length = in->length;
    RK_TRY(read_all(in, op, in->content, in->length));
    in->content[in->length] = '\0';
    RK_TRY(read_all(in, op, padding, rest));
    if (memcmp(padding, zeros, rest) != 0)
        return fail(op, in, "the space between two members is damaged");
    return read_header(in, op);
}
