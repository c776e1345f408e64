/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TEST(the_library_knows_its_version)
{
    SAME_TEXT(renku_version(), RENKU_VERSION);
    SAME_INT(RENKU_VERSION_NUMBER, 10000 * (RENKU_VERSION[0] - '0') +
                                       100 * (RENKU_VERSION[2] - '0') + (RENKU_VERSION[4] - '0'));
}

TEST(the_tools_of_an_operator_work)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    const char *id = abi_project(ctx, jane, "jane"), *jane_id = abi_env("ABI_JANE_ID");

    DONE(renku_db_migrate(ctx));
    DONE(renku_db_status(ctx));
    DONE(renku_db_check(ctx));
    DONE(renku_db_verify(ctx, 0));
    DONE(renku_db_verify(ctx, 1));
    renku_result *may = GOOD(renku_authz_check(ctx, "project", id, "read", jane_id));

    SAME_INT(renku_result_bool(may, "/allowed", -1), 1);
    renku_result_free(may);
    may = GOOD(renku_authz_check(ctx, "project", id, "read", NULL));
    SAME_INT(renku_result_bool(may, "/allowed", -1), 0);
    renku_result_free(may);
    may = GOOD(renku_authz_explain(ctx, "project", id, "read", jane_id));
    EXPECT(renku_result_count(may, "/paths") > 0);
    renku_result_free(may);
    may = GOOD(renku_authz_lookup(ctx, "project", "read", jane_id));
    EXPECT(strstr(renku_result_body(may, NULL), id));
    renku_result_free(may);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

TEST(relationships_leave_and_come_back)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    const char *id = abi_project(ctx, jane, "jane");
    renku_result *text = GOOD(renku_authz_export(ctx));
    size_t size;
    const char *body = renku_result_body(text, &size);

    EXPECT(strstr(body, id));
    DONE(renku_authz_import(ctx, body, size, 0));
    DONE(renku_authz_import(ctx, body, size, 1));
    REFUSED(renku_authz_import(ctx, "nonsense", 8, 0), RENKU_EINVALID, "");
    renku_result_free(text);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

TEST(an_installation_is_examined)
{
    renku_ctx *ctx = abi_open();
    renku_result *found = renku_doctor(ctx);

    EXPECT(renku_result_type(found, "/findings") == RENKU_TYPE_ARRAY ||
           renku_result_type(found, "/error") == RENKU_TYPE_OBJECT);
    renku_result_free(found);
    renku_ctx_free(ctx);
}

static void count_progress(void *user, double share, const char *what)
{
    if (share < 0 || share > 1 || !what)
        FAIL("%f %s", share, what);
    ++*(int *)user;
}

TEST(long_work_is_watched)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    int calls = 0, before = 0;
    renku_watch watch = RENKU_WATCH_INIT, blank = {0};
    size_t size;

    (void)abi_project(ctx, jane, "jane");
    watch.progress = count_progress;
    watch.user = &calls;
    renku_result *text = GOOD(renku_authz_export_with(ctx, &watch));
    const char *body = renku_result_body(text, &size);

