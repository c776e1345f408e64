/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/grammar.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "frontends/server/characters.h"

#define CHUNK_LINE_MAX 1024

static const char bad_request[] = "Bad Request";
static const char bad_length[] = "Bad content-length";
static const char head_too_large[] = "Request header exceeds the size limit";
static const char body_too_large[] = "Request body exceeds the size limit";
static const char not_ascii[] = "URL may only contain US-ASCII characters.";

static rk_read refuse(rk_reader *reader, int status, const char *text)
{
    reader->state = RK_READER_REFUSED;
    reader->status = status;
    reader->text = text;
    return RK_READ_REFUSED;
}

/* Finds the next line, without its end. MORE when it is not all there, REQUEST when it is. */
static rk_read take_line(rk_reader *reader, char **line, size_t *size)
{
    char *start = reader->data + reader->parsed;
    char *end = memchr(reader->data + reader->searched, '\n', reader->size - reader->searched);

    if (!end) {
        reader->searched = reader->size;
        return RK_READ_MORE;
    }
    if (end == start || end[-1] != '\r')
        return refuse(reader, 400, bad_request);

    *line = start;
    *size = (size_t)(end - start) - 1;
    reader->parsed = reader->searched = (size_t)(end - reader->data) + 1;
    return RK_READ_REQUEST;
}

/* As take_line(), for a line that must end before @p limit: that comes before what is in the line.
 */
static rk_read take_line_within(rk_reader *reader, char **line, size_t *size, size_t limit)
{
    size_t within = reader->size < limit ? reader->size : limit;

    if (within > reader->searched &&
        !memchr(reader->data + reader->searched, '\n', within - reader->searched))
        reader->searched = within;
    if (reader->size > limit && reader->searched >= limit)
        return refuse(reader, 413, head_too_large);
    return take_line(reader, line, size);
}

static rk_read read_version(rk_reader *reader, const char *version)
{
    if (strncmp(version, "HTTP/", 5) != 0 || version[5] < '0' || version[5] > '9' ||
        version[6] != '.' || version[7] < '0' || version[7] > '9' || version[8] != '\0')
        return refuse(reader, 400, bad_request);
    if (version[5] != '1' || version[7] > '1')
        return refuse(reader, 505, "HTTP Version Not Supported");

    reader->minor = version[7] == '1';
    return RK_READ_REQUEST;
}

static rk_read check_target(rk_reader *reader, const char *target)
{
    for (const char *c = target; *c; c++) {
        if ((unsigned char)*c >= 0x80)
            return refuse(reader, 400, not_ascii);
        if ((unsigned char)*c <= 0x20 || *c == 0x7f || *c == '#')
            return refuse(reader, 400, bad_request);
    }
    return RK_READ_REQUEST;
}

/* METHOD SP TARGET SP HTTP/1.x, one blank each. RFC 9112 3 */
static rk_read read_request_line(rk_reader *reader, char *line, size_t size)
{
    char *target = memchr(line, ' ', size);
    char *version = target ? memchr(target + 1, ' ', size - (size_t)(target + 1 - line)) : NULL;

    if (!version || memchr(line, '\0', size) || !rk_is_token(line, (size_t)(target - line)) ||
        version == target + 1)
        return refuse(reader, 400, bad_request);

    line[size] = '\0';
    *target++ = '\0';
    *version++ = '\0';
    reader->target = (uint32_t)(target - reader->data);
    if (check_target(reader, target) == RK_READ_REFUSED)
        return RK_READ_REFUSED;
    return read_version(reader, version);
}

static rk_read step_line(rk_reader *reader)
{
    char *line;
    size_t size;
    rk_read read = take_line_within(reader, &line, &size, reader->limits.head_bytes);

    if (read != RK_READ_REQUEST)
        return read;
    if (size == 0 && !reader->skipped) { /* RFC 9112 2.2 */
        reader->skipped = 1;
        return RK_READ_REQUEST;
    }
    reader->state = RK_READER_HEAD;
    return read_request_line(reader, line, size);
}

static rk_read field_host(rk_reader *reader, const char *value)
{
    if (reader->host || !rk_is_host(value, strlen(value)))
        return refuse(reader, 400, bad_request);
    reader->host = reader->field_count;
    return RK_READ_REQUEST;
}

static rk_read field_length(rk_reader *reader, const char *value)
{
    uint64_t length = 0;

    for (const char *c = value; *c; c++) {
        if (*c < '0' || *c > '9')
            return refuse(reader, 400, bad_length);
        if (length < UINT64_MAX / 10 - 10) /* beyond, it stays far above any limit */
            length = length * 10 + (uint64_t)(*c - '0');
    }
    if (*value == '\0' || (reader->has_length && length != reader->content_length))
        return refuse(reader, 400, bad_length);

    reader->has_length = 1;
    reader->content_length = length;
    return RK_READ_REQUEST;
}

