/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CLI_H
#define RK_CLI_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "renku/admin.h"

/* What a command ends with. */
typedef enum {
    RK_EXIT_OK = 0,
    RK_EXIT_REFUSED = 1,
    RK_EXIT_USAGE = 2,
    RK_EXIT_NOT_FOUND = 3,
    RK_EXIT_UNAVAILABLE = 4,
} rk_exit;

typedef enum {
#define RK_OPTION(constant, name, argument, help) RK_OPTION_##constant,
#include "frontends/cli/options.def"
#undef RK_OPTION
    RK_OPTION_COUNT_
} rk_cli_option;

typedef struct rk_cli rk_cli;

typedef struct {
    const char *name; /* one to three words */
    rk_exit (*run)(rk_cli *cli);
    const char *arguments;
    int least, most;  /* arguments; -1 is any number */
    uint64_t options; /* bit of each option that it takes */
    const char *summary;
    const char *example;
    /* of a row of calls.def */
    const char *operation, *input, *columns;
} rk_cli_command;

#define RK_OPTION_BIT(constant) (UINT64_C(1) << RK_OPTION_##constant)
/* The command reads its arguments itself. */
#define RK_OPTIONS_RAW (UINT64_C(1) << 63)
/* The command has a help of its own for its first argument. */
#define RK_OPTIONS_HELP_OF (UINT64_C(1) << 62)
_Static_assert(RK_OPTION_COUNT_ < 62, "the set of options must grow");

/* One option as it was given. */
typedef struct {
    rk_cli_option option;
    const char *value;
} rk_cli_given_option;

/* One call of the program. */
struct rk_cli {
    const rk_cli_command *command;
    const char *options[RK_OPTION_COUNT_]; /* NULL: not given; "" when it takes no argument */
    rk_cli_given_option *given;            /* all, in their order */
    int given_count;
    char **arguments;
    int argument_count;
    renku_ctx *ctx;                 /* NULL before rk_cli_open() */
    bool is_quiet;                  /* log lines of the library go nowhere */
    struct rk_cli_text *texts;      /* everything that rk_cli_format() made */
    struct json_object *operations; /* what rk_cli_operations() has read */
    struct json_object *tasks;      /* what rk_cli_task_list() has read */
};

extern const rk_cli_command rk_cli_commands[];
extern const int rk_cli_command_count;

/* main.c */
/* The command whose name is the longest beginning of the words; @p used: of how many. */
const rk_cli_command *rk_cli_find(char **words, int count, int *used);

/* help.c */
const char *rk_cli_option_name(int option);
/* What its argument is called; NULL when it takes none. */
const char *rk_cli_option_argument(int option);
const char *rk_cli_option_help(int option);
bool rk_cli_takes(const rk_cli_command *command, int option);
void rk_cli_help_all(void);
void rk_cli_help_group(const char *group);
void rk_cli_help(const rk_cli_command *command);
/* Says what is wrong with the words of the call. */
rk_exit rk_cli_usage(const rk_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* text.c: never NULL, since the program ends when there is no memory; lives as long as @p cli. */
char *rk_cli_format(rk_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *rk_cli_own(rk_cli *cli, char *text);
void rk_cli_free(rk_cli *cli);
/* The whole content, NUL-terminated; NULL and errno when it cannot be read. @p size may be NULL. */
char *rk_cli_read_file(rk_cli *cli, const char *path, size_t *size);
/* Gives memory back, or ends the program when there is none. */
void *rk_cli_or_end(void *memory);
/* Text as one word of a shell. */
const char *rk_cli_quote(rk_cli *cli, const char *text);

/* output.c */
bool rk_cli_given(const rk_cli *cli, rk_cli_option option);
/* A whole number of an option, @p fallback when it is not given; -1 and a message when it is none.
 */
int64_t rk_cli_number(const rk_cli *cli, rk_cli_option option, int64_t fallback, int64_t most);
/* "renku: ..." on the standard error output, with what must not reach a terminal escaped. */
void rk_cli_complain(const char *format, va_list list) __attribute__((format(printf, 1, 0)));
/* "renku: ..." on the standard error output; returns RK_EXIT_REFUSED. */
rk_exit rk_cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
rk_exit rk_cli_fail_errno(const char *what, const char *path);
/* Writes out the answer so far; a failure is told once. */
rk_exit rk_cli_flush(void);
/* Writes what a call of the library has brought, then frees it. */
rk_exit rk_cli_show(rk_cli *cli, renku_result *result);
/* The same for a result whose body is not to be shown. */
rk_exit rk_cli_status(rk_cli *cli, renku_result *result);
/* Colours and progress are for terminals. @p stream: 1 or 2. */
bool rk_cli_is_colour(int stream);
/* Columns of a terminal; 0 when the stream, 1 or 2, is none. */
int rk_cli_terminal_width(int stream);
void rk_cli_progress(void *user, double share, const char *what);
/* Takes away the line of progress of work that has broken off, so that others find theirs empty. */
void rk_cli_progress_end(void);
/* The same for calls of the library that tell how far they are. */
extern const renku_watch rk_cli_watch;

/* A number from 1 for --limit; INT64_MAX when it is not given; -1 and a message when it is none. */
int64_t rk_cli_limit(const rk_cli *cli);
/* context.c */
/* The settings of the environment, and of the local installation of --data over them. */
rk_exit rk_cli_settings(renku_config **out, rk_cli *cli);
/* Makes cli->ctx from the environment, or from the local installation of --data. It is closed at
 * the end of the command at the latest. */
rk_exit rk_cli_open(rk_cli *cli, bool admin_only);
void rk_cli_close(rk_cli *cli);
/* The folder of the local installation, absolute: --data, or the default. */
const char *rk_cli_folder(rk_cli *cli);
/* Whether the `renku up` that has it lives, as far as its lock file tells. */
bool rk_cli_is_running(rk_cli *cli);
/* Path of this program as it can be typed, also from a build folder. */
const char *rk_cli_program(rk_cli *cli);

/* fetch.c: GET of one URL, without a proxy. */
enum { RK_FETCH_TIMEOUT_S = 10 };
typedef struct {
    char *body;         /* NUL-terminated, of the caller, who frees it; never NULL */
    const char *reason; /* why there was no answer */
} rk_cli_answer;
/* The status; 0 when there is no whole answer. @p token: NULL is none. */
long rk_cli_fetch(rk_cli_answer *out, rk_cli *cli, const char *url, const char *token);

/* environment.c: the file DIR/env, NAME=VALUE lines that a shell can read too. */
/* The value of one line, NULL when there is none. */
const char *rk_cli_env_value(rk_cli *cli, const char *path, const char *name);
/* @p lines: name and value in turns, ends with NULL. Replaces the file at once. */
int rk_cli_env_write(rk_cli *cli, const char *path, const char *const *lines);

/* call.c: every command of calls.def */
rk_exit rk_cli_call(rk_cli *cli);

#define RK_COMMAND(function, ...) rk_exit rk_cli_##function(rk_cli *cli);
#include "frontends/cli/commands.def"
#undef RK_COMMAND

#endif
