/* SPDX-License-Identifier: Apache-2.0 */
#include "api_api.h"
#include "librenku/api/ctx.h"
#include "librenku/base/settings.h"
#include "librenku/http/operation.h"

/* The operations of the service itself. Spec: foundations.md 11 */

int rk_version_get(rk_version *out, rk_op *op, const rk_version_get_in *in)
{
    (void)in;
    out->version = rk_settings_text(op->settings, RK_SET_VERSION);
    return 0;
}

int rk_error_sample(rk_op *op, const rk_error_sample_in *in)
{
    (void)in;
    return rk_fail(op, RK_ERR_INVALID, "Sample validation error");
}

int rk_openapi_get(const char **out, rk_op *op, const rk_openapi_get_in *in)
{
    (void)in;
    *out = rk_openapi_documents[op->ctx->service - rk_services];
    return 0;
}
