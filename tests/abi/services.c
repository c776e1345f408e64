/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/abi/abi.h"

/* A context is made for one service: what it offers, and what it does not. */

static renku_ctx *open_storage(void)
{
    renku_config *config = abi_config();
    renku_ctx *ctx = NULL;

    EXPECT(renku_config_set(config, "RENKU_SERVICE", "secrets") == 0);
    EXPECT(renku_config_set(config, "DUMMY_STORES", "true") == 0);
    EXPECT(renku_config_set(config, "SECRETS_SERVICE_PRIVATE_KEY_PATH", "/nonexistent/key") == 0);
    DONE(renku_ctx_new(&ctx, config));
    renku_config_free(config);
    return ctx;
}

static renku_result *run(renku_ctx *ctx, const renku_caller *caller, const char *operation,
                         const char *body)
{
    renku_request request = RENKU_REQUEST_INIT;

    request.operation = operation;
    request.body = body;
    request.body_size = body ? strlen(body) : 0;
    return renku_request_run(ctx, caller, &request);
}

TEST(the_secrets_storage_is_called_by_name)
{
    static const char body[] = "{\"name\":\"n\",\"namespace\":\"default\",\"owner_references\":[],"
                               "\"secret_ids\":[\"01J2F86WS7S8N6159WA3X4042H\"]}";
    renku_ctx *ctx = open_storage();
    renku_caller *jane = NULL, *service = NULL;

    DONE(renku_caller_from_token(&jane, ctx, "{\"id\":\"jane\"}"));
    DONE(renku_caller_from_service(&service, ctx, "migrations"));
    REFUSED(run(ctx, NULL, "kubernetes_secret_create", body), RENKU_EUNAUTHORIZED, "authenticated");
    REFUSED(run(ctx, service, "kubernetes_secret_create", body), RENKU_EFORBIDDEN, "a user must");
    REFUSED(run(ctx, jane, "kubernetes_secret_create", NULL), RENKU_EINVALID, "wrong type");
    REFUSED(run(ctx, jane, "kubernetes_secret_create", body), RENKU_ENOTFOUND,
            "01J2F86WS7S8N6159WA3X4042H");
    DONE(run(ctx, NULL, "version_get", NULL));
    renku_caller_free(jane);
    renku_caller_free(service);
    renku_ctx_free(ctx);
}

TEST(no_service_offers_what_belongs_to_the_other)
{
    renku_ctx *storage = open_storage(), *data = abi_open();

    REFUSED(run(storage, NULL, "user_me", NULL), RENKU_ENOTFOUND, "'secrets'");
    REFUSED(renku_user_me(storage, NULL, NULL), RENKU_ENOTFOUND, "'secrets'");
    DONE(renku_version_get(storage, NULL, NULL));
    REFUSED(run(data, NULL, "kubernetes_secret_create", "{}"), RENKU_ENOTFOUND,
            "renku_operation_list()");
    renku_ctx_free(storage);
    renku_ctx_free(data);
}

TEST(an_unknown_service_makes_no_context)
{
    renku_config *config = abi_config();
    renku_ctx *ctx = NULL;

    EXPECT(renku_config_set(config, "RENKU_SERVICE", "identity") == 0);
    REFUSED(renku_ctx_new(&ctx, config), RENKU_ECONFIGURATION, "RENKU_SERVICE");
    EXPECT(!ctx);
    renku_config_free(config);
}
