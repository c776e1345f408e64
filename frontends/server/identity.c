/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#define KEY_FILE "signing-key.pem"
#define USERS_FILE "users.json"
#define KEY_BITS 2048
#define NUMBER_MAX 1024 /* bytes of the modulus of a key */

struct rk_identity {
    EVP_PKEY *key;
    char *modulus, *exponent; /* base64url */
    char kid[44];
    json_object *users; /* NULL when there is no list */
};

/* base64url without padding; returns where it ends. RFC 7515 2 */
static char *put_base64(char *out, const void *bytes, size_t size)
{
    int length = EVP_EncodeBlock((unsigned char *)out, bytes, (int)size);

    while (length > 0 && out[length - 1] == '=')
        length--;
    out[length] = '\0';
    for (char *c = out; *c; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    return out + length;
}

static size_t base64_room(size_t size)
{
    return (size + 2) / 3 * 4 + 1;
}

static char *base64_of(const void *bytes, size_t size)
{
    char *out = malloc(base64_room(size));

    if (out)
        put_base64(out, bytes, size);
    return out;
}

static char *number_of_key(EVP_PKEY *key, const char *name)
{
    unsigned char bytes[NUMBER_MAX];
    BIGNUM *number = NULL;
    char *text = NULL;

    if (EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_num_bytes(number) <= NUMBER_MAX)
        text = base64_of(bytes, (size_t)BN_bn2bin(number, bytes));
    BN_free(number);
    return text;
}

/* RFC 7638: the hash of the required members in their order. */
static void make_kid(rk_identity *identity)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char text[2 * NUMBER_MAX + 64];

    snprintf(text, sizeof(text), "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", identity->exponent,
             identity->modulus);
    SHA256((const unsigned char *)text, strlen(text), hash);
    put_base64(identity->kid, hash, sizeof(hash));
}

static bool load_key(rk_identity *identity, const char *path)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    identity->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    errno = EINVAL;
    if (!identity->key || EVP_PKEY_get_base_id(identity->key) != EVP_PKEY_RSA)
        return false;
    identity->modulus = number_of_key(identity->key, OSSL_PKEY_PARAM_RSA_N);
    identity->exponent = number_of_key(identity->key, OSSL_PKEY_PARAM_RSA_E);
    if (!identity->modulus || !identity->exponent)
        return false;
    make_kid(identity);
    return true;
}

static bool load_users(rk_identity *identity, const char *path)
{
    int fd = path && *path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0)
        return !path || !*path || errno == ENOENT;
    identity->users = json_object_from_fd(fd);
    close(fd);
    errno = EINVAL;
    return json_object_is_type(identity->users, json_type_object);
}

static int write_key(int fd)
{
    EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
    FILE *file = key ? fdopen(fcntl(fd, F_DUPFD_CLOEXEC, 0), "w") : NULL;
    int written = file ? PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) : 0;

    if (file && (fflush(file) != 0 || fsync(fd) != 0))
        written = 0;
    if (file)
        fclose(file);
    EVP_PKEY_free(key);
    return written == 1 ? 0 : -1;
}

int rk_identity_create(const char *folder)
{
    char path[PATH_MAX], draft[PATH_MAX];
    int failed;

    snprintf(path, sizeof(path), "%s/" KEY_FILE, folder);
    if (access(path, F_OK) == 0)
        return 0;
    snprintf(draft, sizeof(draft), "%s/" KEY_FILE ".XXXXXX", folder);

    int fd = mkostemp(draft, O_CLOEXEC);

    if (fd < 0)
        return -1;
    failed = write_key(fd);
    close(fd);
    if (!failed && link(draft, path) != 0 && errno != EEXIST) /* whoever was first has made it */
        failed = -1;
    unlink(draft);
    return failed;
}

rk_identity *rk_identity_open(const char *key_path, const char *users_path)
{
    rk_identity *identity = calloc(1, sizeof(*identity));

    if (!identity)
        return NULL;
    if (load_key(identity, key_path) && load_users(identity, users_path))
        return identity;

    int saved = errno;

    rk_identity_free(identity);
    errno = saved;
    return NULL;
}

