/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes and however they are cut: no crash, no byte outside the buffer, and always the
 * same requests. */
#include "frontends/server/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const rk_reader_limits limits = {.head_bytes = 512, .body_bytes = 256};

/* Everything that came out of a stream, as bytes to compare. */
typedef struct transcript {
    char *text;
    size_t size;
    FILE *out;
} transcript;

static void write_request(FILE *out, const rk_request *request)
{
    fprintf(out, "%s %s %d %zu\n", request->http.method, request->http.target, request->keep_alive,
            request->http.body_size);
    for (size_t i = 0; i < request->http.header_count; i++)
        fprintf(out, "%s: %s\n", request->headers[i].name, request->headers[i].value);
    if (request->http.body_size)
        fwrite(request->http.body, 1, request->http.body_size, out);
}

/* false when the stream is over. */
static int advance(rk_reader *reader, FILE *out, size_t received)
{
    rk_read read = rk_reader_take(reader, received);

    while (read == RK_READ_REQUEST) {
        rk_request *request = rk_reader_detach(reader);

        if (!request)
            abort();
        write_request(out, request);
        rk_request_free(request);
        read = rk_reader_take(reader, 0);
    }
    if (read == RK_READ_REFUSED)
        fprintf(out, "refused %d %s%s\n", reader->status, reader->text,
                reader->value ? reader->value : "");
    return read == RK_READ_MORE;
}

static size_t next_step(uint32_t *seed, size_t left)
{
    *seed = *seed * 1103515245u + 12345u;

    size_t step = 1 + (*seed >> 16) % 40;

    return step < left ? step : left;
}

/* @p seed 0 feeds as much at once as there is room for. */
static transcript run(const uint8_t *data, size_t size, uint32_t seed)
{
    transcript result = {0};
    rk_reader reader;
    size_t room, at = 0;

    result.out = open_memstream(&result.text, &result.size);
    rk_reader_init(&reader, &limits);
    while (at < size) {
        size_t step = seed ? next_step(&seed, size - at) : size - at;
        char *to = rk_reader_room(&room, &reader, SIZE_MAX);

        if (!to)
            abort();
        step = step < room ? step : room;
        memcpy(to, data + at, step);
        at += step;
        if (!advance(&reader, result.out, step))
            break;
        if (reader.capacity > 16384)
            abort();
    }
    rk_reader_clear(&reader);
    fclose(result.out);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    transcript whole = run(data, size, 0);
    uint32_t seed = 1;

    for (size_t i = 0; i < size; i++)
        seed = seed * 31 + data[i];
    for (uint32_t i = 1; i <= 3; i++) {
        transcript pieces = run(data, size, seed * i | 1);

        if (pieces.size != whole.size || memcmp(pieces.text, whole.text, whole.size) != 0)
            abort();
        free(pieces.text);
    }
    free(whole.text);
    return 0;
}
