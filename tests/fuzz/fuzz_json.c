/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: whatever the bytes, no crash; and what was accepted reads back as itself. The first line
 * names the operation whose body it is; after a '>' it is what the operation answers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/http/json.h"
#include "tests/fuzz/operations.h"
#include "tests/fuzz/patterns.h"

/* The text that a value is written as; NULL when the schema refuses it. */
static const char *read_and_write(rk_op *op, const rk_schema *schema, struct json_object *value)
{
    void *read = rk_alloc(op, 1, room_for(schema));
    rk_buf buf;

    if (!read || rk_schema_read(read, op, fixed.patterns, schema, value) < 0)
        return NULL;
    rk_buf_begin(&buf, op, 0);
    if (rk_schema_write(&buf, op, fixed.patterns, schema, read) < 0)
        abort();
    return buf.text;
}

static const char *rewrite(rk_op *op, struct json_object *value)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 0);
    rk_json_write(&buf, value);
    if (rk_buf_finish(&buf) < 0)
        abort();
    return buf.text;
}

static struct json_object *parse_again(rk_op *op, const char *text)
{
    struct json_object *value;

    if (rk_json_parse(&value, op, text, strlen(text)) < 0)
        abort();
    return value;
}

/* What was written reads back as what it was. */
static void check_written(rk_op *op, struct json_object *value)
{
    if (!json_object_equal(parse_again(op, rewrite(op, value)), value))
        abort();
}

/* Texts that are none and numbers beyond all are written as something else: what is kept must have
 * none of them. */
static void check_kept(rk_op *op, struct json_object *value)
{
    static const rk_schema any = {.kind = RK_KIND_ANY};
    struct json_object *kept;

    check_written(op, parse_again(op, rewrite(op, value)));
    if (rk_schema_read(&kept, op, fixed.patterns, &any, value) == 0)
        check_written(op, kept);
    rk_error_clear(op);
}

static void check(rk_op *op, const rk_schema *schema, const char *text, size_t length)
{
    struct json_object *value;

    if (rk_json_parse(&value, op, text, length) < 0)
        return;
    check_kept(op, value);
    const char *written = read_and_write(op, schema, value);

    if (!written)
        return;
    const char *again = read_and_write(op, schema, parse_again(op, written));

    if (!again || strcmp(written, again) != 0)
        abort();
}

static const rk_schema *schema_of(const char **text, size_t *left, const char *bytes, size_t size)
{
    bool output = size && *bytes == '>';
    const rk_operation *operation = named_operation(text, left, bytes + output, size - output);

    if (!operation)
        return NULL;
    return output ? operation->output : operation->body;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *rest;
    size_t left;
    const rk_schema *schema = schema_of(&rest, &left, (const char *)bytes, size);
    rk_op op;

    if (!schema || rk_op_begin(&op) < 0)
        return 0;
    /* a copy of its own size: reading beyond its end shows */
    char *text = malloc(left ? left : 1);

    if (text) {
        memcpy(text, rest, left);
        check(&op, schema, text, left);
    }
    rk_op_end(&op);
    free(text);
    return 0;
}