static rk_read field_encoding(rk_reader *reader, const char *value)
{
    if (reader->chunked || strcasecmp(value, "chunked") != 0)
        return refuse(reader, 400, bad_request);
    reader->chunked = 1;
    return RK_READ_REQUEST;
}

static rk_read field_expect(rk_reader *reader, const char *value)
{
    if (strcasecmp(value, "100-continue") != 0) {
        reader->value = value;
        return refuse(reader, 417, "Unknown Expect: ");
    }
    reader->expects = 1;
    return RK_READ_REQUEST;
}

static rk_read field_connection(rk_reader *reader, const char *value)
{
    while (*value) {
        size_t size = strcspn(value, ", \t");

        if (size == 5 && strncasecmp(value, "close", size) == 0)
            reader->close = 1;
        if (size == 10 && strncasecmp(value, "keep-alive", size) == 0)
            reader->persist = 1;
        value += size;
        value += strspn(value, ", \t");
    }
    return RK_READ_REQUEST;
}

/* The fields that decide where a request ends and what becomes of the connection. */
static const struct {
    const char *name;
    rk_read (*read)(rk_reader *reader, const char *value);
} framing[] = {
    {"host",              field_host      },
    {"content-length",    field_length    },
    {"transfer-encoding", field_encoding  },
    {"expect",            field_expect    },
    {"connection",        field_connection},
};

/* Cuts NAME ":" OWS VALUE OWS apart in place. RFC 9112 5 */
static bool split_field(char *line, size_t size, char **value)
{
    char *colon = memchr(line, ':', size);

    if (!colon || !rk_is_token(line, (size_t)(colon - line)))
        return false;

    char *end = line + size;
    char *start = colon + 1;

    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!rk_is_field_text(start, (size_t)(end - start)))
        return false;

    *colon = '\0';
    *end = '\0';
    *value = start;
    return true;
}

static rk_read read_field(rk_reader *reader, char *line, size_t size)
{
    char *value;

    if (!split_field(line, size, &value))
        return refuse(reader, 400, bad_request);
    if (reader->field_count == RK_READER_FIELDS)
        return refuse(reader, 431, "Too many header fields");

    reader->fields[reader->field_count++] =
        (rk_reader_field){(uint32_t)(line - reader->data), (uint32_t)(value - reader->data)};
    for (size_t i = 0; i < sizeof(framing) / sizeof(framing[0]); i++)
        if (strcasecmp(line, framing[i].name) == 0)
            return framing[i].read(reader, value);
    return RK_READ_REQUEST;
}

/* http://host/path becomes /path, and its host the Host: RFC 9112 3.2.2 */
static bool reduce_absolute(rk_reader *reader)
{
    char *target = reader->data + reader->target;
    size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                    : strncasecmp(target, "https://", 8) == 0 ? 8
                                                              : 0;
    char *authority = target + scheme;
    size_t size = strcspn(authority, "/?");

    if (!scheme || size == 0 || !rk_is_host(authority, size))
        return false;
    /* One step to the left makes room for the end of the text, and for the slash of an empty path.
     */
    memmove(authority - 2, authority, size);
    authority -= 2;
    authority[size] = '\0';
    if (authority[size + 2] != '/')
        authority[size + 1] = '/';
    reader->target =
        (uint32_t)(authority + size + (authority[size + 2] == '/' ? 2 : 1) - reader->data);
    if (reader->host)
        reader->fields[reader->host - 1].value = (uint32_t)(authority - reader->data);
    return true;
}

static bool is_target(rk_reader *reader)
{
    const char *target = reader->data + reader->target;

    if (*target == '/')
        return true;
    if (strcmp(target, "*") == 0)
        return strcmp(reader->data + (reader->skipped ? 2 : 0), "OPTIONS") == 0;
    return reduce_absolute(reader);
}

static rk_read begin_body(rk_reader *reader)
{
    reader->body = reader->parsed;
    reader->expects =
        reader->expects && reader->minor && (reader->chunked || reader->content_length > 0);
    if (reader->chunked) {
        reader->state = RK_READER_CHUNK_SIZE;
        return RK_READ_REQUEST;
    }
    reader->remaining = reader->content_length;
    reader->state = RK_READER_BODY;
    return RK_READ_REQUEST;
}

static rk_read end_head(rk_reader *reader)
{
    if (reader->minor && !reader->host)
        return refuse(reader, 400, bad_request);
    if (reader->chunked && (reader->has_length || !reader->minor))
        return refuse(reader, 400, bad_request);
    if (!is_target(reader))
        return refuse(reader, 400, bad_request);
    if (reader->content_length > reader->limits.body_bytes)
        return refuse(reader, 413, body_too_large);
    return begin_body(reader);
}

