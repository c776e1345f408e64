/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/up.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontends/server/identity.h"
#include "renku/renku.h"

enum { KEY_BYTES_MAX = 64, KEY_TEXT_MAX = 96, RSA_BITS = 2048 };

/* Every secret of a local installation: random bytes as base64url text. */
static const struct {
    const char *name;
    size_t bytes;
} keys[] = {
    {"db_password",    24},
    {"client_secret",  24},
    {"encryption_key", 32},
    {"internal_authn", 64},
};

static const char *const folders[] = {"keys", "log", "run", "identity"};

const char *rk_up_path(rk_up *up, const char *name)
{
    return rk_cli_format(up->cli, "%s/%s", up->folder, name);
}

static int tell(const char *what, const char *path)
{
    (void)rk_cli_fail_errno(what, path);
    return -1;
}

/* mkdir -p */
static int make_folders(rk_up *up, const char *path)
{
    char *copy = rk_cli_format(up->cli, "%s", path);

    for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            return tell("cannot make the folder", copy);
        *slash = '/';
    }
    return mkdir(path, 0700) < 0 && errno != EEXIST ? tell("cannot make the folder", path) : 0;
}

int rk_up_open_folder(rk_up *up)
{
    if (make_folders(up, up->folder) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        const char *path = rk_up_path(up, folders[i]);

        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return tell("cannot make the folder", path);
    }
    return 0;
}

/* Says who holds the lock, as far as the file tells. */
static int tell_running(rk_up *up, const char *path)
{
    char *text = rk_cli_read_file(up->cli, path, NULL);
    const char *process = text ? strsep(&text, "\n") : NULL;
    const char *url = text ? strsep(&text, "\n") : NULL;

    (void)rk_cli_fail("already running in '%s' as process %s, %s%s", up->folder,
                      process && *process ? process : "(unknown)",
                      url && *url ? "at " : "still starting", url ? url : "");
    return -1;
}

