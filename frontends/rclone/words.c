/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/rclone/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool rk_words_cut(rk_words *out, char *text, size_t size)
{
    char *end = text + size;

    out->count = 0;
    while (text < end) {
        char *colon = memchr(text, ':', (size_t)(end - text));
        char *stop = text;
        unsigned long length = 0;

        if (colon && *text >= '0' && *text <= '9')
            length = strtoul(text, &stop, 10);
        if (!colon || stop != colon || length >= (size_t)(end - colon) - 1 ||
            colon[1 + length] != ',' || out->count == RK_WORDS_MOST ||
            memchr(colon + 1, '\0', length))
            return false;
        text = colon + 1 + length;
        *text++ = '\0';
        out->items[out->count++] = colon + 1;
    }
    return true;
}

static void send_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        bytes += sent;
        size -= (size_t)sent;
    }
}

void rk_words_send(int fd, const char *word)
{
    char length[24];
    int digits = snprintf(length, sizeof(length), "%zu:", strlen(word));

    send_all(fd, length, (size_t)digits);
    send_all(fd, word, strlen(word));
    send_all(fd, ",", 1);
}
