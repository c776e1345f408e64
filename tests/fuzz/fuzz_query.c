/* SPDX-License-Identifier: Apache-2.0 */
/* Queries and forms: whatever the bytes, no crash, and every text is UTF-8 afterwards. The first
 * byte says in which encoding and by which schema. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api_api.h"
#include "librenku/base/slug.h"
#include "librenku/http/form.h"
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
    &rk_project_list_query_schema,   &rk_project_get_query_schema,
    &rk_group_list_query_schema,     &rk_user_list_query_schema,
    &rk_namespace_list_query_schema, &rk_user_pin_remove_query_schema,
    &rk_post_token_request_schema,
};

static const char *const types[] = {
    NULL, /* a query */
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=X",
    "multipart/form-data; charset=\"a;b\"; boundary=\"X\\\"\"",
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (rk_op_begin(&fixed.op) < 0 || rk_patterns_new(&fixed.patterns, &fixed.op) < 0)
        abort();
    return 0;
}

/* But for the two bytes that stand for NUL. */
static void check_text(rk_op *op, const char *text)
{
    char *copy = rk_strdup(op, text);

    for (char *at = copy; at && (at = strstr(at, "\xc0\x80"));)
        memcpy(at, "??", 2);
    if (!copy || !rk_text_is_utf8(copy, strlen(copy)))
        abort();
}

static void check(rk_op *op, unsigned choice, const char *text, size_t length)
{
    const char *type = types[choice % RK_COUNT(types)];
    const rk_schema *schema = schemas[choice / RK_COUNT(types) % RK_COUNT(schemas)];
    _Alignas(16) char read[512];
    rk_pairs pairs;
    rk_buf buf;
    int result = type ? rk_form_parse(&pairs, op, type, text, length)
                      : rk_query_parse(&pairs, op, text, length);

    if (result < 0)
        return;
    for (size_t i = 0; i < pairs.count; i++) {
        check_text(op, pairs.names[i]);
        check_text(op, pairs.values[i]);
    }
    if (rk_schema_read_pairs(read, op, fixed.patterns, schema, &pairs) < 0)
        return;
    rk_buf_begin(&buf, op, 0);
    if (rk_schema_write(&buf, op, fixed.patterns, schema, read) < 0)
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
        check(&op, bytes[0], text, size - 1);
    }
    rk_op_end(&op);
    free(text);
    return 0;
}
