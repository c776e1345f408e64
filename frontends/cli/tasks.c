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
#include "frontends/cli/request.h"
#include "frontends/server/activation.h"
#include "frontends/server/sanitizer.h"
#include "frontends/server/user.h"
#include "renku/renku.h"

enum { WHY_BYTES = 256 };

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

/* Whether a task is among those that an option names. */
static bool is_named(const rk_cli *cli, rk_cli_option option, const char *task)
{
    for (int i = 0; i < cli->given_count; i++) {
        if (cli->given[i].option == option && strcmp(cli->given[i].value, task) == 0)
            return true;
    }
    return false;
}

static bool is_chosen(const rk_cli *cli, const char *task)
{
    if (rk_cli_given(cli, RK_OPTION_ONLY) && !is_named(cli, RK_OPTION_ONLY, task))
        return false;
    return !is_named(cli, RK_OPTION_EXCEPT, task);
}

static int count_chosen(rk_cli *cli)
{
    json_object *all = rk_cli_task_list(cli);
    int count = 0;

    for (size_t i = 0; i < json_object_array_length(all); i++)
        count += is_chosen(cli, rk_cli_text_of(json_object_array_get_idx(all, i), "name"));
    return count;
}

/* A name that is mistyped would choose other tasks than were meant. */
static rk_exit check_choice(rk_cli *cli)
{
    for (int i = 0; i < cli->given_count; i++) {
        const rk_cli_given_option *one = &cli->given[i];
        bool names = one->option == RK_OPTION_ONLY || one->option == RK_OPTION_EXCEPT;

        if (!names || rk_cli_task(cli, one->value))
            continue;
        (void)rk_cli_fail("there is no task '%s'; `renku tasks --list` shows all", one->value);
        return RK_EXIT_NOT_FOUND;
    }
    return count_chosen(cli) ? RK_EXIT_OK
                             : rk_cli_usage(cli, "'--only' and '--except' leave no task");
}

static rk_exit start_chosen(rk_cli *cli, renku_tasks *tasks)
{
    json_object *all = rk_cli_task_list(cli);
    rk_exit status = RK_EXIT_OK;

    for (size_t i = 0; i < json_object_array_length(all) && status == RK_EXIT_OK; i++) {
        const char *name = rk_cli_text_of(json_object_array_get_idx(all, i), "name");

        if (is_chosen(cli, name))
            status = rk_cli_status(cli, renku_tasks_start(tasks, name));
    }
    return status;
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

        if (strcmp(rk_cli_text_of(one, "source"), "default") == 0)
            continue;
        fprintf(stderr, "%s=", rk_cli_text_of(one, "name"));
        rk_cli_put(stderr, rk_cli_text_of(one, "value"));
        fputc('\n', stderr);
    }
    json_object_put(body);
    renku_result_free(result);
    renku_config_free(config);
    return status;
}

/* Root has opened the port; it runs no task. */
static rk_exit give_up_root(void)
{
    char why[WHY_BYTES];
    rk_user user;

    if (geteuid() != 0)
        return RK_EXIT_OK;
    if (!rk_user_serving(&user, why, sizeof(why)))
        return rk_cli_fail("%s", why);
    return rk_user_become(&user) < 0 ? rk_cli_fail_errno("cannot become", "RENKU_RUN_AS")
                                     : RK_EXIT_OK;
}

static rk_exit run_all(rk_cli *cli, rk_control *control, int signals)
{
    renku_tasks *tasks;
    rk_exit status = rk_cli_status(cli, renku_tasks_new(&tasks, cli->ctx));

    if (status == RK_EXIT_OK)
        status = give_up_root();
    if (status == RK_EXIT_OK)
        status = start_chosen(cli, tasks);
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
    int signals = hold_signals();

    if (signals < 0 || setenv("LOG_APP_LEVEL", "INFO", 0) < 0)
        return rk_cli_fail_errno("cannot prepare", "the task runner");
    rk_exit status = tell_settings(cli);

    if (status == RK_EXIT_OK)
        status = rk_cli_open(cli, true);
    rk_control *control = status == RK_EXIT_OK ? rk_control_open(cli, cli->ctx) : NULL;

    if (status == RK_EXIT_OK)
        status = control ? run_all(cli, control, signals) : RK_EXIT_REFUSED;
    rk_control_free(control);
    rk_cli_close(cli);
    close(signals);
    rk_sanitizer_report_leaks();
    return status;
}

static rk_exit run_once(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    return status == RK_EXIT_OK ? rk_cli_show(cli, renku_task_once(cli->ctx, cli->arguments[0]))
                                : status;
}

rk_exit rk_cli_tasks(rk_cli *cli)
{
    const rk_cli_request whole = {.columns = "name period summary", .limit = INT64_MAX};
    bool once = rk_cli_given(cli, RK_OPTION_ONCE);
    bool chooses = rk_cli_given(cli, RK_OPTION_ONLY) || rk_cli_given(cli, RK_OPTION_EXCEPT);

    if (rk_cli_given(cli, RK_OPTION_LIST))
        return rk_cli_list_whole(cli, renku_task_list(), &whole);
    if (once && !cli->argument_count)
        return rk_cli_usage(cli, "'--once' needs the name of a task");
    if (!once && cli->argument_count)
        return rk_cli_usage(cli, "one task alone runs with '--once'");
    if (once && chooses)
        return rk_cli_usage(cli,
                            "'--once' names its task: it goes without '--only' and '--except'");
    if (once)
        return run_once(cli);
    rk_exit status = check_choice(cli);

    return status == RK_EXIT_OK ? run(cli) : status;
}
