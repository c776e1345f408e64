/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "renku/renku.h"

rk_exit rk_cli_db_migrate(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    if (status != RK_EXIT_OK)
        return status;
    return rk_cli_show(cli, rk_cli_given(cli, RK_OPTION_CHECK)
                                ? renku_db_status(cli->ctx)
                                : renku_db_migrate_with(cli->ctx, &rk_cli_watch));
}

rk_exit rk_cli_db_status(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    return status == RK_EXIT_OK ? rk_cli_show(cli, renku_db_status(cli->ctx)) : status;
}

rk_exit rk_cli_db_check(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    return status == RK_EXIT_OK ? rk_cli_show(cli, renku_db_check(cli->ctx)) : status;
}

rk_exit rk_cli_db_adopt(rk_cli *cli)
{
    rk_exit status = rk_cli_open(cli, true);

    return status == RK_EXIT_OK ? rk_cli_show(cli, renku_db_adopt_with(cli->ctx, &rk_cli_watch))
                                : status;
}

rk_exit rk_cli_db_hand_back(rk_cli *cli)
{
    int force = rk_cli_given(cli, RK_OPTION_FORCE);
    rk_exit status = rk_cli_open(cli, true);

    return status == RK_EXIT_OK ? rk_cli_show(cli, renku_db_hand_back(cli->ctx, force)) : status;
}

rk_exit rk_cli_db_verify(rk_cli *cli)
{
    int repair = rk_cli_given(cli, RK_OPTION_REPAIR);
    rk_exit status = rk_cli_open(cli, true);

    return status == RK_EXIT_OK
               ? rk_cli_show(cli, renku_db_verify_with(cli->ctx, repair, &rk_cli_watch))
               : status;
}

/* The highest number of the files NNNN_name.sql; -1 and errno when the folder cannot be read. */
static int newest_migration(const char *folder)
{
    DIR *open_folder = opendir(folder);
    int newest = 0;

    if (!open_folder)
        return -1;
    for (const struct dirent *entry; (entry = readdir(open_folder));) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);

        if (end == entry->d_name + 4 && *end == '_' && number > newest)
            newest = (int)number;
    }
    closedir(open_folder);
    return newest;
}

static bool is_migration_name(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            return false;
    }
    return *name != '\0';
}

rk_exit rk_cli_db_new(rk_cli *cli)
{
    const char *name = cli->arguments[0];

    if (!is_migration_name(name))
        return rk_cli_usage(cli, "'%s' is no name: use lower-case letters, digits and _", name);
    int newest = newest_migration("migrations");

    if (newest < 0 && errno == ENOENT)
        return rk_cli_fail("there is no folder 'migrations' here: run this in the source tree");
    if (newest < 0)
        return rk_cli_fail_errno("cannot read", "migrations");
    const char *path = rk_cli_format(cli, "migrations/%04d_%s.sql", newest + 1, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0 || dprintf(fd, "-- SPDX-License-Identifier: Apache-2.0\n") < 0 || close(fd) < 0)
        return rk_cli_fail_errno("cannot write", path);
    printf(rk_cli_given(cli, RK_OPTION_JSON) ? "{\"file\":\"%s\"}\n" : "%s\n", path);
    return RK_EXIT_OK;
}
