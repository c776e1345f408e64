/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "frontends/cli/cli.h"
#include "frontends/cli/control.h"
#include "frontends/cli/print.h"
#include "frontends/server/activation.h"
#include "renku/renku.h"

/* Signals are read where the control port is, so that no moment is the wrong one. */
static int hold_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail for it */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static const char *member(json_object *object, const char *name)
{
    return json_object_get_string(json_object_object_get(object, name));
}

/* What differs from the defaults; secrets are masked already. */
static rk_exit tell_settings(rk_cli *cli)
{
    renku_config *config;
    rk_exit status = rk_cli_settings(&config, cli);
    renku_result *result = renku_config_describe(config);
    json_object *body = json_tokener_parse(renku_result_body(result, NULL));
    json_object *settings = json_object_object_get(body, "settings");

    for (size_t i = 0; settings && i < json_object_array_length(settings); i++) {
        json_object *one = json_object_array_get_idx(settings, i);

        if (strcmp(member(one, "source"), "default") == 0)
            continue;
        fprintf(stderr, "%s=", member(one, "name"));
        rk_cli_put(stderr, member(one, "value"));
        fputc('\n', stderr);
    }
    json_object_put(body);
    renku_result_free(result);
    renku_config_free(config);
    return status;
}

static rk_exit run_all(rk_cli *cli, renku_ctx *ctx, rk_control *control, int signals)
{
    renku_tasks *tasks;
    rk_exit status = rk_cli_status(cli, renku_tasks_new(&tasks, ctx));

    if (status == RK_EXIT_OK)
        status = rk_cli_status(cli, renku_tasks_start(tasks, NULL));
    if (status == RK_EXIT_OK) {
        fprintf(stderr, "listening on %s\n", rk_control_address(control));
        rk_activation_notify("READY=1");
        rk_control_serve(control, tasks, signals);
        rk_activation_notify("STOPPING=1");
        fputs("stopping ...\n", stderr);
    }
    renku_tasks_free(tasks);
    return status;
}

static rk_exit run(rk_cli *cli)
{
    renku_ctx *ctx = NULL;
    int signals = hold_signals();

    if (signals < 0 || setenv("LOG_APP_LEVEL", "INFO", 0) < 0)
        return rk_cli_fail_errno("cannot prepare", "the task runner");
    rk_exit status = tell_settings(cli);

    if (status == RK_EXIT_OK)
        status = rk_cli_open(&ctx, cli, true);
    rk_control *control = status == RK_EXIT_OK ? rk_control_open(cli, ctx) : NULL;

    if (status == RK_EXIT_OK)
        status = control ? run_all(cli, ctx, control, signals) : RK_EXIT_REFUSED;
    rk_control_free(control);
    renku_ctx_free(ctx);
    close(signals);
    return status;
}

static rk_exit run_once(rk_cli *cli)
{
    renku_ctx *ctx;
    rk_exit status = rk_cli_open(&ctx, cli, true);

    if (status == RK_EXIT_OK)
        status = rk_cli_show(cli, renku_task_once(ctx, cli->arguments[0]));
    renku_ctx_free(ctx);
    return status;
}

rk_exit rk_cli_tasks(rk_cli *cli)
{
    bool once = rk_cli_given(cli, RK_OPTION_ONCE);

    if (once && !cli->argument_count)
        return rk_cli_usage(cli, "'--once' needs the name of a task");
    if (!once && cli->argument_count)
        return rk_cli_usage(cli, "one task alone runs with '--once'");
    return once ? run_once(cli) : run(cli);
}
