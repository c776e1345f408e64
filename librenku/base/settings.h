/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SETTINGS_H
#define RK_SETTINGS_H

#include "librenku/base/op.h"

/* Every setting is a row of settings.def: RK_SETTING(FIELD, "ENV_NAME", KIND, "default" or NULL,
 * FLAGS, "help"). Kinds: TEXT, INT, NUMBER, BOOL. Flags: REQUIRED (missing stops the start;
 * DB_PASSWORD not on a unix socket), KEYCLOAK (required unless DUMMY_STORES or RENKU_ADMIN_ONLY),
 * LATER (required once the room that needs it exists), SECRET (never printed), EMPTY_IS_DEFAULT,
 * EXPONENT (integers may be written 3e3), LENIENT (a bad value is a warning and the default),
 * NO_SLASH (trailing slashes are cut), LOWER_TRUE (only lower case is true), DATA (the secrets
 * storage does not require it). Spec: foundations.md 22 */
typedef enum {
#define RK_SETTING(name, env, kind, fallback, flags, help) RK_SET_##name,
#include "librenku/base/settings.def"
#undef RK_SETTING
    RK_SETTING_COUNT_
} rk_setting;

typedef struct rk_settings rk_settings;

/* Looks a name up; NULL when it is not set. */
typedef const char *rk_settings_source(void *user, const char *name);

/* Reads and checks all settings; CONFIGURATION names every variable that is wrong. The settings
 * live in the arena of @p op. */
int rk_settings_load(rk_settings **out, rk_op *op, rk_settings_source *source, void *user);

/* NULL when unset without default. */
const char *rk_settings_text(const rk_settings *settings, rk_setting setting);
int64_t rk_settings_int(const rk_settings *settings, rk_setting setting);
double rk_settings_number(const rk_settings *settings, rk_setting setting);
bool rk_settings_bool(const rk_settings *settings, rk_setting setting);
bool rk_settings_is_set(const rk_settings *settings, rk_setting setting);
/* Name in the environment, default (NULL is none), help, secret or not: for doctor and for docs. */
const char *rk_setting_name(rk_setting setting);
const char *rk_setting_default(rk_setting setting);
/* "text", "integer", "number" or "boolean". */
const char *rk_setting_kind(rk_setting setting);
/* "always", "unless DUMMY_STORES", "later" or "no". */
const char *rk_setting_required(rk_setting setting);
const char *rk_setting_help(rk_setting setting);
bool rk_setting_is_secret(rk_setting setting);

#endif
