/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "librenku/api/authenticate.h"
#include "librenku/api/ctx.h"
#include "librenku/api/doctor.h"
#include "librenku/api/keyset.h"
#include "librenku/crypto/internal_token.h"
#include "librenku/crypto/private_keys.h"
#include "librenku/crypto/rsa.h"
#include "librenku/crypto/secret.h"
#include "librenku/db/db.h"

enum { KEY_MIN_BYTES = 32 };

/* --- Keycloak --------------------------------------------------------------------------------- */

int rk_examine_keycloak(const char **problem, rk_op *op)
{
    *problem = NULL;
    if (!op->ctx->authenticator)
        return 0;
    return rk_as_problem(problem, op, rk_authenticator_discover(op->ctx->authenticator, op, 1));
}

int rk_examine_keycloak_keys(const char **problem, rk_op *op)
{
    rk_keyset_state state;

    *problem = NULL;
    if (!op->ctx->authenticator)
        return 0;
    RK_TRY(rk_as_problem(problem, op, rk_authenticator_fetch(op->ctx->authenticator, op)));
    rk_authenticator_keys(&state, op->ctx->authenticator);
    if (!state.discovered)
        *problem = NULL; /* that is a finding of its own */
    else if (!*problem && state.fetches && !state.keys)
        *problem = "Keycloak publishes no key that can verify a token";
    return 0;
}

/* --- key files -------------------------------------------------------------------------------- */

static const struct {
    rk_setting setting;
    rk_service_id service; /* that reads it */
    bool secret;           /* nobody but its owner may read it */
} key_files[] = {
    {RK_SET_INTERNAL_AUTHN_SECRET_KEY_PATH,            RK_SERVICE_DATA,    true },
    {RK_SET_ENCRYPTION_KEY_PATH,                       RK_SERVICE_DATA,    true },
    {RK_SET_SECRETS_SERVICE_PUBLIC_KEY_PATH,           RK_SERVICE_DATA,    false},
    {RK_SET_SECRETS_SERVICE_PRIVATE_KEY_PATH,          RK_SERVICE_SECRETS, true },
    {RK_SET_PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH, RK_SERVICE_SECRETS, true },
};

static bool is_read(const rk_op *op, rk_setting setting)
{
    for (size_t i = 0; i < RK_COUNT(key_files); i++) {
        if (key_files[i].setting == setting)
            return op->ctx->service == &rk_services[key_files[i].service];
    }
    return true;
}

/* The path; NULL when none is set, or none is used. */
static const char *key_path(const rk_op *op, rk_setting setting)
{
    const char *path = rk_settings_text(op->settings, setting);
    bool used = is_read(op, setting) && !rk_settings_bool(op->settings, RK_SET_DUMMY_STORES);

    return path && *path && used ? path : NULL;
}

int rk_examine_internal_key(const char **problem, rk_op *op)
{
    const rk_internal_options options = {.key_path =
                                             key_path(op, RK_SET_INTERNAL_AUTHN_SECRET_KEY_PATH),
                                         .name = "",
                                         .audience = ""};
    rk_internal_issuer *issuer = NULL;

    *problem = NULL;
    if (!options.key_path)
        return 0;
    RK_TRY(rk_as_problem(problem, op, rk_internal_issuer_new(&issuer, op, &options)));
    rk_internal_issuer_free(issuer);
    return 0;
}

int rk_examine_encryption_key(const char **problem, rk_op *op)
{
    const char *path = key_path(op, RK_SET_ENCRYPTION_KEY_PATH);
    RK_AUTO(rk_secret) *key = NULL;

    *problem = NULL;
    if (!path)
        return 0;
    RK_TRY(rk_as_problem(problem, op, rk_secret_read(&key, op, path)));
    if (*problem)
        *problem = rk_printf(op, "ENCRYPTION_KEY_PATH: %s", *problem);
    else if (key->size_bytes < KEY_MIN_BYTES)
        *problem =
            rk_printf(op, "ENCRYPTION_KEY_PATH: the key in \"%s\" has %zu bytes, less than %d",
                      path, key->size_bytes, KEY_MIN_BYTES);
    return op->error.err;
}

int rk_examine_public_key(const char **problem, rk_op *op)
{
    const char *path = key_path(op, RK_SET_SECRETS_SERVICE_PUBLIC_KEY_PATH);
    RK_AUTO(rk_rsa) *key = NULL;

    *problem = NULL;
    if (!path)
        return 0;
    RK_TRY(rk_as_problem(problem, op, rk_rsa_read_public(&key, op, path)));
    if (*problem)
        *problem = rk_printf(op, "SECRETS_SERVICE_PUBLIC_KEY_PATH: %s", *problem);
    return op->error.err;
}

