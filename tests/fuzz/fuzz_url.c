/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of redirects and repositories: whatever the text, no crash; a normal form is its own normal
 * form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/platform/core.h"
#include "librenku/repository/repository.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int repository(const char **out, rk_op *op, const char *url)
{
    const char *why;

    RK_TRY(rk_git_url_normalize(out, &why, op, url));
    return why ? RK_ERR_INVALID : 0;
}

static int (*const normalizers[])(const char **out, rk_op *op, const char *url) = {
    rk_redirect_source,
    rk_redirect_target,
    repository,
};

static void check(rk_op *op, const char *text)
{
    for (size_t i = 0; i < RK_COUNT(normalizers); i++) {
        const char *once, *twice;

        rk_error_clear(op);
        if (normalizers[i](&once, op, text) < 0)
            continue;
        if (normalizers[i](&twice, op, once) < 0 || strcmp(once, twice) != 0)
            abort();
    }
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
