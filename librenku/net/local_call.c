/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/net/local_call.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "librenku/base/buf.h"
#include "librenku/base/cancel.h"
#include "librenku/base/time.h"

enum { CHUNK_BYTES = 4096, WORDS_MAX = 16, LENGTH_DIGITS_MAX = 9 };

typedef struct {
    rk_op *op;
    const rk_local_question *question;
    int fd;
    int64_t until_ms;
} talk;

static int fail_remote(const talk *t, const char *what)
{
    return rk_fail(t->op, RK_ERR_REMOTE, "Error on remote connection %s: %s", t->question->socket,
                   what);
}

/* --- connecting ------------------------------------------------------------------------------- */

/* The size of the address, 0 when the name is too long. */
static socklen_t write_address(struct sockaddr_un *out, const char *name)
{
    size_t length = strlen(name);

    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!length || length >= sizeof(out->sun_path))
        return 0;
    memcpy(out->sun_path, name, length);
    if (*name == '@')
        out->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*name != '@'));
}

static bool is_trusted(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static int open_line(talk *t)
{
    struct sockaddr_un address;
    socklen_t size = write_address(&address, t->question->socket);

    if (!size)
        return fail_remote(t, "this is no name of a socket");
    t->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->fd < 0 || connect(t->fd, (const struct sockaddr *)&address, size) != 0)
        return fail_remote(t, strerrordesc_np(errno));
    return is_trusted(t->fd) ? 0 : fail_remote(t, "somebody else answers there");
}

/* --- waiting ---------------------------------------------------------------------------------- */

static int wait_for(talk *t, short events)
{
    struct pollfd fds[] = {
        {t->fd,                       events, 0},
        {rk_cancel_fd(t->op->cancel), POLLIN, 0},
    };
    int64_t left_ms = t->until_ms - rk_time_monotonic_ms();

    if (left_ms <= 0)
        return rk_fail_default(t->op, RK_ERR_TIMEOUT);
    if (poll(fds, RK_COUNT(fds), (int)left_ms) < 0 && errno != EINTR)
        return fail_remote(t, strerrordesc_np(errno));
    return rk_cancel_is_set(t->op->cancel) ? rk_fail_default(t->op, RK_ERR_CANCELLED) : 0;
}

static int send_all(talk *t, const char *bytes, size_t size)
{
    while (size) {
        ssize_t sent = send(t->fd, bytes, size, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return fail_remote(t, strerrordesc_np(errno));
        if (sent < 0)
            RK_TRY(wait_for(t, POLLOUT));
        bytes += sent > 0 ? sent : 0;
        size -= sent > 0 ? (size_t)sent : 0;
    }
    return shutdown(t->fd, SHUT_WR) == 0 ? 0 : fail_remote(t, strerrordesc_np(errno));
}

static int receive_all(rk_buf *answer, talk *t)
{
    char chunk[CHUNK_BYTES];

    for (;;) {
        ssize_t got = recv(t->fd, chunk, sizeof(chunk), 0);

        if (got == 0)
            return rk_buf_finish(answer);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return fail_remote(t, strerrordesc_np(errno));
        if (got < 0)
            RK_TRY(wait_for(t, POLLIN));
        else
            rk_buf_add(answer, chunk, (size_t)got);
        if (answer->length > t->question->max_bytes)
            return fail_remote(t, "the answer is too long");
    }
}

/* --- words ------------------------------------------------------------------------------------ */

static int write_words(rk_buf *out, rk_op *op, const rk_strings *words)
{
    rk_buf_begin(out, op, CHUNK_BYTES);
    for (size_t i = 0; i < words->count; i++)
        rk_buf_printf(out, "%zu:%s,", strlen(words->items[i]), words->items[i]);
    return rk_buf_finish(out);
}

static int read_words(rk_strings *out, const talk *t, const rk_buf *answer)
{
    const char *at = answer->text;
    const char *end = at + answer->length;

    *out = (rk_strings){true, 0, rk_new_array(t->op, const char *, WORDS_MAX)};
    RK_CHECK(out->items);
    while (at < end) {
        size_t digits = strspn(at, "0123456789");
        size_t length = strtoul(at, NULL, 10);
        const char *word = at + digits + 1;

        if (!digits || digits > LENGTH_DIGITS_MAX || at[digits] != ':' ||
            length >= (size_t)(end - word) || word[length] != ',' || out->count == WORDS_MAX)
            return fail_remote(t, "the answer is malformed");
        out->items[out->count] = rk_strndup(t->op, word, length);
        RK_CHECK(out->items[out->count++]);
        at = word + length + 1;
    }
    return 0;
}

static int converse(rk_buf *answer, talk *t, const rk_buf *words)
{
    RK_TRY(open_line(t));
    RK_TRY(send_all(t, words->text, words->length));
    rk_buf_begin(answer, t->op, CHUNK_BYTES);
    return receive_all(answer, t);
}

int rk_local_call(rk_strings *out, rk_op *op, const rk_local_question *question)
{
    talk t = {op, question, -1, rk_time_monotonic_ms() + question->timeout_ms};
    rk_buf words, answer;

    if (op->deadline_ms && op->deadline_ms < t.until_ms)
        t.until_ms = op->deadline_ms;
    RK_TRY(write_words(&words, op, question->words));
    int result = converse(&answer, &t, &words);

    if (t.fd >= 0)
        (void)close(t.fd); /* whoever works on the answer still sees that nobody waits */
    return result < 0 ? result : read_words(out, &t, &answer);
}
