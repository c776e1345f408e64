/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TEST(a_token_makes_a_caller)
{
    renku_ctx *ctx = abi_open();
    const char *token = abi_env("ABI_JANE");
    char bearer[8192];
    renku_caller *with = NULL, *without = NULL;

    snprintf(bearer, sizeof(bearer), "Bearer %s", token);
    DONE(renku_caller_from_token(&with, ctx, bearer));
    DONE(renku_caller_from_token(&without, ctx, token));
    SAME_TEXT(renku_caller_id(with), abi_env("ABI_JANE_ID"));
    SAME_TEXT(renku_caller_id(without), abi_env("ABI_JANE_ID"));
    SAME_INT(renku_caller_is_admin(with), 0);
    renku_result *me = GOOD(renku_user_me(ctx, with, NULL));

    SAME_TEXT(renku_result_text(me, "/id"), abi_env("ABI_JANE_ID"));
    renku_result_free(me);
    renku_caller_free(with);
    renku_caller_free(without);
    renku_ctx_free(ctx);
}

TEST(a_bad_token_makes_no_caller)
{
    static const char *const tokens[] = {"", "nonsense", "Bearer ", "a.b.c", "Bearer \xff\xfe"};
    renku_ctx *ctx = abi_open();

    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        renku_caller *caller = (renku_caller *)ctx;

        REFUSED(renku_caller_from_token(&caller, ctx, tokens[i]), RENKU_EINVALIDTOKEN, "token");
        EXPECT(!caller);
    }
    renku_ctx_free(ctx);
}

TEST(a_token_of_an_administrator_makes_one)
{
    renku_ctx *ctx = abi_open();
    renku_caller *root = abi_person(ctx, "ABI_ROOT");

    SAME_INT(renku_caller_is_admin(root), 1);
    renku_caller_free(root);
    renku_ctx_free(ctx);
}

TEST(a_caller_expires_with_its_token)
{
    renku_ctx *ctx = abi_open();
    renku_caller *brief = NULL;
    long long end = abi_now_ms() + 20000;

    DONE(renku_caller_from_token(&brief, ctx, abi_env("ABI_BRIEF")));
    for (;;) {
        renku_result *version = renku_version_get(ctx, brief, NULL);

        if (!renku_result_ok(version)) {
            SAME_INT(renku_result_status(version), 401);
            REFUSED(version, RENKU_EINVALIDTOKEN, "expired");
            break;
        }
        renku_result_free(version);
        if (abi_now_ms() > end)
            FAIL("the token does not expire");
        abi_pause_ms(20);
    }
    REFUSED(renku_caller_from_token(&brief, ctx, abi_env("ABI_BRIEF")), RENKU_EINVALIDTOKEN, "");
    renku_caller_free(brief);
    renku_ctx_free(ctx);
}

TEST(a_user_needs_no_token)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx), *same = NULL, *nobody = (renku_caller *)ctx;

    DONE(renku_caller_from_user(&same, ctx, abi_env("ABI_JANE_ID")));
    SAME_TEXT(renku_caller_id(same), renku_caller_id(jane));
    SAME_INT(renku_caller_is_admin(same), 0);
    const char *project = abi_project(ctx, jane, "jane");

    DONE(renku_project_get(ctx, same, project, NULL, NULL));
    DONE(renku_user_me(ctx, same, NULL));
    REFUSED(renku_caller_from_user(&nobody, ctx, "nobody"), RENKU_ENOTFOUND, "'nobody'");
    EXPECT(!nobody);
    REFUSED(renku_caller_from_user(&nobody, ctx, ""), RENKU_ENOTFOUND, "");
    REFUSED(renku_caller_from_user(&nobody, ctx, "\xff\xfe"), RENKU_EINVALID, "");
    renku_caller_free(same);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

TEST(a_user_is_administrator_by_relationship)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx), *root = NULL;

    DONE(renku_authz_admin(ctx, "add", abi_env("ABI_JANE_ID")));
    DONE(renku_caller_from_user(&root, ctx, abi_env("ABI_JANE_ID")));
    SAME_INT(renku_caller_is_admin(root), 1);
    DONE(renku_user_list(ctx, root, NULL, NULL));
    DONE(renku_authz_admin(ctx, "remove", abi_env("ABI_JANE_ID")));
    renku_caller_free(root);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

