/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/reply.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* It serves any number of connections, and so is the last answer of each. */
static char no_memory_head[] =
    "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n"
    "content-length: 69\r\nconnection: close\r\n\r\n";
static const char no_memory_body[] =
    "{\"error\":{\"code\":1500,\"message\":\"The server has run out of memory.\"}}";
static rk_reply no_memory = {
    .status = 500,
    .head = no_memory_head,
    .head_size = sizeof(no_memory_head) - 1,
    .body = no_memory_body,
    .body_size = sizeof(no_memory_body) - 1,
};

/* What stands between the version and the date. */
static const struct {
    int status;
    const char *text;
} statuses[] = {
    {200, "200 OK"                             },
    {201, "201 Created"                        },
    {202, "202 Accepted"                       },
    {204, "204 No Content"                     },
    {302, "302 Found"                          },
    {303, "303 See Other"                      },
    {304, "304 Not Modified"                   },
    {307, "307 Temporary Redirect"             },
    {400, "400 Bad Request"                    },
    {401, "401 Unauthorized"                   },
    {403, "403 Forbidden"                      },
    {404, "404 Not Found"                      },
    {405, "405 Method Not Allowed"             },
    {408, "408 Request Timeout"                },
    {409, "409 Conflict"                       },
    {413, "413 Content Too Large"              },
    {415, "415 Unsupported Media Type"         },
    {417, "417 Expectation Failed"             },
    {422, "422 Unprocessable Content"          },
    {428, "428 Precondition Required"          },
    {429, "429 Too Many Requests"              },
    {431, "431 Request Header Fields Too Large"},
    {500, "500 Internal Server Error"          },
    {501, "501 Not Implemented"                },
    {503, "503 Service Unavailable"            },
    {505, "505 HTTP Version Not Supported"     },
};

/* Writes a decimal number; returns where it ends. */
static char *put_number(char *at, size_t number)
{
    char digits[24];
    size_t first = sizeof(digits);

    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    memcpy(at, digits + first, sizeof(digits) - first);
    return at + sizeof(digits) - first;
}

static char *put_status_text(char *at, int status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].status == status)
            return stpcpy(at, statuses[i].text);
    return stpcpy(put_number(at, (size_t)status), " Unknown");
}

typedef unsigned char block __attribute__((vector_size(16)));

/* A blank stands for each control character: no value ends its line. */
static void copy_printable(char *to, const char *text, size_t size)
{
    size_t i = 0;

    for (; size - i >= sizeof(block); i += sizeof(block)) {
        block sixteen;

        memcpy(&sixteen, text + i, sizeof(sixteen));
        block control = (block)(sixteen < ' ');

        sixteen = (sixteen & ~control) | (control & ' ');
        memcpy(to + i, &sixteen, sizeof(sixteen));
    }
    for (; i < size; i++)
        to[i] = (char)((unsigned char)text[i] < ' ' ? ' ' : text[i]);
}

/* One line of a head into @p at, which has room for it; returns where it ends. */
static char *put_field(char *at, const char *name, const char *value)
{
    size_t size = strlen(value);

    at = stpcpy(stpcpy(at, name), ": ");
    copy_printable(at, value, size);
    return stpcpy(at + size, "\r\n");
}

static size_t fields_size(const renku_result *result)
{
    const char *name, *value;
    size_t size = 0;

    for (size_t i = 0; result && renku_result_header(result, i, &name, &value); i++)
        size += strlen(name) + strlen(value) + 4;
    return size;
}

static char *put_fields(char *at, const renku_result *result, bool keep_length)
{
    const char *name, *value;

    for (size_t i = 0; result && renku_result_header(result, i, &name, &value); i++)
        if (keep_length || strcmp(name, "content-length") != 0)
            at = put_field(at, name, value);
    return at;
}

static bool has_length(const renku_result *result)
{
    const char *name, *value;

    for (size_t i = 0; result && renku_result_header(result, i, &name, &value); i++)
        if (strcmp(name, "content-length") == 0)
            return true;
    return false;
}

