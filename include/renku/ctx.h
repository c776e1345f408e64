/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_CTX_H
#define RENKU_CTX_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/** @file
 * Settings, and the library ready for work. */

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
 * Takes settings from a file of lines NAME=VALUE, such as `renku up` writes: blank lines and those
 * that start with # say nothing, values may be quoted as a shell does.
 *
 * @param config  borrowed; not NULL
 * @param path    borrowed; not NULL
 * @return        never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 there is no such file; 500/1500 it cannot be read, or a line is none of these.
 * Threads: as renku_config_new().
 */
RENKU_API renku_result *renku_config_from_file(renku_config *config, const char *path);

/**
 * Describes all settings and what is wrong with them, secrets masked: {"settings": [{"name",
 * "value", "source", "kind", "required", "secret", "default", "help"}, ..], "problem": null or
 * text}. "source" is "default", "environment", "call", or the path of a file.
 *
 * @param config  borrowed; not NULL
 * @return        never NULL; released with renku_result_free(). A bad setting is no failure: it
 *                stands under "problem".
 */
RENKU_API renku_result *renku_config_describe(const renku_config *config);

/**
 * Sets one setting by the name that it has in the environment.
 *
 * @param config  borrowed; not NULL
 * @param name    copied; not NULL
 * @param value   copied; NULL removes the setting
 * @return        0, or -1 when there is no memory or an argument is NULL
 */
RENKU_API int renku_config_set(renku_config *config, const char *name, const char *value);

/**
 * The value that was set for a name.
 *
 * @return  NULL when there is none; lives until the setting changes or @p config is freed
 */
RENKU_API const char *renku_config_get(const renku_config *config, const char *name);

/**
 * Name and value of setting @p index, in the order in which they were set; either may be NULL.
 *
 * @return  0 when there is none such
 */
RENKU_API int renku_config_entry(const renku_config *config, size_t index, const char **name,
                                 const char **value);

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
