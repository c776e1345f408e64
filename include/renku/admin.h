/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_ADMIN_H
#define RENKU_ADMIN_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/* What an operator does at a shell. Every function returns a result with a JSON object as body;
 * never NULL. These calls are made by whoever holds the configuration: there is no caller and no
 * permission check. */

/** Receives progress of long work: a share from 0 to 1 and what is being done. */
typedef void renku_progress(void *user, double share, const char *what);

/** Brings the database to the newest revision; safe when two processes do it at once. */
RENKU_API renku_result *renku_db_migrate(renku_ctx *ctx);
/** Tells the revision of the database and what is pending. */
RENKU_API renku_result *renku_db_status(renku_ctx *ctx);
/** Compares the database with the expected schema and names every difference. Fails with 409 when
 * there is one. */
RENKU_API renku_result *renku_db_check(renku_ctx *ctx);
/** Takes over the database of a running deployment. */
RENKU_API renku_result *renku_db_adopt(renku_ctx *ctx);
/** Gives an adopted database back. @p force: also when relationships would be lost. */
RENKU_API renku_result *renku_db_hand_back(renku_ctx *ctx, int force);
/** Checks the projection behind the project lists against the rows; @p repair rebuilds it. */
RENKU_API renku_result *renku_db_verify(renku_ctx *ctx, int repair);

/** {"allowed":true|false}. @p user NULL is an anonymous caller. */
RENKU_API renku_result *renku_authz_check(renku_ctx *ctx, const char *type, const char *id,
                                          const char *scope, const char *user);
/** Prints the paths by which a permission holds: {"allowed":..,"paths":[[..],..]}. */
RENKU_API renku_result *renku_authz_explain(renku_ctx *ctx, const char *type, const char *id,
                                            const char *scope, const char *user);
/** {"ids":[..]}: the objects of @p type on which @p user has @p scope. */
RENKU_API renku_result *renku_authz_lookup(renku_ctx *ctx, const char *type, const char *scope,
                                           const char *user);
/** Text, one relationship a line: project:ID#owner@user:ID */
RENKU_API renku_result *renku_authz_export(renku_ctx *ctx);
/** Reads that text; reports what rows imply and relationships lack, or the reverse; writes only
 * with @p apply. */
RENKU_API renku_result *renku_authz_import(renku_ctx *ctx, const char *text, size_t size,
                                           int apply);
/** Makes a user a platform administrator, or none; "list" needs no user. @p action: "add",
 * "remove", "list". */
RENKU_API renku_result *renku_authz_admin(renku_ctx *ctx, const char *action, const char *user_id);

/** How much to fill a database with. Initialise with RENKU_SEED_INIT. */
typedef struct {
    size_t size; /**< sizeof(renku_seed) */
    int64_t users;
    int64_t groups;
    int64_t projects;
    renku_progress *progress; /**< NULL is none */
    void *user;               /**< handed to @p progress */
} renku_seed;

#define RENKU_SEED_INIT                                                                            \
    {                                                                                              \
        sizeof(renku_seed), 0, 0, 0, 0, 0                                                          \
    }

/** Fills the database with users, groups and projects for trials and benchmarks. */
RENKU_API renku_result *renku_dev_seed(renku_ctx *ctx, const renku_seed *wanted);

/** Examines the installation: {"findings":[{"code","level","problem","remedy"},..]}; fails with 503
 * when one is an error. */
RENKU_API renku_result *renku_doctor(renku_ctx *ctx);

/** The version of the library, "0.1.0". */
RENKU_API const char *renku_version(void);

RENKU_END_DECLS

#endif
