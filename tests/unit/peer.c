/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/peer.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

unit_peer peer;

/* The head, and as much of a body as it announces. */
static bool is_whole(size_t length)
{
    const char *end = strstr(peer.request, "\r\n\r\n");
    const char *announced = strcasestr(peer.request, "\r\nContent-Length:");
    size_t body = announced ? strtoul(announced + 17, NULL, 10) : 0;

    return end && length >= (size_t)(end + 4 - peer.request) + body;
}

static void receive(int connection)
{
    size_t length = 0;

    while (length < sizeof peer.request - 1 && !is_whole(length)) {
        ssize_t got = read(connection, peer.request + length, sizeof peer.request - 1 - length);

        if (got <= 0)
            break;
        length += (size_t)got;
        peer.request[length] = '\0';
    }
}

static void answer(int connection, const char *text)
{
    static const char filler[4096];

    memset(peer.request, 0, sizeof peer.request);
    receive(connection);
    peer.count++;
    if (!*text)
        (void)!read(connection, &(char){0}, 1); /* until the other side gives up */
    (void)!send(connection, text, strlen(text), MSG_NOSIGNAL);
    for (size_t sent = 0; sent < peer.large; sent += sizeof filler) {
        if (send(connection, filler, sizeof filler, MSG_NOSIGNAL) < 0)
            break;
    }
    close(connection);
}

static void *serve(void *unused)
{
    (void)unused;
    for (int i = 0; peer.answers[i]; i++) {
        int connection = accept(peer.socket, NULL, NULL);

        if (connection < 0)
            break;
        answer(connection, peer.answers[i]);
    }
    return NULL;
}

void peer_start(const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    peer = (unit_peer){.socket = socket(AF_INET, SOCK_STREAM, 0), .answers = answers};
    ck_assert_int_eq(bind(peer.socket, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(peer.socket, 8), 0);
    getsockname(peer.socket, (struct sockaddr *)&address, &length);
    peer.port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&peer.thread, NULL, serve, NULL), 0);
}

void peer_stop(void)
{
    shutdown(peer.socket, SHUT_RDWR);
    pthread_join(peer.thread, NULL);
    close(peer.socket);
}

const char *peer_url(const char *path)
{
    return rk_printf(op, "http://127.0.0.1:%d%s", peer.port, path);
}