int rk_up_take_lock(rk_up *up)
{
    const char *path = rk_up_path(up, "lock");

    up->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (up->lock < 0)
        return tell("cannot open", path);
    if (flock(up->lock, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? tell_running(up, path) : tell("cannot lock", path);
    return rk_up_sign_lock(up);
}

int rk_up_sign_lock(rk_up *up)
{
    const char *text = rk_cli_format(up->cli, "%d\n%s\n", (int)getpid(), up->url ? up->url : "");

    /* In this order nobody finds it empty: who looks for us reads the first two lines. */
    if (pwrite(up->lock, text, strlen(text), 0) != (ssize_t)strlen(text) ||
        ftruncate(up->lock, (off_t)strlen(text)) < 0)
        return tell("cannot write", rk_up_path(up, "lock"));
    return 0;
}

/* Writes a file that is there whole or not at all. */
static int write_once(rk_up *up, const char *path, const char *text)
{
    const char *next = rk_cli_format(up->cli, "%s.new", path);
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return tell("cannot write", next);
    bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;

    close(fd);
    return done && rename(next, path) == 0 ? 0 : tell("cannot write", path);
}

/* The client of the deployment at its identity provider. Users need no entry: `renku token` signs
 * for any name. */
static int write_clients(rk_up *up)
{
    const char *path = rk_up_path(up, "identity/users.json");

    if (access(path, F_OK) == 0)
        return 0;
    const char *secret = rk_up_key(up, "client_secret");

    if (!secret)
        return -1;
    return write_once(up, path,
                      rk_cli_format(up->cli,
                                    "{\"users\": [], \"clients\": [{\"client_id\": \"renku\", "
                                    "\"client_secret\": \"%s\"}]}\n",
                                    secret));
}

static int make_identity(rk_up *up)
{
    const char *folder = rk_up_path(up, "identity");

    if (rk_identity_create(folder) < 0)
        return tell("cannot make a signing key in", folder);
    return write_clients(up);
}

/* Either half as PEM text, in memory that is zeroed when it is given back. */
static int write_half(rk_up *up, const char *name, EVP_PKEY *key,
                      int (*print)(BIO *out, const EVP_PKEY *key))
{
    BIO *memory = BIO_new(BIO_s_secmem());
    char *text = NULL;
    long length = memory && print(memory, key) == 1 && BIO_write(memory, "", 1) == 1
                      ? BIO_get_mem_data(memory, &text)
                      : 0;
    int status = length > 0 ? write_once(up, rk_up_path(up, name), text) : -1;

    BIO_free(memory);
    return status;
}

static int print_private(BIO *out, const EVP_PKEY *key)
{
    return PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
}

/* The key pair of the secrets storage: the public half last, so that both are there or made anew.
 */
static int make_key_pair(rk_up *up)
{
    if (access(rk_up_path(up, "keys/secrets_public.pem"), F_OK) == 0)
        return 0;
    EVP_PKEY *key = EVP_RSA_gen(RSA_BITS);
    int status = key ? write_half(up, "keys/secrets_private.pem", key, print_private) : -1;

    if (status == 0)
        status = write_half(up, "keys/secrets_public.pem", key, PEM_write_bio_PUBKEY);
    EVP_PKEY_free(key);
    return status;
}

int rk_up_make_keys(rk_up *up)
{
    unsigned char bytes[KEY_BYTES_MAX];
    char text[KEY_TEXT_MAX];
    int status = 0;

    if (sodium_init() < 0)
        return -1;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && status == 0; i++) {
        const char *path = rk_cli_format(up->cli, "%s/keys/%s", up->folder, keys[i].name);

        if (access(path, F_OK) == 0)
            continue;
        randombytes_buf(bytes, keys[i].bytes);
        sodium_bin2base64(text, sizeof(text), bytes, keys[i].bytes, sodium_base64_VARIANT_URLSAFE);
        status = write_once(up, path, text);
    }
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(text, sizeof(text));
    return status < 0 || make_key_pair(up) < 0 ? -1 : make_identity(up);
}

const char *rk_up_key(rk_up *up, const char *name)
{
    const char *path = rk_cli_format(up->cli, "%s/keys/%s", up->folder, name);
    const char *text = rk_cli_read_file(up->cli, path, NULL);

    if (!text)
        (void)rk_cli_fail_errno("cannot read", path);
    return text;
}

int rk_up_write_env(rk_up *up)
{
    const char *path = rk_up_path(up, "env");
    const char *password = rk_up_key(up, "db_password");
    const char *client_secret = rk_up_key(up, "client_secret");

    if (!password || !client_secret)
        return -1;
    const char *const lines[] = {
        /* clang-format off */
        "VERSION",                        renku_version(),
        "DUMMY_STORES",                   "false",
        "ENABLE_INTERNAL_GITLAB",         "false",
        "KUBERNETES_NAMESPACE",           "default",
        "DB_HOST",                        up->sockets,
        "DB_PORT",                        "5432",
        "DB_USER",                        "renku",
        "DB_NAME",                        "renku",
        "DB_PASSWORD",                    password,
        "KEYCLOAK_URL",                   up->identity_url ? up->identity_url : "",
        "KEYCLOAK_REALM",                 "Renku",
        "KEYCLOAK_CLIENT_ID",             "renku",
        "KEYCLOAK_CLIENT_SECRET",         client_secret,
        "KEYCLOAK_TOKEN_SIGNATURE_ALGS",  "RS256",
        "INTERNAL_AUTHN_SECRET_KEY_PATH", rk_up_path(up, "keys/internal_authn"),
        "ENCRYPTION_KEY_PATH",            rk_up_path(up, "keys/encryption_key"),
        "SECRETS_SERVICE_PUBLIC_KEY_PATH", rk_up_path(up, "keys/secrets_public.pem"),
        "RENKU_IDENTITY_DIR",             rk_up_path(up, "identity"),
        "RENKU_URL",                      up->url ? up->url : "",
        "TCP_HOST",                       RK_UP_HOST,
        "TCP_PORT",                       up->control ? strrchr(up->control, ':') + 1 : "0",
        NULL,
        /* clang-format on */
    };

    return rk_cli_env_write(up->cli, path, lines) < 0 ? tell("cannot write", path) : 0;
}
