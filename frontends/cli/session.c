/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/session.h"

#include <stdlib.h>
#include <string.h>

#include "renku/renku.h"

enum { ID_LENGTH = 26 };

/* --- names ------------------------------------------------------------------------------------ */

static renku_result *get(const rk_cli_session *session, const renku_caller *caller,
                         const char *operation, const renku_parameter *parameters)
{
    renku_request request = RENKU_REQUEST_INIT;

    request.operation = operation;
    request.parameters = parameters;
    while (parameters[request.parameter_count].name)
        request.parameter_count++;
    return renku_request_run(session->cli->ctx, caller, &request);
}

/* Takes the text at @p pointer out of a result, which is freed; NULL when it is not there, or only
 * for a thing that does not exist. */
static rk_exit pick(const char **out, const rk_cli_session *session, renku_result *result,
                    const char *pointer)
{
    const char *text = renku_result_text(result, pointer);

    *out = NULL;
    if (!renku_result_ok(result) && renku_result_error(result) != RENKU_ENOTFOUND)
        return rk_cli_status(session->cli, result);
    if (renku_result_ok(result) && text)
        *out = rk_cli_format(session->cli, "%s", text);
    renku_result_free(result);
    return RK_EXIT_OK;
}

static rk_exit by_email(const char **out, const rk_cli_session *session, const char *email)
{
    const renku_parameter wanted[] = {
        {"exact_email", email},
        {NULL,          NULL }
    };
    renku_result *result = get(session, session->service, "user_list", wanted);
    size_t count = renku_result_count(result, "");

    if (!renku_result_ok(result) || count < 2)
        return pick(out, session, result, "/0/id");
    renku_result_free(result);
    return rk_cli_fail("%zu users have the address '%s'; give the id: `renku user list --email %s` "
                       "shows them",
                       count, email, email);
}

static rk_exit by_id(const char **out, const rk_cli_session *session, const char *id)
{
    const renku_parameter wanted[] = {
        {"user_id", id  },
        {NULL,      NULL}
    };

    return pick(out, session, get(session, session->service, "user_get", wanted), "/id");
}

static rk_exit by_username(const char **out, const rk_cli_session *session, const char *name)
{
    const renku_parameter wanted[] = {
        {"namespace_slug", name},
        {NULL,             NULL}
    };
    renku_result *result = get(session, session->service, "namespace_get", wanted);
    const char *kind = renku_result_text(result, "/namespace_kind");
    bool is_user = kind && strcmp(kind, "user") == 0;

    /* Who made the namespace of a user is that user. */
    return pick(out, session, result, is_user || !kind ? "/created_by" : "/none");
}

static const char *without(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(text, prefix, length) == 0 ? text + length : text;
}

rk_exit rk_cli_find_user(const char **out, const rk_cli_session *session, const char *text)
{
    const char *name = without(text, "user:");
    rk_exit status = RK_EXIT_OK;

    *out = NULL;
    if (strchr(name, '@')) {
        status = by_email(out, session, name);
    } else if (*name) {
        status = by_id(out, session, name);
        if (status == RK_EXIT_OK && !*out)
            status = by_username(out, session, name);
    }
    if (status != RK_EXIT_OK || *out)
        return status;
    (void)rk_cli_fail("there is no user '%s'; give an id, an e-mail address or a username: "
                      "`renku user list` shows them",
                      name);
    return RK_EXIT_NOT_FOUND;
}

rk_exit rk_cli_find_project(const char **out, const rk_cli_session *session, const char *text)
{
    const char *name = without(text, "project:"), *slash = strchr(name, '/');

    *out = name;
    if (!slash && strlen(name) == ID_LENGTH)
        return RK_EXIT_OK;
    if (!slash) {
        (void)rk_cli_fail("'%s' is no project: give its id, or NAMESPACE/SLUG; `renku project "
                          "list` shows both",
                          name);
        return RK_EXIT_NOT_FOUND;
    }
    const renku_parameter wanted[] = {
        {"namespace",          rk_cli_format(session->cli, "%.*s", (int)(slash - name), name)},
        {"slug", slash + 1                     },
        {NULL,               NULL                               },
    };
    const renku_caller *caller = rk_cli_session_caller(session);
    rk_exit status = pick(out, session, get(session, caller, "project_get_by_path", wanted), "/id");

    if (status != RK_EXIT_OK || *out)
        return status;
    (void)rk_cli_fail("there is no project '%s', or %s may not see it; `renku project list` shows "
                      "those that there are",
                      name, session->person ? renku_caller_id(caller) : "the operator");
    return RK_EXIT_NOT_FOUND;
}

rk_exit rk_cli_find_group(const char **out, const rk_cli_session *session, const char *text)
{
    (void)session;
    *out = without(text, "group:");
    return RK_EXIT_OK;
}

/* --- who acts --------------------------------------------------------------------------------- */

static const char *token(const rk_cli *cli)
{
    const char *text = rk_cli_given(cli, RK_OPTION_AS) ? NULL : getenv("RENKU_TOKEN");

    return text && *text ? text : NULL;
}

bool rk_cli_session_names_person(const rk_cli *cli)
{
    return rk_cli_given(cli, RK_OPTION_AS) || token(cli);
}

static rk_exit take_person(rk_cli_session *out)
{
    const char *id = out->cli->options[RK_OPTION_AS], *bearer = token(out->cli);

    if (bearer)
        return rk_cli_status(out->cli,
                             renku_caller_from_token(&out->person, out->cli->ctx, bearer));
    if (!id)
        return RK_EXIT_OK;
    rk_exit status = rk_cli_find_user(&id, out, id);

    if (status != RK_EXIT_OK)
        return status;
    return rk_cli_status(out->cli, renku_caller_from_user(&out->person, out->cli->ctx, id));
}

/* @p alone: with the database and nothing else. */
static rk_exit open_session(rk_cli_session *out, rk_cli *cli, bool alone)
{
    *out = (rk_cli_session){.cli = cli};
    rk_exit status = rk_cli_open(cli, alone);

    return status == RK_EXIT_OK
               ? rk_cli_status(
                     cli, renku_caller_from_service(&out->service, out->cli->ctx, "migrations"))
               : status;
}

rk_exit rk_cli_session_begin(rk_cli_session *out, rk_cli *cli, bool whole)
{
    bool alone = !whole && !token(cli); /* a token needs the identity provider */
    rk_exit status = open_session(out, cli, alone);

    return status == RK_EXIT_OK ? take_person(out) : status;
}

rk_exit rk_cli_session_about(rk_cli_session *out, const char **user_id, rk_cli *cli,
                             const char *name)
{
    rk_exit status = open_session(out, cli, true);

    return status == RK_EXIT_OK ? rk_cli_find_user(user_id, out, name) : status;
}

void rk_cli_session_end(rk_cli_session *session)
{
    renku_caller_free(session->person);
    renku_caller_free(session->service);
    rk_cli_close(session->cli);
}

const renku_caller *rk_cli_session_caller(const rk_cli_session *session)
{
    return session->person ? session->person : session->service;
}
