/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_KEYCLOAK_H
#define RK_KEYCLOAK_H

#include "librenku/base/op.h"

struct json_object;

/* The admin API of Keycloak, as the client of this service. Lives as long as the operation that has
 * opened it, and belongs to its thread. Spec: users.md 5 */
typedef struct rk_keycloak rk_keycloak;

/* All texts are borrowed. */
typedef struct {
    const char *url; /* NULL: no Keycloak, but the directory of development */
    const char *realm;
    const char *client_id;
    const char *client_secret;
    int timeout_ms; /* of one request; 0 is 60 000 */
    int pause_ms;   /* before the first repetition, twice as long before the next; 0 is 2 000 */
} rk_keycloak_options;

/* Asks for a token already. CONFIGURATION names the settings that are missing; REMOTE when Keycloak
 * cannot be reached or refuses the client. */
int rk_keycloak_open(rk_keycloak **out, rk_op *op, const rk_keycloak_options *options);
/* The same as the settings of the operation say. */
int rk_keycloak_open_settings(rk_keycloak **out, rk_op *op);
/* Whether the settings name none, which is logged; DUMMY_STORES has a directory of its own. */
int rk_keycloak_is_missing(bool *out, rk_op *op);

typedef struct {
    const char *path;  /* below the realm: "/users" */
    const char *query; /* parameters of its own, encoded: "type=A&type=B"; NULL is none */
} rk_keycloak_list;

/* Takes a page: an array of objects. The part of the work has memory of its own, and may use the
 * database. */
typedef int rk_keycloak_take(rk_op *part, void *user, struct json_object *page);
/* Reads a list to its end, page by page; memory holds one of them. Spec: users.md 5.3 */
int rk_keycloak_pages(rk_op *op, rk_keycloak *keycloak, const rk_keycloak_list *list,
                      rk_keycloak_take *take, void *user);

/* A member that is a text; NULL when it is absent or null; REMOTE when it is anything else. */
int rk_keycloak_text(const char **out, rk_op *op, struct json_object *object, const char *name);

#endif
