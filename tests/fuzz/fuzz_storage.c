/* SPDX-License-Identifier: Apache-2.0 */
/* Storage configurations and URLs: whatever the bytes, no crash; what is valid stays valid, and no
 * secret is left where they are masked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/http/json.h"
#include "librenku/storage/core.h"
#include "librenku/storage/storage.h"
#include "storage_api.h"
#include "tests/fuzz/patterns.h"

static void must(int result)
{
    if (result < 0)
        abort();
}

static void check(rk_op *op, struct json_object *configuration)
{
    const char *fields;
    rk_strings secrets;

    if (rk_storage_check(op, configuration, RK_STORAGE_KEEP_SECRETS) < 0)
        return;
    must(rk_storage_check(op, configuration, RK_STORAGE_KEEP_SECRETS));
    must(rk_storage_secret_fields(&fields, op, configuration));
    must(rk_storage_obscure_passwords(op, configuration));
    must(rk_storage_check(op, configuration, RK_STORAGE_MASK_SECRETS));
    must(rk_storage_check(op, configuration, RK_STORAGE_MASK_SECRETS));
    must(rk_storage_secret_values(&secrets, op, configuration));
}

static void read_configuration(rk_op *op, const char *text, size_t size)
{
    struct json_object *value;
    rk_storage_obscure body;

    if (rk_json_parse(&value, op, text, size) == 0 &&
        rk_schema_read(&body, op, fixed.patterns, &rk_storage_obscure_schema, value) == 0)
        check(op, body.configuration);
}

static void read_url(rk_op *op, const char *text, size_t size)
{
    const char *url = rk_strndup(op, text, size);
    rk_storage_place place;

    if (!url || rk_storage_from_url(&place, op, url) < 0)
        return;
    if (!place.source_path)
        abort();
    check(op, place.configuration);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    rk_op op;

    if (rk_op_begin(&op) < 0)
        abort();
    if (size && *bytes == '{')
        read_configuration(&op, (const char *)bytes, size);
    else
        read_url(&op, (const char *)bytes, size);
    rk_op_end(&op);
    return 0;
}
