/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_IDENTITY_H
#define RK_IDENTITY_H

#include <stdbool.h>

/* The local identity provider: a signing key and, if somebody wrote one, a list of users. Tokens
 * look like those of a Keycloak realm. A folder holds signing-key.pem and users.json:
 *
 *     {"users":   [{"username": "alice", "password": "...", "id": "...", "email": "...",
 * "given_name": "...", "family_name": "...", "roles": ["renku-admin"]}], "clients": [{"client_id":
 * "renku", "client_secret": "...", "roles": []}]}
 *
 * All but username and client_id may be missing. Who is not listed gets the same id for the same
 * name each time, but can only have a token from somebody who can read the key. */

typedef struct rk_identity rk_identity;

typedef struct rk_identity_request {
    const char *issuer;   /* "http://127.0.0.1:8080/realms/Renku" */
    const char *username; /* or NULL: the service account of the client */
    const char *client;   /* "renku" */
    bool admin;           /* adds the role renku-admin */
    long lifetime_seconds;
} rk_identity_request;

/* Makes the key of a folder that has none; safe when two do it at once. 0, or -1 with errno. */
int rk_identity_create(const char *folder);
/* @p key_path is a PEM file; @p users_path may be NULL, empty, or lead to no file. NULL with errno,
 * EINVAL for bad content. */
rk_identity *rk_identity_open(const char *key_path, const char *users_path);
/* The same for a folder. */
rk_identity *rk_identity_open_folder(const char *folder);
void rk_identity_free(rk_identity *identity);

/* Threads: these are safe. They return memory for free(), NULL when there is none. */
char *rk_identity_token(const rk_identity *identity, const rk_identity_request *request);
char *rk_identity_jwks(const rk_identity *identity);
/* Whether the list has that user with that password. */
bool rk_identity_is_user(const rk_identity *identity, const char *username, const char *password);
bool rk_identity_is_client(const rk_identity *identity, const char *client, const char *secret);
/* The id that tokens give a user, into 37 bytes. */
void rk_identity_user_id(char id[37], const rk_identity *identity, const char *username);

#endif
