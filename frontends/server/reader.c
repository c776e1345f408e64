/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "frontends/server/grammar.h"

#define FIRST_CAPACITY 4096

/* A sanitizer shall see each buffer come and go. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS_SPARE false
#else
#define KEEPS_SPARE true
#endif

/* Closes the gap that decoding has left behind the body. */
static void compact(rk_reader *reader)
{
    size_t end = reader->body + reader->body_size;
    size_t gap = reader->parsed - end;

    if (reader->state < RK_READER_CHUNK_SIZE || reader->state > RK_READER_TRAILER || gap == 0)
        return;
    memmove(reader->data + end, reader->data + reader->parsed, reader->size - reader->parsed);
    reader->parsed -= gap;
    reader->searched -= gap;
    reader->size -= gap;
}

static void restart(rk_reader *reader)
{
    rk_reader_limits limits = reader->limits;

    memset(reader, 0, offsetof(rk_reader, fields));
    reader->limits = limits;
}

void rk_reader_init(rk_reader *reader, const rk_reader_limits *limits)
{
    reader->limits = *limits;
    restart(reader);
}

/* The buffer of the usual size that was given back last: the next request is likely to need it. An
 * event loop alone reads. */
static char *spare;

static char *take_buffer(size_t capacity)
{
    char *data = spare;

    if (capacity != FIRST_CAPACITY || !data)
        return malloc(capacity);
    spare = NULL;
    return data;
}

/* What was received may hold secrets. */
static void give_back(char *data, size_t capacity, size_t touched)
{
    if (!data)
        return;
    explicit_bzero(data, touched);
    if (KEEPS_SPARE && capacity == FIRST_CAPACITY && !spare)
        spare = data;
    else
        free(data);
}

void rk_reader_clear(rk_reader *reader)
{
    give_back(reader->data, reader->capacity, reader->touched);
    restart(reader);
}

bool rk_reader_is_begun(const rk_reader *reader)
{
    return reader->size > 0;
}

/* What the buffer should hold next: no more than has been announced, at most twice what has
 * arrived. */
static size_t next_capacity(const rk_reader *reader)
{
    size_t capacity = reader->capacity ? reader->capacity * 2 : FIRST_CAPACITY;
    size_t needed = reader->size + (size_t)reader->remaining;

    if (reader->state == RK_READER_BODY && needed < capacity)
        capacity = needed;
    return capacity;
}

/* Not realloc(), which would leave a copy behind. */
static bool grow(rk_reader *reader, size_t capacity)
{
    char *data = take_buffer(capacity);

    if (!data)
        return false;
    if (reader->size)
        memcpy(data, reader->data, reader->size);
    give_back(reader->data, reader->capacity, reader->touched);
    reader->data = data;
    reader->capacity = capacity;
    reader->touched = reader->size;
    return true;
}

char *rk_reader_room(size_t *room, rk_reader *reader, size_t allowance)
{
    if (reader->size == reader->capacity) {
        size_t capacity = next_capacity(reader);

        if (capacity - reader->capacity > allowance || !grow(reader, capacity))
            return NULL;
    }
    *room = reader->capacity - reader->size;
    return reader->data + reader->size;
}

rk_read rk_reader_take(rk_reader *reader, size_t received)
{
    reader->size += received;
    if (reader->touched < reader->size)
        reader->touched = reader->size;
    rk_read read = rk_grammar_read(reader);

    if (read == RK_READ_MORE)
        compact(reader);
    return read;
}

static void describe_head(renku_http_request *out, renku_http_header *headers,
                          const rk_reader *reader)
{
    char *data = reader->data;

    for (size_t i = 0; i < reader->field_count; i++)
        headers[i] =
            (renku_http_header){data + reader->fields[i].name, data + reader->fields[i].value};
    *out = (renku_http_request){
        .size = sizeof(*out),
        .method = data + (reader->skipped ? 2 : 0),
        .target = data + reader->target,
        .headers = headers,
        .header_count = reader->field_count,
    };
}

static void describe(rk_request *request, const rk_reader *reader)
{
    request->data = reader->data;
    request->capacity = reader->capacity;
    request->touched = reader->touched;
    request->keep_alive = !reader->close && (reader->minor || reader->persist);
    describe_head(&request->http, request->headers, reader);
    request->http.body = reader->body_size ? reader->data + reader->body : NULL;
    request->http.body_size = reader->body_size;
}

bool rk_reader_peek(renku_http_request *out, renku_http_header headers[RK_READER_FIELDS],
                    const rk_reader *reader)
{
    if (!reader->target)
        return false;
    describe_head(out, headers, reader);
    return true;
}

rk_request *rk_reader_detach(rk_reader *reader)
{
    size_t rest = reader->size - reader->parsed;
    size_t capacity = rest > FIRST_CAPACITY ? rest : FIRST_CAPACITY;
    char *next = rest ? take_buffer(capacity) : NULL;
    rk_request *request =
        malloc(sizeof(*request) + reader->field_count * sizeof(request->headers[0]));

    if (!request || (rest && !next)) {
        free(request);
        free(next);
        return NULL;
    }
    describe(request, reader);
    if (rest)
        memcpy(next, reader->data + reader->parsed, rest);
    restart(reader);
    reader->data = next;
    reader->size = reader->touched = rest;
    reader->capacity = rest ? capacity : 0;
    return request;
}

void rk_request_free(rk_request *request)
{
    if (!request)
        return;
    give_back(request->data, request->capacity, request->touched);
    free(request);
}

const char *rk_request_header(const rk_request *request, const char *name)
{
    for (size_t i = 0; i < request->http.header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}
