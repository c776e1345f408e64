/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/control.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frontends/cli/print.h"
#include "renku/renku.h"

enum { CLIENTS = 64, COMMAND_BYTES = 100, ANSWER_BYTES = 8192, WORDS = 2, DRAIN_BYTES = 65536 };

static const char blanks[] = " \t\n\v\f\r\x1c\x1d\x1e\x1f";

/* Somebody who is connected. */
typedef struct {
    int fd;         /* -1 is a free place */
    uint64_t heard; /* when it was heard last, in commands and greetings of all */
    bool leaves;    /* once the answer has gone out */
    size_t length;  /* of the answer that has not gone out yet */
    char answer[ANSWER_BYTES];
} client;

struct rk_control {
    int fd;
    renku_tasks *tasks;
    uint64_t heard;
    char address[NI_MAXHOST + NI_MAXSERV];
    client clients[CLIENTS];
};

/* --- answers ---------------------------------------------------------------------------------- */

/* What does not fit is cut: no answer comes near to it. */
static void say(client *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(client *to, const char *format, ...)
{
    size_t room = sizeof(to->answer) - to->length;
    va_list list;

    va_start(list, format);
    int length = vsnprintf(to->answer + to->length, room, format, list);
    va_end(list);
    if (length > 0 && (size_t)length < room)
        to->length += (size_t)length;
}

typedef void answering(client *to, renku_tasks *tasks, const char *name);
static answering help, list, reset;

static const struct {
    const char *name, *argument, *help;
    answering *answer;
} commands[] = {
    {"help",           "",        "lists the commands",                             help },
    {"tasks",          "",        "lists the tasks that run",                       list },
    {"reset_restarts", " [name]", "sets the restarts of one task, or of all, to 0", reset},
};

static void help(client *to, renku_tasks *tasks, const char *name)
{
    (void)tasks;
    (void)name;
    say(to, "Commands\r\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        say(to, "- %s%s: %s\r\n", commands[i].name, commands[i].argument, commands[i].help);
}

static void say_task(client *to, json_object *task)
{
    say(to, "- %s: since %s (%lld restarts)\r\n",
        json_object_get_string(json_object_object_get(task, "name")),
        json_object_get_string(json_object_object_get(task, "started")),
        (long long)json_object_get_int64(json_object_object_get(task, "restarts")));
}

static void list(client *to, renku_tasks *tasks, const char *name)
{
    renku_result *result = renku_tasks_list(tasks, NULL);
    json_object *body = json_tokener_parse(renku_result_body(result, NULL));
    json_object *found = json_object_object_get(body, "tasks");

    (void)name;
    for (size_t i = 0; found && i < json_object_array_length(found); i++)
        say_task(to, json_object_array_get_idx(found, i));
    json_object_put(body);
    renku_result_free(result);
}

static void reset(client *to, renku_tasks *tasks, const char *name)
{
    renku_result_free(renku_tasks_reset(tasks, name));
    say(to, "Ok\r\n");
}

/* The first words of a chunk, NULL where there are no more; a NUL is part of a word. */
static void split(char *words[WORDS], char *text, size_t length)
{
    char *rest = text;

    for (size_t i = 0; i < length; i++)
        if (!text[i])
            text[i] = '\1';
    for (int i = 0; i < WORDS; i++)
        words[i] = strtok_r(i ? NULL : text, blanks, &rest);
    for (char *at = words[0]; at && *at; at++)
        *at = (char)tolower((unsigned char)*at);
}

/* Each chunk is one command. */
static void answer(client *to, renku_tasks *tasks, char *text, ssize_t length)
{
    char *words[WORDS] = {NULL};

    if (rk_cli_is_utf8(text, length))
        split(words, text, (size_t)length);
    for (size_t i = 0; words[0] && i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(words[0], commands[i].name) == 0) {
            commands[i].answer(to, tasks, words[1]);
            return;
        }
    }
    say(to, "Good Bye.\r\n");
    to->leaves = true;
}

/* --- connections ------------------------------------------------------------------------------ */

/* What is unread would reset the connection, and with it what was written last. */
static void drop(client *from)
{
    char rest[1024];

    for (size_t drained = 0; drained < DRAIN_BYTES; drained += sizeof(rest)) {
        if (recv(from->fd, rest, sizeof(rest), MSG_DONTWAIT) <= 0)
            break;
    }
    close(from->fd);
    from->fd = -1;
}

static void write_out(client *to)
{
    ssize_t sent = send(to->fd, to->answer, to->length, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        drop(to);
        return;
    }
    if (sent > 0) {
        to->length -= (size_t)sent;
        memmove(to->answer, to->answer + sent, to->length);
    }
    if (!to->length && to->leaves)
        drop(to);
}

static void hear(rk_control *control, client *from)
{
    char text[COMMAND_BYTES + 1];
    ssize_t length = recv(from->fd, text, COMMAND_BYTES, MSG_DONTWAIT);

    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length < 0) {
        drop(from);
        return;
    }
    text[length] = '\0';
    from->heard = ++control->heard;
    answer(from, control->tasks, text, length);
    if (from->length)
        write_out(from);
}

