/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TEST(settings_come_and_go)
{
    renku_config *config = renku_config_new();
    const char *name = "x", *value = "x";

    SAME_INT(renku_config_set(config, "DB_NAME", "one"), 0);
    SAME_INT(renku_config_set(config, "DB_HOST", ""), 0);
    SAME_INT(renku_config_set(config, "DB_NAME", "two"), 0);
    SAME_TEXT(renku_config_get(config, "DB_NAME"), "two");
    SAME_TEXT(renku_config_get(config, "DB_HOST"), "");
    SAME_TEXT(renku_config_get(config, "DB_PORT"), NULL);
    SAME_INT(renku_config_entry(config, 0, &name, &value), 1);
    SAME_TEXT(name, "DB_NAME");
    SAME_TEXT(value, "two");
    SAME_INT(renku_config_entry(config, 1, NULL, NULL), 1);
    SAME_INT(renku_config_entry(config, 2, &name, &value), 0);
    SAME_TEXT(name, "DB_NAME");
    SAME_INT(renku_config_set(config, "DB_NAME", NULL), 0);
    SAME_INT(renku_config_set(config, "NEVER_SET", NULL), 0);
    SAME_TEXT(renku_config_get(config, "DB_NAME"), NULL);
    renku_config_free(config);
}

TEST(a_configuration_takes_null_as_no_answer)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = (renku_ctx *)config;

    SAME_INT(renku_config_set(NULL, "A", "b"), -1);
    SAME_INT(renku_config_set(config, NULL, "b"), -1);
    SAME_TEXT(renku_config_get(NULL, "A"), NULL);
    SAME_TEXT(renku_config_get(config, NULL), NULL);
    SAME_INT(renku_config_entry(NULL, 0, NULL, NULL), 0);
    SAME_INT(renku_config_from_environment(NULL), -1);
    renku_config_log(NULL, NULL, NULL);
    renku_config_log(config, NULL, NULL);
    renku_config_free(NULL);
    REFUSED(renku_config_describe(NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_config_from_file(NULL, "/dev/null"), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_config_from_file(config, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_ctx_new(NULL, config), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_ctx_new(&ctx, NULL), RENKU_EINTERNAL, "NULL");
    EXPECT(!ctx);
    renku_ctx_free(NULL);
    renku_config_free(config);
}

TEST(a_context_without_settings_names_what_is_missing)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = (renku_ctx *)config;
    renku_result *result = renku_ctx_new(&ctx, config);

    SAME_INT(renku_result_status(result), 500);
    SAME_INT(renku_result_code(result), 1500);
    EXPECT(strstr(renku_result_message(result), "DB_PASSWORD"));
    EXPECT(!ctx);
    REFUSED(result, RENKU_ECONFIGURATION, "KEYCLOAK_URL");
    renku_config_free(config);
}

/* --- files ------------------------------------------------------------------------------------ */

static void write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");

    EXPECT(file);
    EXPECT(fwrite(text, 1, size, file) == size);
    EXPECT(fclose(file) == 0);
}

static renku_result *read_text(renku_config *config, const char *text, size_t size)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/settings", abi_env("ABI_FOLDER"));
    write_file(path, text, size);
    return renku_config_from_file(config, path);
}

TEST(a_file_is_read_as_a_shell_would)
{
    static const char text[] = "# said before\n"
                               "\n"
                               "DB_HOST=plain\n"
                               "  export DB_PORT='54 32'\r\n"
                               "DB_USER=\"a \\\"b\\\" 'c'\"\n"
                               "DB_PASSWORD='a\\b'\"c\"d\\ e\n"
                               "DB_NAME=";
    renku_config *config = renku_config_new();

    DONE(read_text(config, text, strlen(text)));
    SAME_TEXT(renku_config_get(config, "DB_HOST"), "plain");
    SAME_TEXT(renku_config_get(config, "DB_PORT"), "54 32");
    SAME_TEXT(renku_config_get(config, "DB_USER"), "a \"b\" 'c'");
    SAME_TEXT(renku_config_get(config, "DB_PASSWORD"), "a\\bcd e");
    SAME_TEXT(renku_config_get(config, "DB_NAME"), "");
    renku_config_free(config);
}

