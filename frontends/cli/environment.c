/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Undoes what rk_cli_quote() did, in place. */
static void unquote(char *text)
{
    bool quoted = false;
    char *out = text;

    for (; *text; text++) {
        if (*text == '\'')
            quoted = !quoted;
        else if (*text == '\\' && !quoted && text[1])
            *out++ = *++text;
        else
            *out++ = *text;
    }
    *out = '\0';
}

int rk_cli_env_read(rk_cli *cli, const char *path, rk_cli_setting *each, void *user)
{
    char *rest = rk_cli_read_file(cli, path, NULL);

    if (!rest)
        return -1;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *equals = strchr(line, '=');

        if (*line == '#' || !equals)
            continue;
        *equals = '\0';
        unquote(equals + 1);
        each(user, line, equals + 1);
    }
    return 0;
}

typedef struct {
    const char *name, *value;
} search;

static void compare(void *user, const char *name, const char *value)
{
    search *wanted = user;

    if (strcmp(wanted->name, name) == 0)
        wanted->value = value;
}

const char *rk_cli_env_value(rk_cli *cli, const char *path, const char *name)
{
    search wanted = {name, NULL};

    return rk_cli_env_read(cli, path, compare, &wanted) < 0 ? NULL : wanted.value;
}

int rk_cli_env_write(rk_cli *cli, const char *path, const char *const *lines)
{
    const char *next = rk_cli_format(cli, "%s.new", path);
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    if (!file)
        return -1;
    fputs("# Written by renku up at each start. A shell can read it: set -a; . ./env\n", file);
    for (; *lines; lines += 2)
        fprintf(file, "%s=%s\n", lines[0], rk_cli_quote(cli, lines[1]));
    bool failed = fflush(file) != 0 || fsync(fd) != 0;

    if (fclose(file) != 0 || failed)
        return -1;
    return rename(next, path);
}
