/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/api/ctx.h"
#include "librenku/base/letters.h"

static const struct {
    rk_setting setting;
    int level;
} level_lists[] = {
    {RK_SET_CRITICAL_LOGGING, RK_LOG_CRITICAL},
    {RK_SET_ERROR_LOGGING,    RK_LOG_ERROR   },
    {RK_SET_WARNING_LOGGING,  RK_LOG_WARNING },
    {RK_SET_INFO_LOGGING,     RK_LOG_INFO    },
    {RK_SET_DEBUG_LOGGING,    RK_LOG_DEBUG   },
    {RK_SET_NOTSET_LOGGING,   RK_LOG_NOTSET  },
};

static int read_level(int *out, rk_op *op, rk_setting setting)
{
    const char *name = rk_settings_text(op->settings, setting);

    *out = rk_log_level_of(name);
    if (*out < 0)
        return rk_fail(op, RK_ERR_CONFIGURATION, "%s: \"%s\" is no log level.",
                       rk_setting_name(setting), name);
    return 0;
}

static int count_names(const char *list)
{
    int count = 1;

    for (; *list; list++)
        count += *list == ',';
    return count;
}

static int count_all(const rk_settings *settings)
{
    int count = 0;

    for (size_t i = 0; i < RK_COUNT(level_lists); i++) {
        const char *list = rk_settings_text(settings, level_lists[i].setting);

        count += list ? count_names(list) : 0;
    }
    return count;
}

static int add_names(rk_log *log, rk_log_rule *rules, rk_op *op, const char *list, int level)
{
    char *rest = rk_strdup(op, list);
    char *save;

    RK_CHECK(rest);
    for (char *name = strtok_r(rest, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
        name += strspn(name, " \t");
        name[strcspn(name, " \t")] = '\0';
        if (*name)
            rules[log->rule_count++] = (rk_log_rule){name, level};
    }
    return 0;
}

static int read_rules(rk_log *log, rk_op *op)
{
    rk_log_rule *rules = rk_new_array(op, rk_log_rule, (size_t)count_all(op->settings) + 1);

    RK_CHECK(rules);
    for (size_t i = 0; i < RK_COUNT(level_lists); i++) {
        const char *list = rk_settings_text(op->settings, level_lists[i].setting);

        if (list)
            RK_TRY(add_names(log, rules, op, list, level_lists[i].level));
    }
    log->rules = rules;
    return 0;
}

int rk_ctx_open_log(renku_ctx *ctx, const renku_config *config)
{
    rk_op *op = &ctx->op;
    rk_log *log = &ctx->log;

    log->sink = config->log;
    log->user = config->log_user;
    log->json = rk_letters_equal(rk_settings_text(op->settings, RK_SET_LOG_FORMAT_STYLE), "json");
    RK_TRY(read_level(&log->root_level, op, RK_SET_LOG_ROOT_LEVEL));
    RK_TRY(read_level(&log->app_level, op, RK_SET_LOG_APP_LEVEL));
    RK_TRY(read_rules(log, op));
    op->log = log;
    for (int i = 0; i < log->rule_count; i++)
        rk_log_info(op, "logging", "logger %s: level %d", log->rules[i].logger,
                    log->rules[i].level);
    return 0;
}
