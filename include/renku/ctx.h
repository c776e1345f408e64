/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_CTX_H
#define RENKU_CTX_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/**
 * Makes an empty configuration.
 *
 * @return  owned by the calling program, released with renku_config_free(); NULL when there is no
 * memory
 *
 * Threads: one configuration belongs to one thread at a time.
 */
RENKU_API renku_config *renku_config_new(void);

/**
 * Takes the settings from the environment of the process, under the names of an existing
 * deployment.
 *
 * @param config  borrowed; not NULL
 * @return        0, or -1 when there is no memory
 *
 * Threads: as renku_config_new(); the environment must not change meanwhile.
 * Spec:    foundations.md 22
 */
RENKU_API int renku_config_from_environment(renku_config *config);

/**
 * Sets one setting by the name that it has in the environment.
 *
 * @param config  borrowed; not NULL
 * @param name    copied; not NULL
 * @param value   copied; NULL removes the setting
 * @return        0, or -1 when there is no memory or an argument is NULL
 */
RENKU_API int renku_config_set(renku_config *config, const char *name, const char *value);

/** Releases a configuration. NULL is accepted. */
RENKU_API void renku_config_free(renku_config *config);

/** Takes one finished log line, without its end of line. May be called from any thread. */
typedef void renku_log_callback(void *user, int level, const char *line);

/**
 * Chooses where log lines go; without it the library is silent.
 *
 * @param config    borrowed; not NULL
 * @param callback  NULL is silence
 * @param user      handed to the callback, borrowed until the last context made from @p config is
 * freed
 */
RENKU_API void renku_config_log(renku_config *config, renku_log_callback *callback, void *user);

/**
 * Makes a context. Opens no connection: a database or an identity provider that is down shows in
 * the first call that needs it.
 *
 * @param out     the context; set to NULL on failure; released with renku_ctx_free()
 * @param config  borrowed during the call; not NULL
 * @return        never NULL; released with renku_result_free()
 *
 * Errors:  500/1500 with every missing or malformed setting named.
 * Threads: safe.
 * Spec:    foundations.md 19.2, 22
 */
RENKU_API renku_result *renku_ctx_new(renku_ctx **out, const renku_config *config);

/** Releases a context; no call on it may be running. NULL is accepted. */
RENKU_API void renku_ctx_free(renku_ctx *ctx);

RENKU_END_DECLS

#endif
