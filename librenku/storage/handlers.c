/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/db/db.h"
#include "librenku/storage/connection.h"
#include "librenku/storage/core.h"
#include "librenku/storage/schema.h"
#include "librenku/storage/storage.h"
#include "storage_api.h"

/* GET /storage_schema. Spec: storage.md 6 */
int rk_storage_schema_get(const char **out, rk_op *op, const rk_storage_schema_get_in *in)
{
    (void)op;
    (void)in;
    *out = rk_storage_schema_text;
    return 0;
}

/* POST /storage_schema/validate. Spec: storage.md 6 */
int rk_storage_schema_validate(rk_op *op, const rk_storage_schema_validate_in *in)
{
    return rk_storage_check(op, in->body, RK_STORAGE_KEEP_SECRETS);
}

/* POST /storage_schema/test_connection. Spec: storage.md 6 */
int rk_storage_schema_test_connection(rk_op *op, const rk_storage_schema_test_connection_in *in)
{
    rk_db_end(op); /* of the caller's record; a test takes its time */
    RK_TRY(rk_storage_check(op, in->body.configuration, RK_STORAGE_KEEP_SECRETS));
    return rk_storage_try(op, &in->body);
}

/* POST /storage_schema/obscure. Spec: storage.md 6 */
int rk_storage_schema_obscure(struct json_object **out, rk_op *op,
                              const rk_storage_schema_obscure_in *in)
{
    *out = in->body.configuration;
    RK_TRY(rk_storage_check_type(op, *out));
    return rk_storage_obscure_passwords(op, *out);
}