static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* The date of this second; each thread has made its own. */
static char *put_date(char *at)
{
    static _Thread_local time_t second;
    static _Thread_local char line[48];
    time_t now = time(NULL);
    struct tm parts;

    if (now != second || !line[0]) {
        gmtime_r(&now, &parts);
        strftime(line, sizeof(line), "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        second = now;
    }
    return stpcpy(at, line);
}

static char *put_status(char *at, int status)
{
    at = stpcpy(at, "HTTP/1.1 ");
    at = stpcpy(put_status_text(at, status), "\r\n");
    return put_date(at);
}

static char *put_length(char *at, size_t length)
{
    at = stpcpy(at, "content-length: ");
    return stpcpy(put_number(at, length), "\r\n");
}

#define STATUS_ROOM 256 /* status, date, length, connection */

/* A reply with room for its head; NULL without memory. */
static rk_reply *make(int status, size_t fields)
{
    rk_reply *reply = malloc(sizeof(*reply) + STATUS_ROOM + fields);

    if (!reply)
        return NULL;
    *reply = (rk_reply){.status = status, .head = (char *)(reply + 1)};
    return reply;
}

/* The head of a reply whose body is set. There are the fields of its result, or @p extra. */
static rk_reply *finish(rk_reply *reply, const char *extra, bool is_head)
{
    bool keep = is_head && has_length(reply->result);
    char *at = put_status(reply->head, reply->status);

    at = put_fields(at, reply->result, keep);
    at = stpcpy(at, extra);
    if (!keep && has_body(reply->status))
        at = put_length(at, reply->body_size);
    reply->head_size = (size_t)(at - reply->head);
    if (is_head || !has_body(reply->status))
        reply->body_size = 0;
    return reply;
}

bool rk_reply_seal(rk_reply *reply, bool keep_alive)
{
    char *end = reply->head + reply->head_size;

    if (reply == &no_memory)
        return false;
    end = stpcpy(end, keep_alive ? "connection: keep-alive\r\n\r\n" : "connection: close\r\n\r\n");
    reply->head_size = (size_t)(end - reply->head);
    return keep_alive;
}

rk_reply *rk_reply_of_result(renku_result *result, bool is_head)
{
    rk_reply *reply = make(renku_result_status(result), fields_size(result));

    if (!reply) {
        renku_result_free(result);
        return &no_memory;
    }
    reply->result = result;
    reply->body = renku_result_body(result, &reply->body_size);
    return finish(reply, "", is_head);
}

/* A random version 4 UUID. */
static void make_request_id(char id[37])
{
    unsigned char bytes[16] = {0};

    (void)!getrandom(bytes, sizeof(bytes), 0);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0, at = 0; i < sizeof(bytes); i++) {
        at += (size_t)sprintf(id + at, "%02x", bytes[i]);
        if (i == 3 || i == 5 || i == 7 || i == 9)
            id[at++] = '-';
    }
}

rk_reply *rk_reply_of_text(int status, const char *type, char *text, bool is_head)
{
    char extra[256], id[37] = "";
    rk_reply *reply = text ? make(status, sizeof(extra)) : NULL;

    if (!reply) {
        free(text);
        return &no_memory;
    }
    make_request_id(id);
    snprintf(extra, sizeof(extra), "content-type: %s\r\nx-request-id: %s\r\n", type, id);
    reply->text = text;
    reply->body = text;
    reply->body_size = is_head ? 0 : strlen(text);
    return finish(reply, extra, is_head);
}

rk_reply *rk_reply_of_methods(const char *methods)
{
    char extra[256], id[37] = "";
    rk_reply *reply = make(204, sizeof(extra));

    if (!reply)
        return &no_memory;
    make_request_id(id);
    snprintf(extra, sizeof(extra), "allow: %s\r\nx-request-id: %s\r\n", methods, id);
    reply->body = "";
    return finish(reply, extra, false);
}

rk_reply *rk_reply_refuse(int status, const char *message, bool is_head)
{
    char *text = malloc(strlen(message) * 6 + 64);

    if (!text)
        return &no_memory;

    char *at = text + sprintf(text, "{\"error\":{\"code\":%d,\"message\":\"", 1000 + status);

    for (; *message; message++) {
        unsigned char c = (unsigned char)*message;

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            at += sprintf(at, "\\u%04x", c);
        else
            *at++ = (char)c;
    }
    stpcpy(at, "\"}}");
    return rk_reply_of_text(status, "application/json", text, is_head);
}

void rk_reply_free(rk_reply *reply)
{
    if (!reply || reply == &no_memory)
        return;
    renku_result_free(reply->result);
    if (reply->text)
        explicit_bzero(reply->text, strlen(reply->text)); /* it may hold tokens */
    free(reply->text);
    free(reply);
}