int rk_examine_private_key(const char **problem, rk_op *op)
{
    const rk_private_keys_options options = {
        .current_path = key_path(op, RK_SET_SECRETS_SERVICE_PRIVATE_KEY_PATH),
        .previous_path = key_path(op, RK_SET_PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH),
    };
    RK_AUTO(rk_private_keys) *keys = NULL;

    *problem = NULL;
    if (!options.current_path)
        return 0;
    return rk_as_problem(problem, op, rk_private_keys_new(&keys, op, &options));
}

static bool is_open_to_others(const struct stat *file)
{
    return file->st_mode & (S_IRWXG | S_IRWXO);
}

static const char *mode_problem(rk_op *op, const char *name, const char *path)
{
    struct stat file;

    if (stat(path, &file) < 0)
        return NULL; /* that is a finding of its own */
    if (is_open_to_others(&file))
        return rk_printf(op, "%s: others than its owner can reach \"%s\" (mode %04o)", name, path,
                         (unsigned)file.st_mode & 07777);
    if (file.st_uid != 0 && file.st_uid != geteuid() && geteuid() != 0)
        return rk_printf(op, "%s: \"%s\" belongs to another user (%u)", name, path,
                         (unsigned)file.st_uid);
    return NULL;
}

int rk_examine_key_modes(const char **problem, rk_op *op)
{
    *problem = NULL;
    for (size_t i = 0; i < RK_COUNT(key_files) && !*problem; i++) {
        rk_setting setting = key_files[i].setting;
        const char *path = key_files[i].secret ? key_path(op, setting) : NULL;

        if (path)
            *problem = mode_problem(op, rk_setting_name(setting), path);
    }
    return op->error.err;
}

int rk_fix_key_modes(const char **done, rk_op *op)
{
    for (size_t i = 0; i < RK_COUNT(key_files); i++) {
        const char *path = key_files[i].secret ? key_path(op, key_files[i].setting) : NULL;
        struct stat file;

        if (!path || stat(path, &file) < 0 || !is_open_to_others(&file))
            continue;
        if (chmod(path, file.st_mode & S_IRWXU) < 0)
            return rk_fail(op, RK_ERR_CONFIGURATION, "the mode of \"%s\" cannot be changed: %s",
                           path, strerror(errno));
    }
    *done = "only their owner can reach the key files now";
    return 0;
}

/* --- disk ------------------------------------------------------------------------------------- */

/* NULL when there is enough, or nothing to see. */
static const char *disk_problem(rk_op *op, const char *folder)
{
    const uint64_t mebibyte = UINT64_C(1) << 20;
    uint64_t least_mb = (uint64_t)rk_settings_int(op->settings, RK_SET_RENKU_DOCTOR_FREE_MB);
    struct statvfs disk;

    if (!folder || statvfs(folder, &disk) < 0)
        return NULL;
    uint64_t free_mb = (uint64_t)disk.f_bavail * disk.f_frsize / mebibyte;

    return free_mb < least_mb
               ? rk_printf(op, "%llu MiB are free in \"%s\"", (unsigned long long)free_mb, folder)
               : NULL;
}

typedef struct {
    const char *folder;
} data_folder;

/* Where a database of this machine keeps its files; NULL when it does not say. */
static int find_data_folder(const char **out, rk_op *op)
{
    static const rk_column columns[] = {
        {"s.setting", RK_COLUMN_TEXT, offsetof(data_folder, folder), NULL},
    };
    static const rk_row row = RK_ROW(data_folder, columns);
    static const rk_query query = {
        .sql = "SELECT {row} FROM pg_settings s WHERE s.name = 'data_directory'", .row = &row};
    data_folder found = {0};
    const char *problem;
    bool there = false;

    *out = NULL;
    RK_TRY(rk_as_problem(&problem, op, rk_db_lookup(&found, &there, op, &query, RK_NO_PARAMS)));
    *out = !problem && there ? found.folder : NULL;
    return 0;
}

int rk_examine_disk(const char **problem, rk_op *op)
{
    const char *host = rk_settings_text(op->settings, RK_SET_DB_HOST);
    const char *path = key_path(op, RK_SET_ENCRYPTION_KEY_PATH);
    char *copy = path ? rk_strdup(op, path) : NULL;
    const char *folder = NULL;

    *problem = disk_problem(op, copy ? dirname(copy) : NULL);
    if (*problem || !host || *host != '/')
        return op->error.err;
    RK_TRY(find_data_folder(&folder, op));
    *problem = disk_problem(op, folder ? folder : host);
    return op->error.err;
}