TEST(a_service_may_everything)
{
    static const char *const names[] = {"migrations", "secrets_rotation", "k8s_watcher",
                                        "search_reprovision", "capacity_reservation"};
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    const char *project = abi_project(ctx, jane, "jane");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        renku_caller *service = NULL;

        DONE(renku_caller_from_service(&service, ctx, names[i]));
        SAME_TEXT(renku_caller_id(service), names[i]);
        SAME_INT(renku_caller_is_admin(service), 1);
        DONE(renku_project_get(ctx, service, project, NULL, NULL));
        renku_caller_free(service);
    }
    renku_caller *none = jane;

    REFUSED(renku_caller_from_service(&none, ctx, "root"), RENKU_EINVALID, "'root'");
    EXPECT(!none);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

TEST(no_caller_is_the_anonymous_one)
{
    renku_ctx *ctx = abi_open();

    DONE(renku_project_list(ctx, NULL, NULL, NULL));
    REFUSED(renku_user_me(ctx, NULL, NULL), RENKU_EUNAUTHORIZED, "");
    SAME_TEXT(renku_caller_id(NULL), NULL);
    SAME_INT(renku_caller_is_admin(NULL), 0);
    renku_caller_free(NULL);
    renku_ctx_free(ctx);
}

TEST(callers_refuse_null)
{
    renku_ctx *ctx = abi_open();
    renku_caller *caller = (renku_caller *)ctx;

    REFUSED(renku_caller_from_token(NULL, ctx, "x"), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_caller_from_token(&caller, NULL, "x"), RENKU_EINTERNAL, "NULL");
    EXPECT(!caller);
    REFUSED(renku_caller_from_token(&caller, ctx, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_caller_from_user(NULL, ctx, "x"), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_caller_from_user(&caller, NULL, "x"), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_caller_from_user(&caller, ctx, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_caller_from_service(NULL, ctx, "x"), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_caller_from_service(&caller, NULL, "x"), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_caller_from_service(&caller, ctx, NULL), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(a_freed_caller_is_refused_for_a_long_time)
{
    renku_ctx *ctx = abi_open();
    renku_caller *gone = NULL, *other = NULL;

    DONE(renku_caller_from_service(&gone, ctx, "migrations"));
    renku_caller_free(gone);
    renku_caller_free(gone);
    for (int i = 0; i < 1000; i++) {
        DONE(renku_caller_from_service(&other, ctx, "k8s_watcher"));
        renku_caller_free(other);
    }
    REFUSED(renku_project_list(ctx, gone, NULL, NULL), RENKU_EINTERNAL, "freed");
    SAME_TEXT(renku_caller_id(gone), NULL);
    SAME_INT(renku_caller_is_admin(gone), 0);
    renku_ctx_free(ctx);
}

TEST(thousands_of_callers_live_at_once)
{
    enum { COUNT = 3000 };
    renku_ctx *ctx = abi_open();
    renku_caller **callers = calloc(COUNT, sizeof(*callers));

    for (int i = 0; i < COUNT; i++)
        DONE(renku_caller_from_service(&callers[i], ctx, i % 2 ? "migrations" : "k8s_watcher"));
    for (int i = 0; i < COUNT; i++) {
        SAME_TEXT(renku_caller_id(callers[i]), i % 2 ? "migrations" : "k8s_watcher");
        renku_caller_free(callers[i]);
    }
    free(callers);
    renku_ctx_free(ctx);
}

TEST(a_caller_of_another_context_is_refused)
{
    renku_ctx *one = abi_open(), *two = abi_open();
    renku_caller *caller = NULL;

    DONE(renku_caller_from_service(&caller, one, "migrations"));
    REFUSED(renku_project_list(two, caller, NULL, NULL), RENKU_EINTERNAL, "another context");
    DONE(renku_project_list(one, caller, NULL, NULL));
    renku_caller_free(caller);
    renku_ctx_free(two);
    renku_ctx_free(one);
}

TEST(a_context_gives_back_callers_that_were_not_freed)
{
    renku_ctx *ctx = abi_open();
    renku_caller *left = abi_jane(ctx);

    EXPECT(renku_caller_id(left));
    renku_ctx_free(ctx);
}

TEST(without_authentication_no_token_is_taken)
{
    renku_ctx *ctx = abi_open_with("RENKU_ADMIN_ONLY", "true");
    renku_caller *caller = NULL;

    REFUSED(renku_caller_from_token(&caller, ctx, abi_env("ABI_JANE")), RENKU_ECONFIGURATION,
            "RENKU_ADMIN_ONLY");
    REFUSED(renku_token_refresh(ctx, NULL, "grant_type=refresh_token&refresh_token=x", NULL),
            RENKU_ECONFIGURATION, "RENKU_ADMIN_ONLY");
    renku_ctx_free(ctx);
}
