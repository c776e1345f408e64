/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "frontends/server/identity.h"
#include "renku/renku.h"

enum {
    DAY_S = 24 * 60 * 60,
    LONGEST_S = 10 * 365 * DAY_S,
    USER_ID_SIZE = 37,
};

typedef struct {
    const char *name;
    char id[USER_ID_SIZE];
    char *token;
    int64_t lifetime_s;
} holder;

/* Whether `renku up` has the lock of the folder. */
static bool is_running(rk_cli *cli)
{
    int fd = open(rk_cli_format(cli, "%s/lock", rk_cli_folder(cli)), O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    bool taken = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

    close(fd);
    return taken;
}

static bool is_user_name(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("._@-", *c))
            return false;
    }
    return *name && strlen(name) < 200;
}

/* Signs with the key of the local identity provider. */
static rk_exit mint(holder *out, rk_cli *cli)
{
    const char *folder = rk_cli_format(cli, "%s/identity", rk_cli_folder(cli));
    const char *env = rk_cli_format(cli, "%s/env", rk_cli_folder(cli));
    const char *url = rk_cli_env_value(cli, env, "KEYCLOAK_URL");
    rk_identity *identity = rk_identity_open_folder(folder);

    if (!identity && errno == ENOENT) {
        (void)rk_cli_fail("there is no local installation in '%s'; `renku up` makes one",
                          rk_cli_folder(cli));
        return RK_EXIT_NOT_FOUND;
    }
    if (!identity)
        return rk_cli_fail_errno("cannot read the signing key in", folder);
    const rk_identity_request request = {
        .issuer = rk_cli_format(cli, "%s/realms/Renku", url ? url : ""),
        .username = out->name,
        .client = "renku-cli",
        .admin = rk_cli_given(cli, RK_OPTION_ADMIN),
        .lifetime_seconds = (long)out->lifetime_s,
    };

    out->token = rk_identity_token(identity, &request);
    rk_identity_user_id(out->id, identity, out->name);
    rk_identity_free(identity);
    return out->token ? RK_EXIT_OK : rk_cli_fail("the token cannot be signed");
}

/* The first call of a user makes the record and the namespace, so that the next calls can use them.
 */
static rk_exit introduce(rk_cli *cli, const holder *user)
{
    const char *env = rk_cli_format(cli, "%s/env", rk_cli_folder(cli));
    const char *url = rk_cli_env_value(cli, env, "RENKU_URL");
    rk_cli_answer answer;

    if (!url || !*url)
        return RK_EXIT_OK;
    url = rk_cli_format(cli, "%s/api/data/user", url);
    long status = rk_cli_fetch(&answer, cli, url, user->token);

    free(answer.body);
    if (status == 200)
        return RK_EXIT_OK;
    (void)rk_cli_fail("%s does not know the user '%s': %s", url, user->name,
                      status ? rk_cli_format(cli, "status %ld", status) : answer.reason);
    return RK_EXIT_UNAVAILABLE;
}

static rk_exit make_admin(rk_cli *cli, const holder *user)
{
    rk_exit status = rk_cli_open(cli, true);

    if (status != RK_EXIT_OK)
        return status;
    return rk_cli_status(cli, renku_authz_admin(cli->ctx, "add", user->id));
}

/* Makes the user known to a running installation; one that is down learns of the user at the first
 * call. */
static rk_exit enter(rk_cli *cli, const holder *user)
{
    if (is_running(cli)) {
        rk_exit status = introduce(cli, user);

        if (status == RK_EXIT_OK && rk_cli_given(cli, RK_OPTION_ADMIN))
            status = make_admin(cli, user);
        return status;
    }
    if (!rk_cli_given(cli, RK_OPTION_ADMIN))
        return RK_EXIT_OK;
    (void)rk_cli_fail("'%s' does not run, so that nobody can be made an administrator; start it "
                      "with `renku up`",
                      rk_cli_folder(cli));
    return RK_EXIT_UNAVAILABLE;
}

rk_exit rk_cli_token(rk_cli *cli)
{
    holder user = {.name = cli->arguments[0],
                   .lifetime_s = rk_cli_number(cli, RK_OPTION_EXPIRES, DAY_S, LONGEST_S)};

    if (user.lifetime_s < 0)
        return RK_EXIT_USAGE;
    if (!is_user_name(user.name))
        return rk_cli_usage(cli, "'%s' is no user name: use letters, digits and . _ @ -",
                            user.name);
    cli->options[RK_OPTION_DATA] = rk_cli_folder(cli);
    rk_exit status = mint(&user, cli);

    if (status == RK_EXIT_OK)
        status = enter(cli, &user);
    if (status == RK_EXIT_OK && rk_cli_given(cli, RK_OPTION_JSON))
        printf("{\"token\":\"%s\",\"user_id\":\"%s\",\"expires_in\":%lld}\n", user.token, user.id,
               (long long)user.lifetime_s);
    else if (status == RK_EXIT_OK)
        puts(user.token);
    free(user.token);
    return status;
}
