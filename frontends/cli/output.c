/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "frontends/cli/print.h"
#include "renku/renku.h"

enum {
    LABEL_WIDTH = 12,
    LIMIT_MAX = 1000000000,
    PERCENT_WIDTH = 7,
    WHAT_WIDTH = 60,
    USUAL_WIDTH = 80
};

static const struct {
    const char *level, *colour;
} levels[] = {
    {"error",   "\033[31m"},
    {"warning", "\033[33m"},
    {"ok",      "\033[32m"},
    {"fixed",   "\033[32m"},
};

static const struct {
    int status;
    rk_exit exit;
} exits[] = {
    {404, RK_EXIT_NOT_FOUND  },
    {503, RK_EXIT_UNAVAILABLE},
};

static bool is_progress_shown;

const renku_watch rk_cli_watch = {
    .size = sizeof(rk_cli_watch),
    .progress = rk_cli_progress,
};

bool rk_cli_given(const rk_cli *cli, rk_cli_option option)
{
    return cli->options[option] != NULL;
}

int64_t rk_cli_number(const rk_cli *cli, rk_cli_option option, int64_t fallback, int64_t most)
{
    const char *text = cli->options[option];
    char *end;

    if (!text)
        return fallback;
    errno = 0;
    long long number = strtoll(text, &end, 10);

    if (errno || end == text || *end || *text == '-' || number > most) {
        (void)rk_cli_usage(cli, "'%s' of '--%s' is no whole number from 0 to %" PRId64, text,
                           rk_cli_option_name((int)option), most);
        return -1;
    }
    return number;
}

int rk_cli_terminal_width(int stream)
{
    const char *asked = getenv("COLUMNS");
    struct winsize size;

    if (!isatty(stream))
        return 0;
    if (asked && atoi(asked) > 0)
        return atoi(asked);
    if (ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return USUAL_WIDTH;
}

bool rk_cli_is_colour(int stream)
{
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return isatty(stream) && !(no && *no) && !(terminal && strcmp(terminal, "dumb") == 0);
}

void rk_cli_complain(const char *format, va_list list)
{
    bool colour = rk_cli_is_colour(STDERR_FILENO);
    char *text = NULL;

    fflush(stdout);
    rk_cli_progress_end();
    text = vasprintf(&text, format, list) < 0 ? NULL : text;
    fprintf(stderr, "%srenku: ", colour ? "\033[31m" : "");
    rk_cli_put(stderr, text ? text : "out of memory");
    free(text);
    fprintf(stderr, "%s\n", colour ? "\033[0m" : "");
}

rk_exit rk_cli_fail(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    rk_cli_complain(format, list);
    va_end(list);
    return RK_EXIT_REFUSED;
}

rk_exit rk_cli_fail_errno(const char *what, const char *path)
{
    return rk_cli_fail("%s '%s': %s", what, path, strerror(errno));
}

int64_t rk_cli_limit(const rk_cli *cli)
{
    int64_t limit = rk_cli_number(cli, RK_OPTION_LIMIT, INT64_MAX, LIMIT_MAX);

    if (limit != 0)
        return limit;
    (void)rk_cli_usage(cli, "'--limit' must be at least 1");
    return -1;
}

rk_exit rk_cli_flush(void)
{
    bool failed = ferror(stdout) || fflush(stdout) != 0;

    if (!failed)
        return RK_EXIT_OK;
    clearerr(stdout); /* it is told once */
    return rk_cli_fail_errno("cannot write", "the answer");
}

static void print_scalar(json_object *value)
{
    int width;
    char *text = rk_cli_value(value, &width);

    fputs(text, stdout);
    free(text);
}

/* {"code":..,"name":..,"level":..,"problem":..,"remedy":..} as two lines. */
static bool print_finding(json_object *finding)
{
    const char *level = json_object_get_string(json_object_object_get(finding, "level"));
    const char *remedy = json_object_get_string(json_object_object_get(finding, "remedy"));
    bool problem = json_object_object_get_ex(finding, "problem", NULL);
    const char *colour = NULL;

    if (!level)
        return false;
    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
        if (strcmp(levels[i].level, level) == 0 && rk_cli_is_colour(STDOUT_FILENO))
            colour = levels[i].colour;
    }
    printf("%s%-8s%s ", colour ? colour : "", level, colour ? "\033[0m" : "");
    print_scalar(json_object_object_get(finding, "code"));
    fputs(": ", stdout);
    print_scalar(json_object_object_get(finding, problem ? "problem" : "name"));
    putchar('\n');
    if (remedy && *remedy)
        printf("         %s\n", remedy);
    return true;
}

/* A path of relationships on one line. */
static void print_path(json_object *path)
{
    for (size_t i = 0; i < json_object_array_length(path); i++) {
        fputs(i ? "  <-  " : "", stdout);
        print_scalar(json_object_array_get_idx(path, i));
    }
    putchar('\n');
}

static void print_items(json_object *array, const char *indent)
{
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        json_object *item = json_object_array_get_idx(array, i);

        fputs(indent, stdout);
        if (json_object_is_type(item, json_type_array)) {
            print_path(item);
        } else if (!json_object_is_type(item, json_type_object) || !print_finding(item)) {
            print_scalar(item);
            putchar('\n');
        }
    }
}

