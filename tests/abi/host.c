/* SPDX-License-Identifier: Apache-2.0 */
/* A web server of somebody else's that hosts the API: one connection at a time, one request each.
 * Prints its port and ends when its standard input does. */
#include <arpa/inet.h>
#include <poll.h>
#include <renku/renku.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADERS_MAX = 64, SIZE_MAX_BYTES = 1 << 20 };

/* One request as it came, cut into NUL-terminated pieces. */
typedef struct {
    char *text;
    size_t length;
    renku_http_header headers[HEADERS_MAX];
    renku_http_request request;
} message;

static size_t content_length(const message *m)
{
    for (size_t i = 0; i < m->request.header_count; i++) {
        if (strcasecmp(m->headers[i].name, "content-length") == 0)
            return (size_t)atol(m->headers[i].value);
    }
    return 0;
}

/* Reads on until there are so many bytes. */
static int read_to(message *m, int client, size_t wanted)
{
    while (m->length < wanted && m->length < SIZE_MAX_BYTES) {
        ssize_t got = read(client, m->text + m->length, SIZE_MAX_BYTES - m->length);

        if (got <= 0)
            return 0;
        m->length += (size_t)got;
        m->text[m->length] = '\0';
    }
    return m->length >= wanted;
}

static void cut_head(message *m, char *line)
{
    char *rest;

    m->request = (renku_http_request)RENKU_HTTP_REQUEST_INIT;
    m->request.method = strtok_r(line, " ", &rest);
    m->request.target = strtok_r(NULL, " ", &rest);
    (void)strtok_r(NULL, "\r\n", &rest);
    while ((line = strtok_r(NULL, "\r\n", &rest)) && m->request.header_count < HEADERS_MAX) {
        char *colon = strchr(line, ':');

        *colon = '\0';
        m->headers[m->request.header_count++] =
            (renku_http_header){line, colon + 1 + strspn(colon + 1, " ")};
    }
    m->request.headers = m->headers;
}

static int read_message(message *m, int client)
{
    char *end;

    while (!(end = strstr(m->text, "\r\n\r\n"))) {
        if (!read_to(m, client, m->length + 1))
            return 0;
    }
    size_t head = (size_t)(end - m->text) + 4;

    end[2] = '\0';
    cut_head(m, m->text);
    m->request.body_size = content_length(m);
    m->request.body = m->request.body_size ? m->text + head : NULL;
    return read_to(m, client, head + m->request.body_size);
}

static void answer(int client, const renku_result *result)
{
    size_t size;
    const char *body = renku_result_body(result, &size), *name, *value;

    dprintf(client, "HTTP/1.1 %d x\r\nconnection: close\r\ncontent-length: %zu\r\n",
            renku_result_status(result), size);
    for (size_t i = 0; renku_result_header(result, i, &name, &value); i++)
        dprintf(client, "%s: %s\r\n", name, value);
    dprintf(client, "\r\n");
    while (size) {
        ssize_t sent = write(client, body, size);

        if (sent <= 0)
            return;
        body += sent;
        size -= (size_t)sent;
    }
}

static void serve(renku_ctx *ctx, int client)
{
    message *m = calloc(1, sizeof(*m));

    m->text = calloc(1, SIZE_MAX_BYTES + 1);
    renku_result *result = read_message(m, client)
                               ? renku_http_handle(ctx, &m->request)
                               : renku_http_refuse(ctx, NULL, 400, "That is no request.");

    answer(client, result);
    renku_result_free(result);
    free(m->text);
    free(m);
    close(client);
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return -1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = NULL;

    if (!config || renku_config_from_environment(config) < 0)
        return 1;
    renku_result_free(renku_ctx_new(&ctx, config));
    renku_config_free(config);
    struct pollfd both[] = {
        {.fd = listen_somewhere(), .events = POLLIN},
        {.fd = STDIN_FILENO,       .events = POLLIN}
    };

    while (ctx && both[0].fd >= 0 && poll(both, 2, -1) > 0 && !both[1].revents)
        serve(ctx, accept(both[0].fd, NULL, NULL));
    close(both[0].fd);
    renku_ctx_free(ctx);
}
