/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CLI_H
#define RK_CLI_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "renku/types.h"

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
    uint32_t options; /* bit of each option that it takes */
    const char *summary;
    const char *example;
} rk_cli_command;

#define RK_OPTION_BIT(constant) (UINT32_C(1) << RK_OPTION_##constant)
/* The command reads its arguments itself. */
#define RK_OPTIONS_RAW (UINT32_C(1) << 31)

/* One call of the program. */
struct rk_cli {
    const rk_cli_command *command;
    const char *options[RK_OPTION_COUNT_]; /* NULL: not given; "" when it takes no argument */
    char **arguments;
    int argument_count;
    renku_ctx *ctx;            /* borrowed; what the last rk_cli_open() has made */
    bool is_quiet;             /* log lines of the library go nowhere */
    struct rk_cli_text *texts; /* everything that rk_cli_format() made */
};

extern const rk_cli_command rk_cli_commands[];
extern const int rk_cli_command_count;

/* help.c */
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
/* Text as one word of a shell. */
const char *rk_cli_quote(rk_cli *cli, const char *text);

/* output.c */
bool rk_cli_given(const rk_cli *cli, rk_cli_option option);
/* A whole number of an option, @p fallback when it is not given; -1 and a message when it is none.
 */
int64_t rk_cli_number(const rk_cli *cli, rk_cli_option option, int64_t fallback, int64_t most);
/* "renku: ..." on the standard error output; returns RK_EXIT_REFUSED. */
rk_exit rk_cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
rk_exit rk_cli_fail_errno(const char *what, const char *path);
/* Writes what a call of the library has brought, then frees it. */
rk_exit rk_cli_show(rk_cli *cli, renku_result *result);
/* The same for a result whose body is not to be shown. */
rk_exit rk_cli_status(rk_cli *cli, renku_result *result);
/* Colours and progress are for terminals. @p stream: 1 or 2. */
bool rk_cli_is_colour(int stream);
void rk_cli_progress(void *user, double share, const char *what);

/* context.c */
/* A library context from the environment, or from the local installation of --data. */
rk_exit rk_cli_open(renku_ctx **out, rk_cli *cli, bool admin_only);
/* The folder of the local installation, absolute: --data, or the default. */
const char *rk_cli_folder(rk_cli *cli);
/* Path of this program as it can be typed, also from a build folder. */
const char *rk_cli_program(rk_cli *cli);

/* environment.c: the file DIR/env, KEY=VALUE lines that a shell can read too. */
typedef void rk_cli_setting(void *user, const char *name, const char *value);
/* -1 and errno when it cannot be read. Calls @p each for every line. */
int rk_cli_env_read(rk_cli *cli, const char *path, rk_cli_setting *each, void *user);
/* The value of one line, NULL when there is none. */
const char *rk_cli_env_value(rk_cli *cli, const char *path, const char *name);
/* @p lines: name and value in turns, ends with NULL. Replaces the file at once. */
int rk_cli_env_write(rk_cli *cli, const char *path, const char *const *lines);

#define RK_COMMAND(function, ...) rk_exit rk_cli_##function(rk_cli *cli);
#include "frontends/cli/commands.def"
#undef RK_COMMAND

#endif
