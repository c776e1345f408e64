/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CLI_SESSION_H
#define RK_CLI_SESSION_H

#include "frontends/cli/cli.h"

/* On whose behalf a command acts: the user of --as, the holder of the token in RENKU_TOKEN, or the
 * operator, who holds the configuration and may do everything that is no person's own. */
typedef struct {
    rk_cli *cli;
    renku_caller *service; /* the operator, who finds users by their names */
    renku_caller *person;  /* NULL: the operator acts */
} rk_cli_session;

/* Opens the library; @p out is to be ended whatever comes out. @p whole: with keys and all else
 * that a server needs, not with the database alone. */
rk_exit rk_cli_session_begin(rk_cli_session *out, rk_cli *cli, bool whole);
/* The same for the operator, who asks about one user, given as people know them. */
rk_exit rk_cli_session_about(rk_cli_session *out, const char **user_id, rk_cli *cli,
                             const char *name);
void rk_cli_session_end(rk_cli_session *session);
/* Whether somebody is named on whose behalf the command shall act. */
bool rk_cli_session_names_person(const rk_cli *cli);
const renku_caller *rk_cli_session_caller(const rk_cli_session *session);

/* What people call a user, project or group, as the API calls it; tells when there is none. */
typedef rk_exit rk_cli_finder(const char **out, const rk_cli_session *session, const char *text);
rk_exit rk_cli_find_user(const char **out, const rk_cli_session *session, const char *text);
rk_exit rk_cli_find_project(const char **out, const rk_cli_session *session, const char *text);
rk_exit rk_cli_find_group(const char **out, const rk_cli_session *session, const char *text);

#endif
