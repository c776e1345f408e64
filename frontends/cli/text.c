/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct rk_cli_text {
    struct rk_cli_text *next;
    char *text;
} rk_cli_text;

void *rk_cli_or_end(void *memory)
{
    if (!memory) {
        fputs("renku: out of memory\n", stderr);
        exit(RK_EXIT_REFUSED);
    }
    return memory;
}

char *rk_cli_own(rk_cli *cli, char *text)
{
    rk_cli_text *entry = rk_cli_or_end(malloc(sizeof(*entry)));

    *entry = (rk_cli_text){cli->texts, rk_cli_or_end(text)};
    cli->texts = entry;
    return text;
}

char *rk_cli_format(rk_cli *cli, const char *format, ...)
{
    char *text = NULL;
    va_list list;

    va_start(list, format);
    if (vasprintf(&text, format, list) < 0)
        text = NULL;
    va_end(list);
    return rk_cli_own(cli, text);
}

void rk_cli_free(rk_cli *cli)
{
    json_object_put(cli->operations);
    json_object_put(cli->tasks);
    while (cli->texts) {
        rk_cli_text *entry = cli->texts;

        cli->texts = entry->next;
        free(entry->text);
        free(entry);
    }
}

/* Reads to the end of @p fd into growing memory. */
static char *read_all(int fd, size_t *size)
{
    size_t room = 4096;
    char *text = rk_cli_or_end(malloc(room + 1));
    ssize_t got;

    *size = 0;
    while ((got = read(fd, text + *size, room - *size)) != 0) {
        if (got < 0 && errno != EINTR) {
            free(text);
            return NULL;
        }
        *size += got > 0 ? (size_t)got : 0;
        if (*size == room)
            text = rk_cli_or_end(realloc(text, (room *= 2) + 1));
    }
    text[*size] = '\0';
    return text;
}

char *rk_cli_read_file(rk_cli *cli, const char *path, size_t *size)
{
    size_t length;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    char *text = read_all(fd, &length);
    int error = errno;

    close(fd);
    errno = error;
    if (!text)
        return NULL;
    if (size)
        *size = length;
    return rk_cli_own(cli, text);
}

const char *rk_cli_quote(rk_cli *cli, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./:,@%+=-";

    if (*text && !text[strspn(text, plain)])
        return text;
    char *quoted = rk_cli_own(cli, malloc(4 * strlen(text) + 3));
    char *end = quoted;

    *end++ = '\'';
    for (; *text; text++) {
        if (*text == '\'')
            end = stpcpy(end, "'\\'");
        *end++ = *text;
    }
    *end++ = '\'';
    *end = '\0';
    return quoted;
}
