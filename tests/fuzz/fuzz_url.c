/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of redirects and repositories: whatever the text, no crash. The normal form of a redirect's
 * URL is its own normal form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/platform/core.h"
#include "librenku/repository/repository.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int (*const normalizers[])(const char **out, rk_op *op, const char *url) = {
    rk_redirect_source,
    rk_redirect_target,
};

static void check(rk_op *op, const char *text)
{
    const char *once, *twice, *why;

    for (size_t i = 0; i < RK_COUNT(normalizers); i++) {
        rk_error_clear(op);
        if (normalizers[i](&once, op, text) < 0)
            continue;
        if (normalizers[i](&twice, op, once) < 0 || strcmp(once, twice) != 0)
            abort();
    }
    rk_error_clear(op);
    if (rk_git_url_normalize(&once, &why, op, text) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    rk_op op;
    char *text = malloc(size + 1);

    if (text && rk_op_begin(&op) == 0) {
        memcpy(text, bytes, size);
        text[size] = '\0';
        check(&op, text);
        rk_op_end(&op);
    }
    free(text);
    return 0;
}