rk_identity *rk_identity_open_folder(const char *folder)
{
    char key[PATH_MAX], users[PATH_MAX];

    snprintf(key, sizeof(key), "%s/" KEY_FILE, folder);
    snprintf(users, sizeof(users), "%s/" USERS_FILE, folder);
    return rk_identity_open(key, users);
}

void rk_identity_free(rk_identity *identity)
{
    if (!identity)
        return;
    EVP_PKEY_free(identity->key);
    json_object_put(identity->users);
    free(identity->modulus);
    free(identity->exponent);
    free(identity);
}

static const char *text_of(json_object *entry, const char *member)
{
    json_object *value = NULL;

    if (!json_object_object_get_ex(entry, member, &value) ||
        !json_object_is_type(value, json_type_string))
        return NULL;
    return json_object_get_string(value);
}

/* The entry of a list whose member has that value; NULL when there is none. */
static json_object *find_entry(const rk_identity *identity, const char *list, const char *member,
                               const char *wanted)
{
    json_object *entries = NULL;

    json_object_object_get_ex(identity->users, list, &entries);
    if (!json_object_is_type(entries, json_type_array))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        json_object *entry = json_object_array_get_idx(entries, i);
        const char *text = text_of(entry, member);

        if (text && strcmp(text, wanted) == 0)
            return entry;
    }
    return NULL;
}

/* A UUID from sixteen bytes. */
static void put_uuid(char id[37], unsigned char bytes[16], unsigned version)
{
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            id[at++] = '-';
        at += (size_t)sprintf(id + at, "%02x", bytes[i]);
    }
}

void rk_identity_user_id(char id[37], const rk_identity *identity, const char *username)
{
    const char *given = text_of(find_entry(identity, "users", "username", username), "id");
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char text[512];

    if (given && strlen(given) < 37) {
        memcpy(id, given, strlen(given) + 1);
        return;
    }
    snprintf(text, sizeof(text), "renku local user %s", username);
    SHA256((const unsigned char *)text, strlen(text), hash);
    put_uuid(id, hash, 8);
}

/* Compared by their hashes, so that the time does not tell how much is right. */
static bool is_same_secret(const char *a, const char *b)
{
    unsigned char hash_a[SHA256_DIGEST_LENGTH], hash_b[SHA256_DIGEST_LENGTH];

    if (!a || !b)
        return false;
    SHA256((const unsigned char *)a, strlen(a), hash_a);
    SHA256((const unsigned char *)b, strlen(b), hash_b);
    return CRYPTO_memcmp(hash_a, hash_b, sizeof(hash_a)) == 0;
}

bool rk_identity_is_user(const rk_identity *identity, const char *username, const char *password)
{
    return is_same_secret(text_of(find_entry(identity, "users", "username", username), "password"),
                          password);
}

bool rk_identity_is_client(const rk_identity *identity, const char *client, const char *secret)
{
    return is_same_secret(
        text_of(find_entry(identity, "clients", "client_id", client), "client_secret"), secret);
}

static void add_text(json_object *object, const char *name, const char *value)
{
    json_object_object_add(object, name, json_object_new_string(value));
}

/* {"roles": [...]}: those of the entry, and the administrator's when asked for. */
static json_object *make_roles(json_object *entry, bool admin)
{
    json_object *access = json_object_new_object(), *roles = json_object_new_array(),
                *listed = NULL;

    json_object_object_get_ex(entry, "roles", &listed);
    for (size_t i = 0;
         json_object_is_type(listed, json_type_array) && i < json_object_array_length(listed);
         i++) {
        const char *role = json_object_get_string(json_object_array_get_idx(listed, i));

        if (role && strcmp(role, "renku-admin") == 0)
            admin = true;
        else if (role)
            json_object_array_add(roles, json_object_new_string(role));
    }
    if (admin)
        json_object_array_add(roles, json_object_new_string("renku-admin"));
    json_object_object_add(access, "roles", roles);
    return access;
}

