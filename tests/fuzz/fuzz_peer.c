/* SPDX-License-Identifier: Apache-2.0 */
/* An identity provider that lies: the input is what it answers, byte by byte, to the request for
 * its document and to the one for its keys. PORT in it becomes the port where it listens. */
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "librenku/api/keyset.h"
#include "librenku/base/time.h"

/* Between the two answers. */
#define CUT '\x1e'
enum { ANSWER_MAX = 65536 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct {
    int listener;
    char port[8], url[32];
    pthread_mutex_t lock;  /* guards what follows */
    char text[ANSWER_MAX]; /* a copy: who has given up may still be answered */
    const char *answers[2];
    size_t sizes[2];
    unsigned asked;
} peer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void write_all(int to, const char *text, size_t size)
{
    while (size) {
        ssize_t done = send(to, text, size, MSG_NOSIGNAL);

        if (done <= 0)
            return;
        text += done;
        size -= (size_t)done;
    }
}

static void write_answer(int to, const char *text, size_t size)
{
    const char *mark;

    while ((mark = memmem(text, size, "PORT", 4))) {
        write_all(to, text, (size_t)(mark - text));
        write_all(to, peer.port, strlen(peer.port));
        size -= (size_t)(mark + 4 - text);
        text = mark + 4;
    }
    write_all(to, text, size);
}

static void answer(int client)
{
    char request[4096];
    ssize_t got = recv(client, request, sizeof(request), 0);

    pthread_mutex_lock(&peer.lock);
    unsigned which = peer.asked++ ? 1 : 0;

    if (got > 0)
        write_answer(client, peer.answers[which], peer.sizes[which]);
    pthread_mutex_unlock(&peer.lock);
    (void)shutdown(client, SHUT_WR);
    while (recv(client, request, sizeof(request), 0) > 0)
        ;
    (void)close(client);
}

static void *serve(void *unused)
{
    int client;

    while ((client = accept(peer.listener, NULL, NULL)) >= 0)
        answer(client);
    return unused;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(place);
    pthread_t thread;

    (void)argc;
    (void)argv;
    peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(peer.listener, (struct sockaddr *)&place, size) < 0 || listen(peer.listener, 16) < 0 ||
        getsockname(peer.listener, (struct sockaddr *)&place, &size) < 0 ||
        pthread_create(&thread, NULL, serve, NULL) != 0)
        abort();
    (void)snprintf(peer.port, sizeof(peer.port), "%d", ntohs(place.sin_port));
    (void)snprintf(peer.url, sizeof(peer.url), "http://127.0.0.1:%s", peer.port);
    return 0;
}

static void set_answers(const char *text, size_t size)
{
    const char *cut = memchr(text, CUT, size);
    size_t first = cut ? (size_t)(cut - text) : size;

    pthread_mutex_lock(&peer.lock);
    memcpy(peer.text, text, size);
    peer.answers[0] = peer.text;
    peer.sizes[0] = first;
    peer.answers[1] = cut ? peer.text + first + 1 : peer.text;
    peer.sizes[1] = cut ? size - first - 1 : size;
    peer.asked = 0;
    pthread_mutex_unlock(&peer.lock);
}

static void ask(rk_op *op)
{
    const rk_keyset_options options = {
        .issuer_url = peer.url, .discovery_timeout_ms = 2000, .keys_timeout_ms = 2000};
    rk_keyset *keyset;
    const rk_jwk *key;

    if (rk_keyset_new(&keyset, op, &options) < 0)
        return;
    op->deadline_ms = rk_time_monotonic_ms() + 5000;
    if (rk_keyset_discover(keyset, op) == 0 && rk_keyset_find(&key, op, keyset, "rsa") == 0 && !key)
        abort();
    rk_keyset_free(keyset);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char elsewhere[] = "jwks_uri";
    rk_op op;

    /* a number where the port stands would lead to somebody else */
    if (memmem(bytes, size, elsewhere, sizeof(elsewhere) - 1) && !memmem(bytes, size, "PORT/", 5))
        return 0;
    if (size > ANSWER_MAX || rk_op_begin(&op) < 0)
        return 0;
    set_answers((const char *)bytes, size);
    ask(&op);
    rk_op_end(&op);
    return 0;
}
