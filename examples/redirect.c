/* SPDX-License-Identifier: Apache-2.0 */
/* Where a legacy URL leads: redirect SETTINGS URL. Status 3 when nobody knows. */
#include "example.h"

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s SETTINGS URL\n", argv[0]);
        return 2;
    }
    renku_ctx *ctx = open_context(argv[1]);
    renku_result *result = renku_redirect_get(ctx, NULL, argv[2], NULL);
    int status = renku_result_status(result) == 404 ? 3 : !renku_result_ok(result);

    if (status)
        fprintf(stderr, "%s\n", renku_result_message(result));
    else
        printf("%s\n", renku_result_text(result, "/target_url"));
    renku_result_free(result);
    renku_ctx_free(ctx);
    return status;
}