TEST(a_line_that_says_nothing_is_refused_with_its_number)
{
    static const struct {
        const char *text;
        size_t size; /* 0: to the end */
        const char *says;
    } files[] = {
        {"A=1\nnonsense\n", 0, "Line 2 of "},
        {"A=1\n\n=x\n",     0, "Line 3 of "},
        {"9A=1\n",          0, "Line 1 of "},
        {"A B=1\n",         0, "Line 1 of "},
        {"A='open\nB=1\n",  0, "Line 1 of "},
        {"A=\"open\n",      0, "Line 1 of "},
        {"A=x\0y\n",        6, "Line 1 of "},
    };
    renku_config *config = renku_config_new();

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        REFUSED(
            read_text(config, files[i].text, files[i].size ? files[i].size : strlen(files[i].text)),
            RENKU_ECONFIGURATION, files[i].says);
    renku_config_free(config);
}

TEST(a_file_that_cannot_be_read_is_refused)
{
    renku_config *config = renku_config_new();

    REFUSED(renku_config_from_file(config, "/nonexistent"), RENKU_ENOTFOUND, "/nonexistent");
    REFUSED(renku_config_from_file(config, "/"), RENKU_ECONFIGURATION, "Is a directory");
    renku_config_free(config);
}

/* --- describing ------------------------------------------------------------------------------- */

/* Where that setting stands in the description. */
static void member_of(char pointer[64], const renku_result *about, const char *name,
                      const char *member)
{
    for (size_t i = 0; i < renku_result_count(about, "/settings"); i++) {
        snprintf(pointer, 64, "/settings/%zu/name", i);
        if (strcmp(renku_result_text(about, pointer), name) == 0) {
            snprintf(pointer, 64, "/settings/%zu/%s", i, member);
            return;
        }
    }
    FAIL("no setting %s", name);
}

TEST(a_description_masks_secrets_and_names_sources)
{
    renku_config *config = abi_config();
    char at[64];

    EXPECT(renku_config_set(config, "DB_POOL_SIZE", "7") == 0);
    DONE(read_text(config, "DB_PORT=1", 9));
    renku_result *about = GOOD(renku_config_describe(config));

    EXPECT(!strstr(renku_result_body(about, NULL), abi_env("KEYCLOAK_CLIENT_SECRET")));
    member_of(at, about, "DB_PASSWORD", "value");
    SAME_TEXT(renku_result_text(about, at), "***");
    member_of(at, about, "DB_PASSWORD", "source");
    SAME_TEXT(renku_result_text(about, at), "environment");
    member_of(at, about, "DB_POOL_SIZE", "source");
    SAME_TEXT(renku_result_text(about, at), "call");
    member_of(at, about, "DB_PORT", "source");
    EXPECT(strstr(renku_result_text(about, at), "/settings"));
    member_of(at, about, "LOG_ROOT_LEVEL", "source");
    SAME_TEXT(renku_result_text(about, at), "default");
    member_of(at, about, "DB_POOL_SIZE", "kind");
    EXPECT(renku_result_text(about, at));
    SAME_INT(renku_result_type(about, "/problem"), RENKU_TYPE_NULL);
    renku_result_free(about);
    renku_config_free(config);
}

TEST(a_description_says_what_is_wrong_and_stays_json)
{
    renku_config *config = abi_config();

    EXPECT(renku_config_set(config, "DB_POOL_SIZE", "many \"\xff\xc0\n") == 0);
    renku_result *about = GOOD(renku_config_describe(config));

    EXPECT(renku_result_text(about, "/problem"));
    EXPECT(strstr(renku_result_text(about, "/problem"), "DB_POOL_SIZE"));
    renku_result_free(about);
    renku_config_free(config);
}

TEST(a_context_shows_its_settings_but_no_secret)
{
    renku_ctx *ctx = abi_open_with("DB_POOL_SIZE", "3");

    SAME_TEXT(renku_ctx_setting(ctx, "DB_POOL_SIZE"), "3");
    SAME_TEXT(renku_ctx_setting(ctx, "DB_PASSWORD"), NULL);
    SAME_TEXT(renku_ctx_setting(ctx, "NO_SUCH"), NULL);
    SAME_TEXT(renku_ctx_setting(ctx, NULL), NULL);
    SAME_TEXT(renku_ctx_setting(NULL, "DB_POOL_SIZE"), NULL);
    renku_ctx_free(ctx);
}
