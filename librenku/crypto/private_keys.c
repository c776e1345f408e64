/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/private_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_missing(const char *path)
{
    struct stat found;

    return !path || !*path || (stat(path, &found) < 0 && errno == ENOENT);
}

static bool is_empty(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISREG(found.st_mode) && found.st_size == 0;
}

static int read_current(rk_private_keys *keys, rk_op *op, const rk_private_keys_options *options)
{
    const char *path = options->current_path;

    if (options->development && is_missing(path))
        return rk_rsa_random_private(&keys->current, op);
    if (!path || !*path)
        return rk_fail(op, RK_ERR_CONFIGURATION, "It is not set.");
    return rk_rsa_read_private(&keys->current, op, path);
}

/* Nothing is rotated to a key that is lost at the end of the process. */
static bool has_previous(const rk_private_keys_options *options)
{
    if (is_missing(options->previous_path))
        return false;
    return !options->development ||
           (!is_missing(options->current_path) && !is_empty(options->previous_path));
}

static int read_keys(rk_private_keys *keys, rk_op *op, const rk_private_keys_options *options)
{
    if (read_current(keys, op, options) < 0)
        return rk_fail_in(op, "SECRETS_SERVICE_PRIVATE_KEY_PATH");
    RK_TRY(rk_rsa_public_of(&keys->public_key, op, keys->current));
    if (has_previous(options) &&
        rk_rsa_read_private(&keys->previous, op, options->previous_path) < 0)
        return rk_fail_in(op, "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH");
    return 0;
}

int rk_private_keys_new(rk_private_keys **out, rk_op *op, const rk_private_keys_options *options)
{
    rk_private_keys *keys = calloc(1, sizeof(*keys));

    if (!keys)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    int result = read_keys(keys, op, options);

    if (result < 0)
        rk_private_keys_free(keys);
    else
        *out = keys;
    return result;
}

void rk_private_keys_free(rk_private_keys *keys)
{
    if (!keys)
        return;
    rk_rsa_free(keys->current);
    rk_rsa_free(keys->public_key);
    rk_rsa_free(keys->previous);
    free(keys);
}

int rk_private_keys_of(const rk_private_keys **out, rk_op *op)
{
    *out = op->private_keys;
    return *out ? 0
                : rk_fail(op, RK_ERR_CONFIGURATION,
                          "This context has no private keys: it is none of the secrets storage.");
}
