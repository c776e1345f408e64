/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_READER_H
#define RK_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "renku/http.h"

/* A strict reader of HTTP/1.0 and HTTP/1.1 requests. It does no I/O: the caller puts bytes into the
 * room that the reader offers and asks how far the request is. How the bytes were cut into pieces
 * never changes the outcome. Spec: foundations.md 2.1, 2.5 */

#define RK_READER_FIELDS 100

typedef struct rk_reader_limits {
    uint64_t head_bytes; /* request line, header fields and the blank line */
    uint64_t body_bytes; /* after chunked decoding */
} rk_reader_limits;

typedef enum {
    RK_READ_MORE,
    RK_READ_REQUEST, /* complete: rk_reader_detach() */
    RK_READ_REFUSED, /* status, text and value say why; nothing more is read */
} rk_read;

typedef enum {
    RK_READER_LINE,
    RK_READER_HEAD,
    RK_READER_BODY,
    RK_READER_CHUNK_SIZE,
    RK_READER_CHUNK,
    RK_READER_CHUNK_END,
    RK_READER_TRAILER,
    RK_READER_COMPLETE,
    RK_READER_REFUSED,
} rk_reader_state;

/* Offsets, because the buffer moves when it grows. */
typedef struct rk_reader_field {
    uint32_t name;
    uint32_t value;
} rk_reader_field;

typedef struct rk_reader {
    rk_reader_limits limits;
    rk_reader_state state;
    char *data;
    size_t size, capacity;
    size_t touched;     /* at most so many bytes were ever received into the buffer */
    size_t parsed;      /* everything before it is understood */
    size_t searched;    /* there is no line end between parsed and here */
    size_t body;        /* where the body starts */
    size_t body_size;   /* decoded so far */
    uint64_t remaining; /* of the body, or of the current chunk */
    size_t trailer_bytes;
    uint64_t content_length;
    uint32_t target;
    uint32_t host; /* index of the field, plus one */
    uint32_t field_count;
    unsigned minor : 1; /* HTTP/1.x */
    unsigned has_length : 1;
    unsigned chunked : 1;
    unsigned close : 1;
    unsigned persist : 1;
    unsigned expects : 1; /* the client waits for 100 Continue: clear it once that is sent */
    unsigned skipped : 1; /* one blank line before the request was taken */
    int status;           /* of a refusal */
    const char *text;     /* of a refusal; static */
    const char *value;    /* what the text is about, NULL when nothing; lives in the buffer */
    rk_reader_field fields[RK_READER_FIELDS];
} rk_reader;

/* A complete request with the memory it lives in. */
typedef struct rk_request {
    renku_http_request http; /* peer is left NULL */
    bool keep_alive;
    size_t capacity; /* bytes held */
    size_t touched;  /* of these, bytes that were written */
    char *data;
    renku_http_header headers[];
} rk_request;

void rk_reader_init(rk_reader *reader, const rk_reader_limits *limits);
void rk_reader_clear(rk_reader *reader);
/* Whether bytes of a request are there. */
bool rk_reader_is_begun(const rk_reader *reader);
/* Where the next bytes go. NULL when memory is missing, or the buffer would have to grow by more
 * than @p allowance. */
char *rk_reader_room(size_t *room, rk_reader *reader, size_t allowance);
/* Takes @p received bytes from the room; 0 looks at what is already there. */
rk_read rk_reader_take(rk_reader *reader, size_t received);
/* As much of an unfinished request as is understood; false before the end of its first line. The
 * texts live until the reader goes on. */
bool rk_reader_peek(renku_http_request *out, renku_http_header headers[RK_READER_FIELDS],
                    const rk_reader *reader);
/* Hands the complete request over and begins the next one with the bytes behind it; NULL when
 * memory is missing. */
rk_request *rk_reader_detach(rk_reader *reader);
void rk_request_free(rk_request *request);
/* The value of the first header field of that name (lower case), NULL when there is none. */
const char *rk_request_header(const rk_request *request, const char *name);

#endif
