/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/reply.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static char no_memory_head[] =
    "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n"
    "content-length: 69\r\n";
static const char no_memory_body[] =
    "{\"error\":{\"code\":1500,\"message\":\"The server has run out of memory.\"}}";
static rk_reply no_memory = {
    .status = 500,
    .head = no_memory_head,
    .head_size = sizeof(no_memory_head) - 1,
    .body = no_memory_body,
    .body_size = sizeof(no_memory_body) - 1,
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"                             },
    {201, "Created"                        },
    {202, "Accepted"                       },
    {204, "No Content"                     },
    {302, "Found"                          },
    {303, "See Other"                      },
    {304, "Not Modified"                   },
    {307, "Temporary Redirect"             },
    {400, "Bad Request"                    },
    {401, "Unauthorized"                   },
    {403, "Forbidden"                      },
    {404, "Not Found"                      },
    {405, "Method Not Allowed"             },
    {408, "Request Timeout"                },
    {409, "Conflict"                       },
    {413, "Content Too Large"              },
    {415, "Unsupported Media Type"         },
    {417, "Expectation Failed"             },
    {422, "Unprocessable Content"          },
    {428, "Precondition Required"          },
    {429, "Too Many Requests"              },
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"          },
    {501, "Not Implemented"                },
    {503, "Service Unavailable"            },
    {505, "HTTP Version Not Supported"     },
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

/* One line of a head into @p at, which has room for it; returns where it ends. */
static char *put_field(char *at, const char *name, const char *value)
{
    at = stpcpy(stpcpy(at, name), ": ");
    for (; *value; value++)
        *at++ = (char)((unsigned char)*value < 0x20 ? ' ' : *value); /* no value ends its line */
    return stpcpy(at, "\r\n");
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

static char *put_status(char *at, int status)
{
    char date[64];
    time_t now = time(NULL);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    at += sprintf(at, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
    return put_field(at, "date", date);
}

#define STATUS_ROOM 256

/* The head of a reply whose body is set. @p result NULL: there are only the fields in @p extra. */
static bool make_head(rk_reply *reply, const renku_result *result, const char *extra, bool is_head)
{
    bool keep = is_head && has_length(result);
    char length[32];

    reply->head = malloc(STATUS_ROOM + fields_size(result) + strlen(extra));
    if (!reply->head)
        return false;

    char *at = put_status(reply->head, reply->status);

    at = put_fields(at, result, keep);
    at = stpcpy(at, extra);
    if (!keep && has_body(reply->status)) {
        snprintf(length, sizeof(length), "%zu", reply->body_size);
        at = put_field(at, "content-length", length);
    }
    reply->head_size = (size_t)(at - reply->head);
    if (is_head || !has_body(reply->status))
        reply->body_size = 0;
    return true;
}

static rk_reply *finish(rk_reply *reply, const char *extra, bool is_head)
{
    if (make_head(reply, reply->result, extra, is_head))
        return reply;
    rk_reply_free(reply);
    return &no_memory;
}

rk_reply *rk_reply_of_result(renku_result *result, bool is_head)
{
    rk_reply *reply = calloc(1, sizeof(*reply));

    if (!reply) {
        renku_result_free(result);
        return &no_memory;
    }
    reply->result = result;
    reply->status = renku_result_status(result);
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
    rk_reply *reply = text ? calloc(1, sizeof(*reply)) : NULL;
    char extra[256], id[37] = "";

    if (!reply) {
        free(text);
        return &no_memory;
    }
    make_request_id(id);
    id[36] = '\0';
    snprintf(extra, sizeof(extra), "content-type: %s\r\nx-request-id: %s\r\n", type, id);
    reply->status = status;
    reply->text = text;
    reply->body = text;
    reply->body_size = is_head ? 0 : strlen(text);
    return finish(reply, extra, is_head);
}

rk_reply *rk_reply_of_methods(const char *methods)
{
    rk_reply *reply = calloc(1, sizeof(*reply));
    char extra[256], id[37] = "";

    if (!reply)
        return &no_memory;
    make_request_id(id);
    snprintf(extra, sizeof(extra), "allow: %s\r\nx-request-id: %s\r\n", methods, id);
    reply->status = 204;
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
    free(reply->head);
    free(reply);
}
