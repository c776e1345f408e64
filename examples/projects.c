/* SPDX-License-Identifier: Apache-2.0 */
#include <renku/renku.h>
#include <stdio.h>

int main(void)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = NULL;
    renku_result *result = NULL;

    if (config && renku_config_from_environment(config) == 0)
        result = renku_ctx_new(&ctx, config);
    if (renku_result_ok(result)) {
        renku_result_free(result);
        result = renku_project_list(ctx, NULL, NULL, NULL);
    }
    printf("%d %s\n", renku_result_status(result), renku_result_body(result, NULL));
    renku_result_free(result);
    renku_ctx_free(ctx);
    renku_config_free(config);
}
