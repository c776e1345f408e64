/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: whatever the bytes, no crash; and what was accepted reads back as itself. The first byte
 * says by which schema. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api_api.h"
#include "librenku/http/json.h"
#include "namespace_api.h"
#include "project_api.h"
#include "user_api.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct {
    rk_op op;
    rk_patterns *patterns;
} fixed;

static const rk_schema *const schemas[] = {
    &rk_project_post_schema,
    &rk_project_changes_schema,
    &rk_project_migration_post_schema,
    &rk_project_member_list_patch_request_schema,
    &rk_group_post_request_schema,
    &rk_group_patch_request_schema,
    &rk_group_member_patch_request_list_schema,
    &rk_add_pinned_project_schema,
    &rk_post_token_request_schema,
    &rk_project_schema,
    &rk_user_preferences_schema,
};

typedef union {
    rk_project project;
    rk_project_migration_post migration;
    rk_array array;
    char bytes[512];
} room;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (rk_op_begin(&fixed.op) < 0 || rk_patterns_new(&fixed.patterns, &fixed.op) < 0)
        abort();
    return 0;
}

/* The text that a value is written as; NULL when the schema refuses it. */
static const char *read_and_write(rk_op *op, const rk_schema *schema, struct json_object *value)
{
    room read;
    rk_buf buf;

    if (rk_schema_read(&read, op, fixed.patterns, schema, value) < 0)
        return NULL;
    rk_buf_begin(&buf, op, 0);
    if (rk_schema_write(&buf, op, fixed.patterns, schema, &read) < 0)
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

static void check(rk_op *op, const rk_schema *schema, const char *text, size_t length)
{
    struct json_object *value;

    if (rk_json_parse(&value, op, text, length) < 0)
        return;
    const char *once = rewrite(op, value);

    if (strcmp(once, rewrite(op, parse_again(op, once))) != 0)
        abort();
    const char *written = read_and_write(op, schema, value);

    if (!written)
        return;
    const char *again = read_and_write(op, schema, parse_again(op, written));

    if (!again || strcmp(written, again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    rk_op op;

    if (size == 0 || rk_op_begin(&op) < 0)
        return 0;
    /* a copy of its own size: reading beyond its end shows */
    char *text = malloc(size);

    if (text) {
        memcpy(text, bytes + 1, size - 1);
        check(&op, schemas[bytes[0] % RK_COUNT(schemas)], text, size - 1);
    }
    rk_op_end(&op);
    free(text);
    return 0;
}