/* alice -> Alice, alice@renku.local, unless the list knows better. */
static void add_person(json_object *claims, json_object *entry, const char *username)
{
    const char *given = text_of(entry, "given_name"), *family = text_of(entry, "family_name");
    const char *email = text_of(entry, "email");
    char first[256], name[600], address[300];

    snprintf(first, sizeof(first), "%s", username);
    if (first[0] >= 'a' && first[0] <= 'z')
        first[0] = (char)(first[0] - 'a' + 'A');
    given = given ? given : first;
    family = family ? family : "Local";
    snprintf(name, sizeof(name), "%.255s %.255s", given, family);
    snprintf(address, sizeof(address), strchr(username, '@') ? "%.255s" : "%.255s@renku.local",
             username);
    add_text(claims, "email", email ? email : address);
    add_text(claims, "name", name);
    add_text(claims, "given_name", given);
    add_text(claims, "family_name", family);
}

static json_object *make_claims(const rk_identity *identity, const rk_identity_request *request)
{
    json_object *claims = json_object_new_object();
    unsigned char bytes[16];
    char id[37], name[256];
    const char *username = request->username;
    json_object *entry = username ? find_entry(identity, "users", "username", username)
                                  : find_entry(identity, "clients", "client_id", request->client);
    int64_t now = (int64_t)time(NULL);

    snprintf(name, sizeof(name), username ? "%.200s" : "service-account-%.200s",
             username ? username : request->client);
    rk_identity_user_id(id, identity, name);
    add_text(claims, "iss", request->issuer);
    add_text(claims, "sub", id);
    add_text(claims, "aud", "renku");
    add_text(claims, "typ", "Bearer");
    add_text(claims, "azp", request->client);
    RAND_bytes(bytes, sizeof(bytes));
    put_uuid(id, bytes, 4);
    add_text(claims, "jti", id);
    json_object_object_add(claims, "iat", json_object_new_int64(now));
    json_object_object_add(claims, "exp", json_object_new_int64(now + request->lifetime_seconds));
    add_text(claims, "preferred_username", name);
    if (username)
        add_person(claims, entry, username);
    json_object_object_add(claims, "realm_access", make_roles(entry, request->admin));
    return claims;
}

/* Appends "." and the RS256 signature of what stands before. */
static bool sign(char *token, size_t size, EVP_PKEY *key)
{
    unsigned char signature[NUMBER_MAX];
    size_t signature_size = sizeof(signature);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool done =
        digest && EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(digest, signature, &signature_size, (const unsigned char *)token, size) == 1;

    EVP_MD_CTX_free(digest);
    if (!done)
        return false;
    token[size] = '.';
    put_base64(token + size + 1, signature, signature_size);
    return true;
}

char *rk_identity_token(const rk_identity *identity, const rk_identity_request *request)
{
    json_object *claims = make_claims(identity, request);
    const char *payload = json_object_to_json_string_ext(
        claims, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    char header[160];

    snprintf(header, sizeof(header), "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
             identity->kid);

    char *token = payload ? malloc(base64_room(strlen(header)) + base64_room(strlen(payload)) +
                                   base64_room(NUMBER_MAX))
                          : NULL;

    if (token) {
        char *at = put_base64(token, header, strlen(header));

        *at++ = '.';
        at = put_base64(at, payload, strlen(payload));
        if (!sign(token, (size_t)(at - token), identity->key)) {
            free(token);
            token = NULL;
        }
    }
    json_object_put(claims);
    return token;
}

char *rk_identity_jwks(const rk_identity *identity)
{
    char *text;

    if (asprintf(&text,
                 "{\"keys\":[{\"kid\":\"%s\",\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\","
                 "\"n\":\"%s\",\"e\":\"%s\"}]}",
                 identity->kid, identity->modulus, identity->exponent) < 0)
        return NULL;
    return text;
}
