/* SPDX-License-Identifier: Apache-2.0 */
/* Queries and forms: whatever the bytes, no crash, and every text is UTF-8 afterwards. The first
 * byte says in which encoding, the rest of the first line names the operation. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/slug.h"
#include "librenku/http/form.h"
#include "tests/fuzz/operations.h"
#include "tests/fuzz/patterns.h"

static const char *const types[] = {
    NULL, /* a query */
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=X",
    "multipart/form-data; charset=\"a;b\"; boundary=\"X\\\"\"",
};

/* But for the two bytes that stand for NUL. */
static void check_text(rk_op *op, const char *text)
{
    char *copy = rk_strdup(op, text);

    for (char *at = copy; at && (at = strstr(at, "\xc0\x80"));)
        memcpy(at, "??", 2);
    if (!copy || !rk_text_is_utf8(copy, strlen(copy)))
        abort();
}

static void check_pairs(rk_op *op, const rk_schema *schema, const rk_pairs *pairs)
{
    void *read = rk_alloc(op, 1, room_for(schema));
    rk_buf buf;

    for (size_t i = 0; i < pairs->count; i++) {
        check_text(op, pairs->names[i]);
        check_text(op, pairs->values[i]);
    }
    if (!read || rk_schema_read_pairs(read, op, fixed.patterns, schema, pairs) < 0)
        return;
    rk_buf_begin(&buf, op, 0);
    if (rk_schema_write(&buf, op, fixed.patterns, schema, read) < 0)
        abort();
}

static void check(rk_op *op, unsigned char type, const rk_operation *operation, const char *text,
                  size_t length)
{
    const rk_schema *schema = operation->form ? operation->body : operation->query;
    const char *media = types[type % RK_COUNT(types)];
    rk_pairs pairs;
    int result = media ? rk_form_parse(&pairs, op, media, text, length)
                       : rk_query_parse(&pairs, op, text, length);

    if (result == 0 && schema)
        check_pairs(op, schema, &pairs);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const rk_operation *operation;
    const char *rest;
    size_t left;
    rk_op op;

    if (size == 0)
        return 0;
    operation = named_operation(&rest, &left, (const char *)bytes + 1, size - 1);
    if (!operation || rk_op_begin(&op) < 0)
        return 0;
    /* a copy of its own size: reading beyond its end shows */
    char *text = malloc(left ? left : 1);

    if (text) {
        memcpy(text, rest, left);
        check(&op, bytes[0], operation, text, left);
    }
    rk_op_end(&op);
    free(text);
    return 0;
}
