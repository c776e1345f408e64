/* SPDX-License-Identifier: Apache-2.0 */
/* What all examples begin with. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <renku/renku.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program with the message of a call that failed; gives a good result back. */
static inline renku_result *must(renku_result *result, const char *what)
{
    if (renku_result_ok(result))
        return result;
    fprintf(stderr, "%s: %s\n", what, renku_result_message(result));
    if (renku_result_detail(result))
        fprintf(stderr, "  %s\n", renku_result_detail(result));
    exit(1);
}

/* A context from a file of settings, such as `renku up` writes, or from the environment. */
static inline renku_ctx *open_context(const char *settings)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = NULL;

    if (settings)
        renku_result_free(must(renku_config_from_file(config, settings), settings));
    else
        (void)renku_config_from_environment(config);
    renku_result_free(must(renku_ctx_new(&ctx, config), "settings"));
    renku_config_free(config);
    return ctx;
}

/* On whose behalf: whoever the bearer token in RENKU_TOKEN belongs to. */
static inline renku_caller *open_caller(renku_ctx *ctx)
{
    const char *token = getenv("RENKU_TOKEN");
    renku_caller *caller = NULL;

    if (!token) {
        fprintf(stderr, "RENKU_TOKEN is not set: RENKU_TOKEN=$(renku token alice) %s\n",
                "makes one for a local installation");
        exit(2);
    }
    renku_result_free(must(renku_caller_from_token(&caller, ctx, token), "RENKU_TOKEN"));
    return caller;
}

#endif