#define WATCHED(call)                                                                              \
    before = calls;                                                                                \
    DONE(call);                                                                                    \
    EXPECT(calls > before)
    EXPECT(calls > 1);
    WATCHED(renku_db_migrate_with(ctx, &watch));
    WATCHED(renku_db_verify_with(ctx, 1, &watch));
    WATCHED(renku_authz_import_with(ctx, body, size, 1, &watch));
    WATCHED(renku_user_export_with(ctx, abi_env("ABI_JANE_ID"), &watch));
    REFUSED(renku_db_adopt_with(ctx, &watch), RENKU_ECONFLICT, "");
    DONE(renku_db_migrate_with(ctx, NULL));
    REFUSED(renku_db_migrate_with(ctx, &blank), RENKU_EINTERNAL, "RENKU_WATCH_INIT");
    REFUSED(renku_db_migrate_with(NULL, &watch), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_db_adopt_with(NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_db_verify_with(NULL, 0, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_export_with(NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_import_with(NULL, "", 0, 0, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_import_with(ctx, NULL, 5, 0, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_import_with(ctx, "", 0, 0, NULL), RENKU_EINVALID, "no relationship");
    REFUSED(renku_user_export_with(NULL, "x", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_user_export_with(ctx, NULL, NULL), RENKU_EINTERNAL, "NULL");
    renku_result_free(text);
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

TEST(a_database_is_filled_with_progress)
{
    renku_ctx *ctx = abi_open();
    renku_seed seed = RENKU_SEED_INIT;
    int calls = 0;

    seed.users = 3;
    seed.groups = 2;
    seed.projects = 4;
    seed.progress = count_progress;
    seed.user = &calls;
    DONE(renku_dev_seed(ctx, &seed));
    EXPECT(calls > 0);
    seed.users = -1;
    REFUSED(renku_dev_seed(ctx, &seed), RENKU_EINVALID, "");
    renku_ctx_free(ctx);
}

TEST(a_database_is_backed_up_and_checked)
{
    char folder[] = "/tmp/abi-XXXXXX", path[64];
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    int calls = 0, pipe_ends[2];

    (void)abi_project(ctx, jane, "jane"); /* so that the database is not empty */
    renku_caller_free(jane);
    EXPECT(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/backup", folder);
    REFUSED(renku_backup_verify(path, NULL, NULL), RENKU_ENOTFOUND, "");
    DONE(renku_backup(ctx, path, count_progress, &calls));
    EXPECT(calls > 0);
    DONE(renku_backup_verify(path, count_progress, &calls));
    REFUSED(renku_restore(ctx, path, NULL, NULL), RENKU_ECONFLICT, "");
    EXPECT(unlink(path) == 0);

    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    DONE(renku_backup_fd(ctx, fd, NULL, NULL));
    EXPECT(close(fd) == 0);
    DONE(renku_backup_verify(path, NULL, NULL));
    EXPECT(truncate(path, 4096) == 0);
    REFUSED(renku_backup_verify(path, NULL, NULL), RENKU_EINVALID, "");
    REFUSED(renku_restore(ctx, path, NULL, NULL), RENKU_EINVALID, "");
    EXPECT(pipe2(pipe_ends, O_CLOEXEC) == 0 && close(pipe_ends[0]) == 0 &&
           close(pipe_ends[1]) == 0);
    renku_result *closed = renku_backup_fd(ctx, pipe_ends[1], NULL, NULL);

    EXPECT(!renku_result_ok(closed));
    renku_result_free(closed);
    EXPECT(unlink(path) == 0 && rmdir(folder) == 0);
    renku_ctx_free(ctx);
}

TEST(everything_about_a_person_is_told_and_removal_is_previewed)
{
    renku_ctx *ctx = abi_open();
    renku_caller *jane = abi_jane(ctx);
    const char *id = abi_project(ctx, jane, "jane"), *jane_id = abi_env("ABI_JANE_ID");
    renku_result *told = GOOD(renku_user_export(ctx, jane_id));

    EXPECT(strstr(renku_result_body(told, NULL), id));
    renku_result_free(told);
    DONE(renku_user_delete_preview(ctx, jane_id));
    DONE(renku_project_get(ctx, jane, id, NULL, NULL));
    REFUSED(renku_user_export(ctx, "nobody-at-all"), RENKU_ENOTFOUND, "");
    REFUSED(renku_user_delete_preview(ctx, "nobody-at-all"), RENKU_ENOTFOUND, "");
    renku_caller_free(jane);
    renku_ctx_free(ctx);
}

TEST(settings_are_examined_before_a_context_stands)
{
    renku_config *config = abi_config();
    renku_result *found = renku_doctor_run(config, 0);

    EXPECT(renku_result_type(found, "/findings") == RENKU_TYPE_ARRAY);
    renku_result_free(found);
    SAME_INT(renku_config_set(config, "DB_PORT", "nonsense"), 0);
    found = renku_doctor_run(config, 0);
    EXPECT(strstr(renku_result_body(found, NULL), "DB_PORT"));
    renku_result_free(found);
    renku_config_free(config);
}

TEST(a_rotation_names_the_key_that_it_lacks)
{
    renku_ctx *ctx = abi_open();

    REFUSED(renku_secrets_rotate(ctx, NULL, NULL), RENKU_ECONFIGURATION, "_PRIVATE_KEY_PATH");
    REFUSED(renku_secrets_rotate_status(ctx, NULL, NULL), RENKU_ECONFIGURATION,
            "_PRIVATE_KEY_PATH");
    REFUSED(renku_secrets_rotate(NULL, NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_secrets_rotate_status(NULL, NULL, NULL), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(a_rotation_takes_its_manner_in_a_structure)
{
    renku_ctx *ctx = abi_open();
    renku_rotation how = RENKU_ROTATION_INIT, blank = {0};

    REFUSED(renku_secrets_rotate_with(ctx, &how), RENKU_ECONFIGURATION, "_PRIVATE_KEY_PATH");
    REFUSED(renku_secrets_rotate_with(ctx, NULL), RENKU_ECONFIGURATION, "_PRIVATE_KEY_PATH");
    REFUSED(renku_secrets_rotate_with(ctx, &blank), RENKU_EINTERNAL, "RENKU_ROTATION_INIT");
    REFUSED(renku_secrets_rotate_with(NULL, &how), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(a_synchronisation_takes_its_manner_in_a_structure)
{
    renku_ctx *ctx = abi_open_with("DUMMY_STORES", "true");
    renku_sync how = RENKU_SYNC_INIT, blank = {0}, wrong = RENKU_SYNC_INIT;

    how.dry_run = 1;
    how.users = RENKU_SYNC_EVENTS;
    wrong.users = 3;
    renku_result *told = GOOD(renku_users_sync(ctx, &how));

    SAME_INT(renku_result_bool(told, "/dry_run", -1), 1);
    renku_result_free(told);
    DONE(renku_admins_sync(ctx, &how));
    REFUSED(renku_users_sync(ctx, &blank), RENKU_EINTERNAL, "RENKU_SYNC_INIT");
    REFUSED(renku_admins_sync(ctx, &blank), RENKU_EINTERNAL, "RENKU_SYNC_INIT");
    REFUSED(renku_users_sync(ctx, &wrong), RENKU_EINTERNAL, "RENKU_SYNC_");
    REFUSED(renku_users_sync(NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_admins_sync(NULL, NULL), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(a_foreign_database_is_not_adopted_nor_handed_back)
{
    renku_ctx *ctx = abi_open_with("DB_NAME", abi_env("ABI_SPARE_DATABASE"));
    renku_result *result = renku_db_adopt(ctx);

    EXPECT(renku_result_status(result) >= 200);
    renku_result_free(result);
    result = renku_db_hand_back(ctx, 0);
    EXPECT(renku_result_status(result) >= 200);
    renku_result_free(result);
    renku_ctx_free(ctx);
}

TEST(the_tools_of_an_operator_refuse_null)
{
    renku_ctx *ctx = abi_open();
    renku_seed seed = RENKU_SEED_INIT;

    REFUSED(renku_db_migrate(NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_db_status(NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_db_check(NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_db_adopt(NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_db_hand_back(NULL, 0), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_db_verify(NULL, 0), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_check(NULL, "a", "b", "c", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_explain(NULL, "a", "b", "c", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_lookup(NULL, "a", "b", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_export(NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_import(NULL, "", 0, 0), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_admin(NULL, "list", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_dev_seed(NULL, &seed), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_doctor(NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_check(ctx, NULL, "b", "c", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_check(ctx, "project", NULL, "read", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_check(ctx, "project", "b", NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_explain(ctx, NULL, "b", "c", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_explain(ctx, "project", NULL, "read", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_lookup(ctx, NULL, "read", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_lookup(ctx, "project", NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_import(ctx, NULL, 5, 0), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_admin(ctx, NULL, "x"), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_admin(ctx, "add", NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_authz_admin(ctx, "explode", "x"), RENKU_EINVALID, "explode");
    REFUSED(renku_dev_seed(ctx, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_backup(NULL, "/tmp/x", NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_backup(ctx, NULL, NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_backup_fd(NULL, 1, NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_backup_verify(NULL, NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_restore(NULL, "/tmp/x", NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_restore(ctx, NULL, NULL, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_user_export(ctx, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_user_export(NULL, "x"), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_user_delete_preview(ctx, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_doctor_run(NULL, 0), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(permissions_that_cannot_be_are_refused)
{
    renku_ctx *ctx = abi_open();

    REFUSED(renku_authz_check(ctx, "castle", "x", "read", NULL), RENKU_EINVALID, "castle");
    REFUSED(renku_authz_check(ctx, "project", "x", "fly", NULL), RENKU_EINVALID, "fly");
    REFUSED(renku_authz_lookup(ctx, "castle", "read", NULL), RENKU_EINVALID, "castle");
    renku_ctx_free(ctx);
}
