/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "renku/renku.h"

const char *rk_cli_env_value(rk_cli *cli, const char *path, const char *name)
{
    renku_config *config = rk_cli_or_end(renku_config_new());
    renku_result *result = renku_config_from_file(config, path);
    const char *value = renku_config_get(config, name);

    value = value ? rk_cli_format(cli, "%s", value) : NULL;
    renku_result_free(result); /* a file that cannot be read has no values */
    renku_config_free(config);
    return value;
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
