/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CLI_REQUEST_H
#define RK_CLI_REQUEST_H

#include "frontends/cli/session.h"
#include "renku/call.h"

struct json_object;

enum { RK_CLI_PARAMETERS_MAX = 64 };

/* An operation with what it is given, and how its answer is shown. */
typedef struct {
    struct json_object *operation; /* its description; borrowed */
    renku_parameter parameters[RK_CLI_PARAMETERS_MAX];
    size_t parameter_count;
    const char *body; /* NULL is none */
    size_t body_size;
    const char *if_match; /* NULL is none */
    const char *columns;  /* of a list; NULL: those of its first item */
    int64_t limit;        /* of a list */
} rk_cli_request;

/* Descriptions of all operations, as renku_operation_list() makes them; live as long as @p cli. */
struct json_object *rk_cli_operations(rk_cli *cli);
/* NULL when there is none of that name. */
struct json_object *rk_cli_operation(rk_cli *cli, const char *id);
/* Descriptions of all tasks, as renku_task_list() makes them; live as long as @p cli. */
struct json_object *rk_cli_task_list(rk_cli *cli);
/* NULL when there is none of that name. */
struct json_object *rk_cli_task(rk_cli *cli, const char *name);
/* A text or truth value of a description; NULL and false when it is not there. */
const char *rk_cli_text_of(struct json_object *description, const char *member);
bool rk_cli_truth_of(struct json_object *description, const char *member);
/* The description of a parameter; NULL when the operation has none of that name. */
struct json_object *rk_cli_parameter(struct json_object *operation, const char *name);

/* False when there are too many. */
bool rk_cli_request_add(rk_cli_request *request, const char *name, const char *value);
bool rk_cli_request_has(const rk_cli_request *request, const char *name);
/* Runs the operation and writes its answer: a list to its end, page by page. */
rk_exit rk_cli_request_send(rk_cli_session *session, const rk_cli_request *request);

/* list.c */
/* Writes a list that is read page by page. */
rk_exit rk_cli_list_pages(rk_cli *cli, renku_pages *pages, const rk_cli_request *request);
/* Writes a list that came at once; frees it. */
rk_exit rk_cli_list_whole(rk_cli *cli, renku_result *result, const rk_cli_request *request);

#endif
