/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts: slugs, times, relationships, parts of paths, ids of requests. The first byte says
 * what the rest is. What is made fits its own rules, and what is printed reads back. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/api/request.h"
#include "librenku/authz/authz.h"
#include "librenku/authz/tables.h"
#include "librenku/base/slug.h"
#include "librenku/base/time.h"
#include "librenku/base/ulid.h"
#include "librenku/http/etag.h"
#include "librenku/http/pairs.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void check_made_slug(rk_op *op, int result, const char *slug)
{
    if (result < 0)
        return;
    must(rk_text_is_utf8(slug, strlen(slug)));
    if (*slug)
        must(rk_slug_is_valid(slug) || strlen(slug) < 2);
    (void)op;
}

static void fuzz_slug(rk_op *op, const char *text, size_t size)
{
    const rk_user_names names = {"0aa5e4f6-1b1e-4b5a-9c53-d0d37a4b9f6b", text, text, text};
    const char *slug;

    (void)rk_slug_is_valid(text);
    if (!rk_text_is_utf8(text, strlen(text)))
        return;
    check_made_slug(op, rk_slug_from_name(&slug, op, text), slug);
    rk_error_clear(op);
    check_made_slug(op, rk_slug_from_user(&slug, op, &names), slug);
    (void)size;
}

/* The years that clients can write: 1 to 9999. The database knows others. */
static bool is_writable(const rk_instant *instant)
{
    static const int64_t year_1_s = -62135596800, year_10000_s = 253402300800;
    int64_t local = instant->micros + (instant->naive ? 0 : instant->offset_s * INT64_C(1000000));

    return local >= year_1_s * 1000000 && local < year_10000_s * 1000000;
}

static void check_instant(const rk_instant *instant)
{
    char once[RK_TIME_TEXT_MAX], twice[RK_TIME_TEXT_MAX], iso[RK_TIME_TEXT_MAX];
    const char *reason;
    rk_instant again;

    rk_instant_print(once, instant);
    rk_instant_print_iso(iso, instant);
    must(rk_instant_parse(&again, &reason, once) == is_writable(instant));
    if (!is_writable(instant))
        return;
    rk_instant_print(twice, &again);
    must(strcmp(once, twice) == 0);
}

static void fuzz_time(rk_op *op, const char *text, size_t size)
{
    const char *reason = NULL;
    rk_instant instant;

    (void)op;
    if (rk_instant_parse(&instant, &reason, text))
        check_instant(&instant);
    else
        must(reason != NULL);
    if (size >= sizeof(double)) {
        double seconds;

        memcpy(&seconds, text, sizeof(seconds));
        if (rk_instant_from_number(&instant, seconds))
            check_instant(&instant);
    }
}

static void fuzz_relationship(rk_op *op, const char *text, size_t size)
{
    rk_relationship once, twice;
    const char *printed, *again;

    (void)size;
    if (rk_relationship_parse(&once, op, text) < 0)
        return;
    must(rk_relationship_is_allowed(&once));
    must(rk_relationship_print(&printed, op, &once) == 0);
    must(rk_relationship_parse(&twice, op, printed) == 0);
    must(rk_relationship_print(&again, op, &twice) == 0 && strcmp(printed, again) == 0);
}

static void fuzz_path(rk_op *op, const char *text, size_t size)
{
    const char *part;

    if (rk_path_text(&part, op, text, size) == 0)
        must(rk_pairs_text(&part, op, text, size) == 0);
}

/* What is taken over from a client stands in headers and logs. */
static void fuzz_request_id(rk_op *op, const char *text, size_t size)
{
    const char *id;

    const renku_http_header header = {"X-Request-ID", text};
    const renku_http_request request = {.headers = &header, .header_count = 1};
    rk_request_fields fields;

    (void)size;
    rk_request_fields_read(&fields, &request);
    must(rk_request_id(&id, op, fields.values[RK_FIELD_X_REQUEST_ID]) == 0);
    for (const char *c = id; *c; c++)
        must(((unsigned char)*c >= 0x20 && (unsigned char)*c != 0x7f) || *c == '\t');
}

static void fuzz_etag(rk_op *op, const char *text, size_t size)
{
    const char *tag;

    (void)size;
    must(rk_etag_of(&tag, op, text) == 0);
    must(rk_etag_match(op, tag, tag) == 0);
    must((rk_etag_match(op, tag, text) == 0) == (strcmp(tag, text) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const readers[])(rk_op * op, const char *text, size_t size) = {
        fuzz_slug, fuzz_time, fuzz_relationship, fuzz_path, fuzz_request_id, fuzz_etag,
    };
    rk_op op;

    if (!size || rk_op_begin(&op) < 0)
        return 0;
    /* a copy of its own size, with the NUL that texts have */
    char *text = calloc(size, 1);

    if (text) {
        memcpy(text, bytes + 1, size - 1);
        readers[bytes[0] % RK_COUNT(readers)](&op, text, size - 1);
    }
    rk_op_end(&op);
    free(text);
    return 0;
}
