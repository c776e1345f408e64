/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/error.h"

#define QUIET true
#define LOUD false

static const rk_error_row rows[] = {
#define RK_ERROR(name, code, status, quiet, message) {#name, code, status, quiet, message},
#include "librenku/base/error.def"
#undef RK_ERROR
};

const rk_error_row *rk_error_row_of(int err)
{
    if (err <= RK_ERR_FIRST_ || err >= RK_ERR_END_)
        err = RK_ERR_INTERNAL;
    return &rows[err - RK_ERR_FIRST_ - 1];
}