static rk_read step_head(rk_reader *reader)
{
    char *line;
    size_t size;
    rk_read read = take_line_within(reader, &line, &size, reader->limits.head_bytes);

    if (read != RK_READ_REQUEST)
        return read;
    return size == 0 ? end_head(reader) : read_field(reader, line, size);
}

static rk_read step_body(rk_reader *reader)
{
    size_t there = reader->size - reader->parsed;
    size_t part = there < reader->remaining ? there : (size_t)reader->remaining;

    reader->parsed += part;
    reader->remaining -= part;
    reader->body_size += part;
    if (reader->remaining > 0)
        return RK_READ_MORE;
    reader->state = RK_READER_COMPLETE;
    return RK_READ_REQUEST;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* SIZE [";" extension]; the extension is ignored. RFC 9112 7.1 */
static rk_read read_chunk_size(rk_reader *reader, const char *line, size_t size)
{
    uint64_t chunk = 0;
    size_t digits = 0;

    while (digits < size && hex_digit(line[digits]) >= 0) {
        if (chunk <= UINT64_MAX >> 5)
            chunk = chunk << 4 | (uint64_t)hex_digit(line[digits]);
        digits++;
    }
    if (digits == 0 || digits > 16 || (digits < size && line[digits] != ';') ||
        !rk_is_field_text(line, size))
        return refuse(reader, 400, bad_request);
    if (chunk > reader->limits.body_bytes - reader->body_size)
        return refuse(reader, 413, body_too_large);

    reader->remaining = chunk;
    reader->state = chunk ? RK_READER_CHUNK : RK_READER_TRAILER;
    return RK_READ_REQUEST;
}

static rk_read step_chunk_size(rk_reader *reader)
{
    char *line;
    size_t size;
    size_t start = reader->parsed;
    rk_read read = take_line(reader, &line, &size);

    if (read == RK_READ_REFUSED)
        return read;
    if ((read == RK_READ_MORE ? reader->size : reader->parsed) - start > CHUNK_LINE_MAX)
        return refuse(reader, 400, bad_request);
    return read == RK_READ_MORE ? read : read_chunk_size(reader, line, size);
}

static rk_read step_chunk(rk_reader *reader)
{
    size_t there = reader->size - reader->parsed;
    size_t part = there < reader->remaining ? there : (size_t)reader->remaining;

    memmove(reader->data + reader->body + reader->body_size, reader->data + reader->parsed, part);
    reader->parsed += part;
    reader->searched = reader->parsed;
    reader->body_size += part;
    reader->remaining -= part;
    if (reader->remaining > 0)
        return RK_READ_MORE;
    reader->state = RK_READER_CHUNK_END;
    return RK_READ_REQUEST;
}

static rk_read step_chunk_end(rk_reader *reader)
{
    size_t there = reader->size - reader->parsed;

    if ((there > 0 && reader->data[reader->parsed] != '\r') ||
        (there > 1 && reader->data[reader->parsed + 1] != '\n'))
        return refuse(reader, 400, bad_request);
    if (there < 2)
        return RK_READ_MORE;
    reader->parsed += 2;
    reader->searched = reader->parsed;
    reader->state = RK_READER_CHUNK_SIZE;
    return RK_READ_REQUEST;
}

/* Trailer fields must be well formed; nobody looks at them. */
static rk_read step_trailer(rk_reader *reader)
{
    char *line, *value;
    size_t size;
    size_t start = reader->parsed;
    size_t limit = start + reader->limits.head_bytes - reader->trailer_bytes;
    rk_read read = take_line_within(reader, &line, &size, limit);

    if (read != RK_READ_REQUEST)
        return read;
    reader->trailer_bytes += reader->parsed - start;
    if (size == 0)
        reader->state = RK_READER_COMPLETE;
    else if (!split_field(line, size, &value))
        return refuse(reader, 400, bad_request);
    return RK_READ_REQUEST;
}

static rk_read step_complete(rk_reader *reader)
{
    (void)reader;
    return RK_READ_REQUEST;
}

static rk_read step_refused(rk_reader *reader)
{
    (void)reader;
    return RK_READ_REFUSED;
}

static rk_read (*const steps[])(rk_reader *reader) = {
    [RK_READER_LINE] = step_line,       [RK_READER_HEAD] = step_head,
    [RK_READER_BODY] = step_body,       [RK_READER_CHUNK_SIZE] = step_chunk_size,
    [RK_READER_CHUNK] = step_chunk,     [RK_READER_CHUNK_END] = step_chunk_end,
    [RK_READER_TRAILER] = step_trailer, [RK_READER_COMPLETE] = step_complete,
    [RK_READER_REFUSED] = step_refused,
};

rk_read rk_grammar_read(rk_reader *reader)
{
    rk_read read;

    do
        read = reader->size ? steps[reader->state](reader) : RK_READ_MORE;
    while (read == RK_READ_REQUEST && reader->state != RK_READER_COMPLETE);
    return read;
}
