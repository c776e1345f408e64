/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_CALLER_H
#define RENKU_CALLER_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/** @file
 * On whose behalf an operation runs. NULL, wherever a caller is wanted, is the anonymous one. A
 * caller belongs to its context, may be used by any number of threads at once, and must be freed
 * before the context. A call with one that was freed answers 500/1500 and says so. */

/**
 * Makes a caller of a bearer token, as the API takes it: one of the identity provider.
 *
 * @param out    the caller; set to NULL on failure; released with renku_caller_free()
 * @param ctx    borrowed
 * @param token  copied; with or without "Bearer " before it; not NULL
 * @return       never NULL; released with renku_result_free()
 *
 * Errors:  401/1401 the token is not valid. Once it has expired, each call answers 401/1401.
 * Time:    bounded by the deadline of @p ctx; only a token with a new key needs the network.
 * Threads: safe.
 * Spec:    authentication.md 3
 */
RENKU_API renku_result *renku_caller_from_token(renku_caller **out, renku_ctx *ctx,
                                                const char *token);

/**
 * Makes a caller of a user id, without any proof: for programs that have authenticated their user
 * themselves. The user is an administrator when the platform's relationships say so.
 *
 * @param out      the caller; set to NULL on failure; released with renku_caller_free()
 * @param ctx      borrowed
 * @param user_id  copied; not NULL
 * @return         never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 there is no such user.
 * Time:    bounded by the deadline of @p ctx; asks the database.
 * Threads: safe.
 * Spec:    authentication.md 1, authorization.md 12
 */
RENKU_API renku_result *renku_caller_from_user(renku_caller **out, renku_ctx *ctx,
                                               const char *user_id);

/**
 * Makes a caller of a service identity, for which every permission holds.
 *
 * @param out   the caller; set to NULL on failure; released with renku_caller_free()
 * @param ctx   borrowed
 * @param name  "migrations", "secrets_rotation", "k8s_watcher", "search_reprovision" or
 *              "capacity_reservation"; not NULL
 * @return      never NULL; released with renku_result_free()
 *
 * Errors:  422/1422 there is no such identity.
 * Time:    at once.
 * Threads: safe.
 * Spec:    authorization.md 13
 */
RENKU_API renku_result *renku_caller_from_service(renku_caller **out, renku_ctx *ctx,
                                                  const char *name);

/** Releases a caller; no call with it may be running. NULL, and one that was freed, are accepted.
 */
RENKU_API void renku_caller_free(renku_caller *caller);

/** The id of the user or service; NULL for the anonymous caller. Lives as long as the caller. */
RENKU_API const char *renku_caller_id(const renku_caller *caller);
/** 1 for a platform administrator or a service identity, else 0. */
RENKU_API int renku_caller_is_admin(const renku_caller *caller);

RENKU_END_DECLS

#endif
