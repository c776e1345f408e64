/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/crypto/keys.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "librenku/base/time.h"
#include "librenku/crypto/secret.h"

enum { SERVICE_KEY_BYTES = 32, NAME_BYTES = 16 };

/* Which password and salt, as a hash with a key that no other process has. */
typedef struct {
    unsigned char bytes[NAME_BYTES];
} label;

typedef struct {
    label name;
    int64_t end_ms; /* 0 is empty */
    int64_t used_ms;
    rk_symmetric_key key;
} derived;

struct rk_keys {
    rk_secret *service_key;
    rk_rsa *public_key;
    pthread_mutex_t lock;
    rk_secret *naming;
    derived *kept; /* in locked memory */
};

/* --- making ----------------------------------------------------------------------------------- */

static bool is_missing(const char *path)
{
    return !path || !*path || (access(path, F_OK) < 0 && errno == ENOENT);
}

static int check_set(rk_op *op, const char *path)
{
    return path && *path ? 0 : rk_fail(op, RK_ERR_CONFIGURATION, "It is not set.");
}

static int read_service_key(rk_keys *keys, rk_op *op, const rk_keys_options *options)
{
    const char *path = options->encryption_key_path;

    if (options->development && is_missing(path))
        return rk_secret_random(&keys->service_key, op, SERVICE_KEY_BYTES);
    RK_TRY(check_set(op, path));
    return rk_secret_read(&keys->service_key, op, path);
}

static int read_public_key(rk_keys *keys, rk_op *op, const rk_keys_options *options)
{
    const char *path = options->public_key_path;

    if (options->development && is_missing(path))
        return rk_rsa_random_public(&keys->public_key, op);
    RK_TRY(check_set(op, path));
    return rk_rsa_read_public(&keys->public_key, op, path);
}

static int open_keys(rk_keys *keys, rk_op *op, const rk_keys_options *options)
{
    if (read_service_key(keys, op, options) < 0)
        return rk_fail_in(op, "ENCRYPTION_KEY_PATH");
    if (read_public_key(keys, op, options) < 0)
        return rk_fail_in(op, "SECRETS_SERVICE_PUBLIC_KEY_PATH");
    RK_TRY(rk_secret_random(&keys->naming, op, crypto_generichash_KEYBYTES));
    keys->kept = sodium_allocarray(RK_KEYS_DERIVED, sizeof(*keys->kept));
    if (!keys->kept)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    sodium_memzero(keys->kept, RK_KEYS_DERIVED * sizeof(*keys->kept));
    return 0;
}

int rk_keys_new(rk_keys **out, rk_op *op, const rk_keys_options *options)
{
    rk_keys *keys = calloc(1, sizeof(*keys));

    if (!keys)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    pthread_mutex_init(&keys->lock, NULL);
    int result = open_keys(keys, op, options);

    if (result < 0) {
        rk_keys_free(keys);
        return result;
    }
    *out = keys;
    return 0;
}

void rk_keys_free(rk_keys *keys)
{
    if (!keys)
        return;
    rk_secret_free(keys->service_key);
    rk_rsa_free(keys->public_key);
    rk_secret_free(keys->naming);
    sodium_free(keys->kept);
    pthread_mutex_destroy(&keys->lock);
    free(keys);
}

/* --- derived keys ----------------------------------------------------------------------------- */

static void name_of(label *out, const rk_keys *keys, const rk_bytes *password, const char *salt)
{
    const uint64_t size = password->size_bytes;
    crypto_generichash_state state;

    crypto_generichash_init(&state, keys->naming->bytes, keys->naming->size_bytes, NAME_BYTES);
    crypto_generichash_update(&state, (const unsigned char *)&size, sizeof(size));
    crypto_generichash_update(&state, password->bytes, password->size_bytes);
    crypto_generichash_update(&state, (const unsigned char *)salt, strlen(salt));
    crypto_generichash_final(&state, out->bytes, NAME_BYTES);
    sodium_memzero(&state, sizeof(state));
}

static derived *lookup(const rk_keys *keys, const label *wanted, int64_t now_ms)
{
    for (size_t i = 0; i < RK_KEYS_DERIVED; i++) {
        derived *entry = &keys->kept[i];

        if (entry->end_ms && entry->end_ms <= now_ms)
            sodium_memzero(entry, sizeof(*entry));
        else if (entry->end_ms && memcmp(&entry->name, wanted, sizeof(*wanted)) == 0)
            return entry;
    }
    return NULL;
}

/* An empty one has not been used since the start. */
static derived *longest_unused(const rk_keys *keys)
{
    derived *found = &keys->kept[0];

    for (size_t i = 1; i < RK_KEYS_DERIVED; i++) {
        if (keys->kept[i].used_ms < found->used_ms)
            found = &keys->kept[i];
    }
    return found;
}

static bool recall(rk_symmetric_key *out, rk_keys *keys, const label *wanted)
{
    int64_t now_ms = rk_time_monotonic_ms();

    pthread_mutex_lock(&keys->lock);
    derived *entry = lookup(keys, wanted, now_ms);

    if (entry) {
        entry->used_ms = now_ms;
        *out = entry->key;
    }
    pthread_mutex_unlock(&keys->lock);
    return entry != NULL;
}

static void keep(rk_keys *keys, const label *name, const rk_symmetric_key *key)
{
    int64_t now_ms = rk_time_monotonic_ms();

    pthread_mutex_lock(&keys->lock);
    if (!lookup(keys, name, now_ms))
        *longest_unused(keys) = (derived){*name, now_ms + RK_KEYS_DERIVED_MS, now_ms, *key};
    pthread_mutex_unlock(&keys->lock);
}

/* --- using ------------------------------------------------------------------------------------ */

static int check_keys(rk_op *op)
{
    return op->keys
               ? 0
               : rk_fail(op, RK_ERR_CONFIGURATION,
                         "This context has no keys: it was made for the tools of an operator.");
}

int rk_keys_derive(rk_symmetric_key *out, rk_op *op, const rk_bytes *password, const char *salt)
{
    label name;

    RK_TRY(check_keys(op));
    name_of(&name, op->keys, password, salt);
    if (recall(out, op->keys, &name))
        return 0;
    RK_TRY(rk_symmetric_derive(out, op, password, salt));
    keep(op->keys, &name, out);
    return 0;
}

static int derive_service(rk_symmetric_key *out, rk_op *op, const char *salt)
{
    RK_TRY(check_keys(op));
    const rk_bytes password = {op->keys->service_key->bytes, op->keys->service_key->size_bytes};

    return rk_keys_derive(out, op, &password, salt);
}

int rk_keys_encrypt(const char **out, rk_op *op, const char *salt, const char *text)
{
    rk_symmetric_key key;

    RK_TRY(derive_service(&key, op, salt));
    int result = rk_symmetric_seal_text(out, op, &key, text);

    rk_symmetric_key_wipe(&key);
    return result;
}

int rk_keys_decrypt(const char **out, rk_op *op, const char *salt, const char *token)
{
    rk_symmetric_key key;

    RK_TRY(derive_service(&key, op, salt));
    int result = rk_symmetric_open_text(out, op, &key, token);

    rk_symmetric_key_wipe(&key);
    return result;
}

int rk_keys_public(const rk_rsa **out, rk_op *op)
{
    RK_TRY(check_keys(op));
    *out = op->keys->public_key;
    return 0;
}

size_t rk_keys_derived_count(const rk_keys *keys)
{
    size_t count = 0;

    for (size_t i = 0; i < RK_KEYS_DERIVED; i++)
        count += keys->kept[i].end_ms != 0;
    return count;
}