static void print_member(const char *name, json_object *value, int width)
{
    if (!json_object_is_type(value, json_type_array)) {
        printf("%-*s ", width, name);
        print_scalar(value);
        putchar('\n');
        return;
    }
    size_t length = json_object_array_length(value);

    printf("%-*s %s\n", width, name, length ? "" : "none");
    print_items(value, "  ");
}

/* An answer for people: one member a line; an answer that is only a list, one item a line. */
static void print_object(json_object *object)
{
    json_object_iter member;
    int width = LABEL_WIDTH;

    json_object_object_foreachC(object, member)
    {
        if ((int)strlen(member.key) > width)
            width = (int)strlen(member.key);
    }
    json_object_object_foreachC(object, member)
    {
        if (json_object_object_length(object) == 1 &&
            json_object_is_type(member.val, json_type_array))
            print_items(member.val, "");
        else
            print_member(member.key, member.val, width);
    }
}

static void print_body(const renku_result *result)
{
    size_t size;
    const char *body = renku_result_body(result, &size);
    json_object *object = *body == '{' ? json_tokener_parse(body) : NULL;

    if (!object)
        fwrite(body, 1, size, stdout);
    else if (!json_object_object_get(object, "error"))
        print_object(object);
    json_object_put(object);
}

/* Text that is no JSON becomes a JSON string, so that a script always reads JSON. */
static void print_json(const renku_result *result)
{
    size_t size;
    const char *body = renku_result_body(result, &size);

    if (*body == '{' || *body == '[') {
        fwrite(body, 1, size, stdout);
    } else {
        if (size == 0)
            return;
        json_object *text = json_object_new_string_len(body, (int)size);

        fputs(json_object_to_json_string_ext(text, JSON_C_TO_STRING_PLAIN), stdout);
        json_object_put(text);
    }
    putchar('\n');
}

/* Whether something that the library needs is down. Over HTTP a database that is down is an
 * internal error like any other; a script wants to know whether to try again. */
static bool is_unavailable(rk_cli *cli, const renku_result *result)
{
    if (renku_result_status(result) != 500 || !cli->ctx)
        return false;
    cli->is_quiet = true; /* it would say again what has been said */
    renku_result *ready = renku_http_ready(cli->ctx, 0);
    bool down = renku_result_status(ready) == 503;

    cli->is_quiet = false;
    renku_result_free(ready);
    return down;
}

static rk_exit exit_of(rk_cli *cli, const renku_result *result)
{
    for (size_t i = 0; i < sizeof(exits) / sizeof(*exits); i++) {
        if (exits[i].status == renku_result_status(result))
            return exits[i].exit;
    }
    if (renku_result_ok(result))
        return RK_EXIT_OK;
    return is_unavailable(cli, result) ? RK_EXIT_UNAVAILABLE : RK_EXIT_REFUSED;
}

/* What to do when something is down: the doctor itself has said it. */
static void advise(rk_cli *cli)
{
    bool local = rk_cli_given(cli, RK_OPTION_DATA);
    const char *folder = local ? rk_cli_quote(cli, rk_cli_folder(cli)) : "";

    if (local && !rk_cli_is_running(cli))
        fprintf(stderr, "  a local installation must be running: renku up --data %s\n", folder);
    else if (strcmp(cli->command->name, "doctor") != 0)
        fprintf(stderr, "  what is wrong: renku doctor%s%s\n", local ? " --data " : "", folder);
}

rk_exit rk_cli_status(rk_cli *cli, renku_result *result)
{
    rk_exit status = exit_of(cli, result);
    const char *detail = renku_result_detail(result);

    if (status != RK_EXIT_OK) {
        (void)rk_cli_fail("%s", renku_result_message(result));
        if (detail) {
            fputs("  ", stderr);
            rk_cli_put(stderr, detail);
            fputc('\n', stderr);
        }
        if (status == RK_EXIT_UNAVAILABLE)
            advise(cli);
    }
    renku_result_free(result);
    return status;
}

rk_exit rk_cli_show(rk_cli *cli, renku_result *result)
{
    rk_cli_progress_end();
    if (rk_cli_given(cli, RK_OPTION_JSON))
        print_json(result);
    else
        print_body(result);
    rk_exit written = rk_cli_flush(), status = rk_cli_status(cli, result);

    return status == RK_EXIT_OK ? written : status;
}

void rk_cli_progress(void *user, double share, const char *what)
{
    (void)user;
    if (!isatty(STDERR_FILENO))
        return;
    int room = rk_cli_terminal_width(STDERR_FILENO) - PERCENT_WIDTH - 1;

    room = room < 0 ? 0 : room < WHAT_WIDTH ? room : WHAT_WIDTH;
    fprintf(stderr, "\r%3d %%  %-*.*s", (int)(share * 100), room, room, what ? what : "");
    is_progress_shown = true;
    if (share >= 1)
        rk_cli_progress_end();
    fflush(stderr);
}

void rk_cli_progress_end(void)
{
    if (is_progress_shown)
        fputs("\r\033[K", stderr);
    is_progress_shown = false;
}
