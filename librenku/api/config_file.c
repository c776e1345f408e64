/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/api/ctx.h"
#include "librenku/api/result.h"
#include "librenku/base/buf.h"

/* Settings from a file, and what a configuration says for people. */

/* --- reading ---------------------------------------------------------------------------------- */

/* Undoes the quotes of a shell, in place; false when one is left open. */
static bool unquote(char *text)
{
    char quote = '\0', *out = text;

    for (; *text; text++) {
        if (quote ? *text == quote : *text == '\'' || *text == '"')
            quote = (char)(quote ? '\0' : *text);
        else if (*text == '\\' && quote != '\'' && text[1])
            *out++ = *++text;
        else
            *out++ = *text;
    }
    *out = '\0';
    return !quote;
}

static bool is_name(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

    return length && !text[length] && (*text < '0' || *text > '9');
}

static int no_line(rk_op *op, const char *path, int number)
{
    return rk_fail(op, RK_ERR_CONFIGURATION, "Line %d of '%s' is not NAME=VALUE.", number, path);
}

static int cannot_read(rk_op *op, const char *path, int why)
{
    if (why == ENOMEM)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    errno = why; /* for %m */
    return rk_fail(op, why == ENOENT ? RK_ERR_NOT_FOUND : RK_ERR_CONFIGURATION,
                   "'%s' cannot be read: %m", path);
}

/* Takes one line, without its end. */
static int take_line(renku_config *config, rk_op *op, char *line, const char *path, int number)
{
    char *text = line + strspn(line, " \t");
    char *equals = strchr(text, '=');

    if (!*text || *text == '#')
        return 0;
    if (strncmp(text, "export ", 7) == 0)
        text += 7;
    if (equals)
        *equals = '\0';
    if (!equals || !is_name(text) || !unquote(equals + 1))
        return no_line(op, path, number);
    if (rk_config_put(config, text, equals + 1, path) < 0)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    return 0;
}

static int take_lines(renku_config *config, rk_op *op, FILE *file, const char *path)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int result = 0;

    for (int number = 1; result == 0 && (length = getline(&line, &size, file)) >= 0; number++) {
        bool whole = strlen(line) == (size_t)length;

        line[strcspn(line, "\r\n")] = '\0';
        result = whole ? take_line(config, op, line, path, number) : no_line(op, path, number);
    }
    int why = feof(file) ? 0 : errno; /* also of a line that found no memory */

    if (line)
        explicit_bzero(line, size); /* some settings are secrets */
    free(line);
    return result == 0 && why ? cannot_read(op, path, why) : result;
}

static int read_file(renku_config *config, rk_op *op, const char *path)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return cannot_read(op, path, errno);
    int result = take_lines(config, op, file, path);

    (void)fclose(file); /* it was only read */
    return result;
}

/* --- describing ------------------------------------------------------------------------------- */

static const char *from_config(void *user, const char *name)
{
    return renku_config_get(user, name);
}

int rk_config_problem(const char **problem, rk_op *op, const renku_config *config)
{
    rk_settings *settings;

    *problem = NULL;
    if (rk_settings_load(&settings, op, from_config, (void *)(uintptr_t)config) == 0)
        return 0;
    if (op->error.err == RK_ERR_NO_MEMORY)
        return op->error.err;
    *problem = op->error.message;
    rk_error_clear(op);
    return 0;
}

static const char *source_of(const renku_config *config, const char *name)
{
    for (size_t i = 0; i < config->count; i++) {
        if (config->entries[i].value && strcmp(config->entries[i].name, name) == 0)
            return config->entries[i].source;
    }
    return "default";
}

static void write_member(rk_buf *out, const char *name, const char *value)
{
    rk_buf_printf(out, ",\"%s\":", name);
    if (value)
        rk_buf_json_text(out, value);
    else
        rk_buf_text(out, "null");
}

static void write_setting(rk_buf *out, const renku_config *config, rk_setting setting)
{
    const char *name = rk_setting_name(setting);
    const char *value = renku_config_get(config, name);
    bool is_secret = rk_setting_is_secret(setting);

    if (!value)
        value = rk_setting_default(setting);
    rk_buf_text(out, "{\"name\":");
    rk_buf_json_text(out, name);
    write_member(out, "value", value && is_secret ? "***" : value);
    write_member(out, "source", source_of(config, name));
    write_member(out, "kind", rk_setting_kind(setting));
    write_member(out, "required", rk_setting_required(setting));
    rk_buf_text(out, is_secret ? ",\"secret\":true" : ",\"secret\":false");
    write_member(out, "default", is_secret ? NULL : rk_setting_default(setting));
    write_member(out, "help", rk_setting_help(setting));
    rk_buf_text(out, "}");
}

static int describe(renku_result *out, rk_op *op, const renku_config *config)
{
    const char *problem;
    rk_buf buf;

    RK_TRY(rk_config_problem(&problem, op, config));
    rk_buf_begin(&buf, op, 16384);
    rk_buf_text(&buf, "{\"settings\":[");
    for (int i = 0; i < RK_SETTING_COUNT_; i++) {
        rk_buf_text(&buf, i ? "," : "");
        write_setting(&buf, config, (rk_setting)i);
    }
    rk_buf_text(&buf, "]");
    write_member(&buf, "problem", problem);
    rk_buf_text(&buf, "}");
    RK_TRY(rk_buf_finish(&buf));
    rk_result_body(out, "application/json", buf.text, buf.length);
    return 0;
}

/* --- for programs ----------------------------------------------------------------------------- */

renku_result *renku_config_from_file(renku_config *config, const char *path)
{
    rk_op op;

    if (!config || !path)
        return rk_result_refused(RK_ERR_INTERNAL, "renku_config_from_file: an argument is NULL.");
    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    return rk_result_settle(&op, rk_result_new(&op), read_file(config, &op, path));
}

renku_result *renku_config_describe(const renku_config *config)
{
    rk_op op;

    if (!config)
        return rk_result_refused(RK_ERR_INTERNAL,
                                 "renku_config_describe: the configuration is NULL.");
    if (rk_op_begin(&op) < 0)
        return rk_result_no_memory();
    renku_result *result = rk_result_new(&op);

    return rk_result_settle(&op, result, result ? describe(result, &op, config) : -1);
}
