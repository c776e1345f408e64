/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_OPERATION_H
#define RK_OPERATION_H

#include "librenku/base/settings.h"
#include "librenku/http/caller.h"
#include "librenku/http/reply.h"
#include "librenku/http/schema.h"

/* What dispatch does before a handler, in the order that the operation declares. Spec:
 * foundations.md 3, 13 */
typedef enum {
    RK_CHECK_END = 0,
    RK_CHECK_LOGIN,    /* 401 */
    RK_CHECK_ADMIN,    /* 401, 403 */
    RK_CHECK_ROLE,     /* 401, 403 */
    RK_CHECK_IF_MATCH, /* 428 */
    RK_CHECK_PATH,     /* 422: patterns of path parameters beyond their routing type */
    RK_CHECK_QUERY,    /* 422 */
    RK_CHECK_BODY,     /* 400, 422 */
} rk_check;

/* The types of path parameters; what does not match makes the route not match. Spec:
 * foundations.md 2.1 */
typedef enum {
    RK_PATH_TEXT,
    RK_PATH_INT,
    RK_PATH_ULID,
    RK_PATH_SLUG,
} rk_path_kind;

typedef struct {
    const char *name;
    rk_path_kind kind;
    size_t offset;           /* in the input: const char *, for RK_PATH_INT rk_opt_int */
    const rk_schema *schema; /* checked by RK_CHECK_PATH; NULL is none */
    bool decoded;            /* escapes of the path are resolved: it may hold slashes */
} rk_path_param;

typedef struct rk_operation {
    const char *id;     /* "project_get" */
    const char *method; /* upper case */
    const char *path;   /* "/projects/{project_id}" */
    rk_check checks[8]; /* ends with RK_CHECK_END */
    rk_setting role;    /* the setting that names the role of RK_CHECK_ROLE */
    rk_authentication authentication;
    const rk_path_param *path_params;
    int path_count;
    const rk_schema *query, *body, *output; /* NULL is none */
    bool form;                              /* the body is a form */
    size_t input_size, output_size;
    size_t query_offset, body_offset; /* in the input; SIZE_MAX is none */
    size_t page_offset, if_match_offset;
    size_t etag_offset; /* in the output: the text that is sent as header ETag, and answers an equal
                           If-None-Match with 304 when it is read; SIZE_MAX is none */
    int status;         /* of success */
    bool paginated;
    bool whole;       /* paginated, but every page is the whole list */
    bool person;      /* about the calling user, or makes what belongs to it: not for services */
    bool transaction; /* the handler runs in one, repeated on serialization failures */
    bool point;       /* reads by one statement that is always fast: an event loop may run it */
    bool local;       /* asks nobody, neither the database nor a peer: likewise */
    bool guarded;     /* its permission must have been checked when the handler succeeds */
    int permission_type, permission_scope;
    int (*run)(void *out, rk_op *op, const void *in); /* out, in: the generated structs */
} rk_operation;

/* What a context can serve, and a process does. */
typedef enum { RK_SERVICE_DATA, RK_SERVICE_SECRETS, RK_SERVICE_COUNT_ } rk_service_id;

typedef struct {
    const char *name;   /* as RENKU_SERVICE names it */
    const char *prefix; /* of its paths: "/api/data" */
    const rk_operation *operations;
    const unsigned short *by_id; /* their indexes, in the order of the bytes of their ids */
    int operation_count;
    bool internal; /* reached from inside of a cluster only: no CORS, no check for null bytes, and a
                      HEAD has the length of its GET */
} rk_service;

/* The generated tables. */
extern const rk_service rk_services[RK_SERVICE_COUNT_];
/* The merged OpenAPI documents. */
extern const char *const rk_openapi_documents[RK_SERVICE_COUNT_];
/* The operations of the data API as renku_operation_list() tells them. */
extern const char rk_operation_descriptions[];

/* The service of that name; NULL when there is none. */
const rk_service *rk_service_named(const char *name);
/* The operation of a service; NULL when it offers none of that name. */
const rk_operation *rk_operation_named(const rk_service *service, const char *name);

#endif