/* A free place; when there is none, that of the client that has been silent for the longest time.
 */
static client *make_place(rk_control *control)
{
    client *oldest = control->clients;

    for (client *one = control->clients; one < control->clients + CLIENTS; one++) {
        if (one->fd < 0)
            return one;
        oldest = one->heard < oldest->heard ? one : oldest;
    }
    drop(oldest);
    return oldest;
}

static void greet(rk_control *control)
{
    client *fresh = make_place(control);

    *fresh = (client){.fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (fresh->fd < 0)
        return; /* it has gone already */
    fresh->heard = ++control->heard;
    say(fresh, "Hello, write `help` for help.\r\n");
    write_out(fresh);
}

/* Who does not read its answer is asked nothing more. */
static void wait_for(struct pollfd waiting[CLIENTS + 2], const rk_control *control, int end)
{
    waiting[CLIENTS] = (struct pollfd){.fd = end, .events = POLLIN};
    waiting[CLIENTS + 1] = (struct pollfd){.fd = control->fd, .events = POLLIN};
    for (int i = 0; i < CLIENTS; i++) {
        const client *one = &control->clients[i];

        waiting[i] = (struct pollfd){.fd = one->fd, .events = one->length ? POLLOUT : POLLIN};
    }
    if (poll(waiting, CLIENTS + 2, -1) >= 0)
        return;
    for (int i = 0; i < CLIENTS + 2; i++)
        waiting[i].revents = 0; /* a signal came in between */
}

void rk_control_serve(rk_control *control, renku_tasks *tasks, int end)
{
    struct pollfd waiting[CLIENTS + 2];

    control->tasks = tasks;
    do {
        wait_for(waiting, control, end);
        for (int i = 0; i < CLIENTS; i++) {
            if (!waiting[i].revents)
                continue;
            if (waiting[i].events & POLLOUT)
                write_out(&control->clients[i]);
            else
                hear(control, &control->clients[i]);
        }
        if (waiting[CLIENTS + 1].revents)
            greet(control);
    } while (!waiting[CLIENTS].revents);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int bind_one(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int saved = errno;

    close(fd);
    errno = saved;
    return -1;
}

static int note_address(rk_control *control)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getsockname(control->fd, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return -1;
    (void)snprintf(control->address, sizeof(control->address),
                   strchr(host, ':') ? "[%.1000s]:%.20s" : "%.1000s:%.20s", host, port);
    return 0;
}

static int listen_on(rk_control *control, const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    int failed = getaddrinfo(host, port, &hints, &found);

    if (failed)
        return rk_cli_fail("TCP_HOST '%s' is no address to listen on: %s", host,
                           gai_strerror(failed));
    for (const struct addrinfo *address = found; address && control->fd < 0;
         address = address->ai_next)
        control->fd = bind_one(address);
    freeaddrinfo(found);
    if (control->fd >= 0 && note_address(control) == 0)
        return 0;
    return rk_cli_fail("cannot listen on port %s (TCP_PORT) of %s (TCP_HOST): %s", port, host,
                       strerror(errno));
}

rk_control *rk_control_open(rk_cli *cli, renku_ctx *ctx)
{
    rk_control *control = rk_cli_or_end(calloc(1, sizeof(*control)));
    const char *host = rk_cli_format(cli, "%s", renku_ctx_setting(ctx, "TCP_HOST"));
    const char *port = rk_cli_format(cli, "%s", renku_ctx_setting(ctx, "TCP_PORT"));

    control->fd = -1;
    for (int i = 0; i < CLIENTS; i++)
        control->clients[i].fd = -1;
    if (listen_on(control, host, port) == 0)
        return control;
    rk_control_free(control);
    return NULL;
}

const char *rk_control_address(const rk_control *control)
{
    return control->address;
}

void rk_control_free(rk_control *control)
{
    if (!control)
        return;
    for (int i = 0; i < CLIENTS; i++) {
        if (control->clients[i].fd >= 0)
            close(control->clients[i].fd);
    }
    if (control->fd >= 0)
        close(control->fd);
    free(control);
}
