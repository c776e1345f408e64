/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frontends/cli/print.h"
#include "frontends/cli/session.h"
#include "renku/renku.h"

/* --- backup and restore --- */

/* The archive is the answer, so that nothing else goes to the standard output. */
static rk_exit backup_to_output(rk_cli *cli)
{
    if (isatty(STDOUT_FILENO))
        return rk_cli_usage(cli, "a backup does not go to a terminal: name a file");
    return rk_cli_status(cli, renku_backup_fd(cli->ctx, STDOUT_FILENO, rk_cli_progress, NULL));
}

static const char *unfinished; /* what a signal leaves nothing of */

static void give_up(int signal_number)
{
    (void)unlink(unfinished); /* it need not be there yet */
    (void)raise(signal_number);
}

/* A signal that somebody ignores stays ignored. */
static void leave_nothing_of(const char *path)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = give_up, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;

    unfinished = path;
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            (void)sigaction(signals[i], &action, NULL); /* cannot fail for these */
    }
}

static rk_exit backup_to_file(rk_cli *cli, const char *path)
{
    leave_nothing_of(rk_cli_format(cli, "%s.partial", path));
    return rk_cli_show(cli, renku_backup(cli->ctx, path, rk_cli_progress, NULL));
}

rk_exit rk_cli_backup(rk_cli *cli)
{
    const char *path = cli->arguments[0];

    if (rk_cli_given(cli, RK_OPTION_VERIFY))
        return rk_cli_show(cli, renku_backup_verify(path, rk_cli_progress, NULL));
    rk_exit status = rk_cli_open(cli, true);

    if (status != RK_EXIT_OK)
        return status;
    return strcmp(path, "-") == 0 ? backup_to_output(cli) : backup_to_file(cli, path);
}

/* An empty database is not ready for requests, yet it answers. */
static bool answers(renku_ctx *ctx)
{
    renku_result *result = renku_db_status(ctx);
    bool ok = renku_result_ok(result);

    renku_result_free(result);
    return ok;
}

rk_exit rk_cli_restore(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    if (status == RK_EXIT_OK)
        status =
            rk_cli_show(cli, renku_restore(cli->ctx, cli->arguments[0], rk_cli_progress, NULL));
    return status == RK_EXIT_UNAVAILABLE && answers(cli->ctx) ? RK_EXIT_REFUSED : status;
}

/* --- one person --- */

rk_exit rk_cli_export(rk_cli *cli)
{
    const char *user = cli->options[RK_OPTION_USER];
    rk_cli_session session;

    if (!user)
        return rk_cli_usage(cli, "'export' needs to know of whom: --user USER");
    rk_exit status = rk_cli_session_about(&session, &user, cli, user);

    if (status == RK_EXIT_OK) {
        renku_result *result = renku_user_export_with(cli->ctx, user, &rk_cli_watch);

        if (renku_result_ok(result))
            puts(renku_result_body(result, NULL));
        status = rk_cli_status(cli, result);
    }
    rk_cli_session_end(&session);
    return status;
}

static void put(json_object *object, const char *name)
{
    rk_cli_put(stdout, json_object_get_string(json_object_object_get(object, name)));
}

/* A line of two or three values, with what stands between them. */
static void print_line(json_object *object, const char *const *names, const char *const *texts)
{
    for (; *names; names++, texts++) {
        fputs(*texts, stdout);
        put(object, *names);
    }
    puts(*texts);
}

static void print_obstacle(json_object *obstacle)
{
    print_line(obstacle, (const char *const[]){"type", "id", "name", NULL},
               (const char *const[]){"  ", " ", " (", ")"});
}

static void print_deletion(json_object *deletion)
{
    print_line(deletion, (const char *const[]){"rows", "table", NULL},
               (const char *const[]){"  ", " of ", ""});
}

static void print_list(const char *title, json_object *list, void (*print)(json_object *))
{
    size_t count = json_object_array_length(list);

    if (count)
        puts(title);
    for (size_t i = 0; i < count; i++)
        print(json_object_array_get_idx(list, i));
}

static void print_preview(json_object *body)
{
    const char *reason = json_object_get_string(json_object_object_get(body, "reason"));

    print_line(
        body, (const char *const[]){"username", "id", NULL},
        (const char *const[]){"", " (", reason ? ") cannot be removed" : ") can be removed"});
    if (reason)
        print_line(body, (const char *const[]){"reason", NULL}, (const char *const[]){"", ""});
    print_list("in the way:", json_object_object_get(body, "stopped_by"), print_obstacle);
    print_list("rows that would go:", json_object_object_get(body, "removed"), print_deletion);
}

/* Exit status 1 when the user cannot be removed. */
static rk_exit show_preview(rk_cli *cli, renku_result *result)
{
    json_object *body = json_tokener_parse(renku_result_body(result, NULL));
    bool possible = json_object_get_boolean(json_object_object_get(body, "possible"));

    if (!renku_result_ok(result) || rk_cli_given(cli, RK_OPTION_JSON)) {
        rk_exit status = rk_cli_show(cli, result);

        json_object_put(body);
        return status == RK_EXIT_OK && !possible ? RK_EXIT_REFUSED : status;
    }
    print_preview(body);
    json_object_put(body);
    rk_exit status = rk_cli_status(cli, result);

    return status == RK_EXIT_OK && !possible ? RK_EXIT_REFUSED : status;
}

rk_exit rk_cli_user_delete(rk_cli *cli)
{
    rk_cli_session session;
    const char *id;
    rk_exit status = rk_cli_session_about(&session, &id, cli, cli->arguments[0]);

    if (status == RK_EXIT_OK)
        status = rk_cli_given(cli, RK_OPTION_DRY_RUN)
                     ? show_preview(cli, renku_user_delete_preview(cli->ctx, id))
                     : rk_cli_show(cli, renku_user_delete(cli->ctx, session.service, id, NULL));
    rk_cli_session_end(&session);
    return status;
}

/* --- the installation --- */

rk_exit rk_cli_doctor(rk_cli *cli)
{
    renku_config *config;
    rk_exit status = rk_cli_settings(&config, cli);

    if (status == RK_EXIT_OK)
        status = rk_cli_show(cli, renku_doctor_run(config, rk_cli_given(cli, RK_OPTION_FIX)));
    renku_config_free(config);
    return status;
}
