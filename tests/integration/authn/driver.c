/* SPDX-License-Identifier: Apache-2.0 */
/* Runs authentication and encryption for the Python tests; see lines.h. DRIVER_REFRESH_MS,
 * DRIVER_KEEP_MS, DRIVER_PAUSE_MS, DRIVER_KEYS_TIMEOUT_MS and DRIVER_DISCOVERY_TIMEOUT_MS change
 * the times of the key set. */
#include <json-c/json.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "librenku/api/identity.h"
#include "librenku/base/settings.h"
#include "librenku/crypto/envelope.h"
#include "librenku/crypto/obscure.h"
#include "tests/support/lines.h"

static rk_authenticator *auth;

static int milliseconds(const char *name)
{
    const char *text = getenv(name);

    return text ? atoi(text) : 0;
}

/* --- what can be asked for -------------------------------------------------------------------- */

static int authenticate(json_object *answer, rk_op *op, json_object *request)
{
    const rk_credentials credentials = {
        .kind = (rk_authentication)int_of(request, "kind"),
        .authorization = text_of(request, "authorization"),
        .cookie = text_of(request, "cookie"),
        .anonymous_id = text_of(request, "anonymous_id"),
        .refresh_token = text_of(request, "refresh_token"),
        .gitlab_token = text_of(request, "gitlab_token"),
        .gitlab_expires = text_of(request, "gitlab_expires"),
    };
    rk_caller *caller;

    RK_TRY(rk_authenticate(&caller, op, auth, &credentials));
    json_object *roles = json_object_new_array();

    for (size_t i = 0; i < caller->roles.count; i++)
        json_object_array_add(roles, json_object_new_string(caller->roles.items[i]));
    add_text(answer, "kind", caller->kind == RK_CALLER_USER ? "user" : "anonymous");
    add_text(answer, "id", caller->id);
    add_text(answer, "email", caller->email);
    add_text(answer, "full_name", caller->full_name);
    add_text(answer, "first_name", caller->first_name);
    add_text(answer, "last_name", caller->last_name);
    add_text(answer, "access_token", caller->access_token);
    add_text(answer, "refresh_token", caller->refresh_token);
    json_object_object_add(answer, "is_admin", json_object_new_boolean(caller->is_admin));
    json_object_object_add(answer, "roles", roles);
    if (caller->expires.set)
        add_int(answer, "expires_micros", caller->expires.micros);
    return 0;
}

static int discover(json_object *answer, rk_op *op, json_object *request)
{
    (void)answer;
    return rk_authenticator_discover(auth, op, (int)int_of(request, "attempts"));
}

static int read_state(json_object *answer, rk_op *op, json_object *request)
{
    rk_keyset_state state;

    (void)op;
    (void)request;
    rk_authenticator_keys(&state, auth);
    add_int(answer, "discovered", state.discovered);
    add_int(answer, "keys", (int64_t)state.keys);
    add_int(answer, "age_ms", state.age_ms);
    add_int(answer, "fetches", (int64_t)state.fetches);
    add_int(answer, "failing", state.failing);
    if (auth->tokens)
        add_int(answer, "cached", (int64_t)rk_token_cache_count(auth->tokens));
    return 0;
}

/* The same credentials many times, each in an operation of its own: nanoseconds of one. */
static int repeat(json_object *answer, rk_op *op, json_object *request)
{
    const rk_credentials credentials = {.authorization = text_of(request, "authorization")};
    int64_t rounds = int_of(request, "rounds");
    bool cached = int_of(request, "cached");
    struct timespec begun, ended;

    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int64_t i = 0; i < rounds; i++) {
        rk_caller *caller;
        rk_op one;

        if (rk_op_begin(&one) < 0)
            return rk_fail_default(op, RK_ERR_NO_MEMORY);
        if (!cached) {
            rk_token_cache_free(auth->tokens);
            RK_TRY(rk_token_cache_new(&auth->tokens, op, 1, RK_TOKEN_CACHE_MS));
        }
        if (rk_authenticate(&caller, &one, auth, &credentials) < 0 ||
            caller->kind != RK_CALLER_USER)
            return rk_fail(op, RK_ERR_INTERNAL, "not logged in");
        rk_op_end(&one);
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    add_int(answer, "nanoseconds",
            ((ended.tv_sec - begun.tv_sec) * INT64_C(1000000000) + ended.tv_nsec - begun.tv_nsec) /
                rounds);
    return 0;
}

static int mint(json_object *answer, rk_op *op, json_object *request)
{
    const rk_internal_subject subject = {
        .sub = text_of(request, "sub"),
        .email = text_of(request, "email"),
        .name = text_of(request, "name"),
        .given_name = text_of(request, "given_name"),
        .family_name = text_of(request, "family_name"),
        .scope = text_of(request, "scope"),
    };
    const rk_internal_grant grant = {
        .type = (rk_token_type)int_of(request, "type"),
        .lifetime_s = int_of(request, "lifetime"),
        .issued_s = int_of(request, "issued"),
        .jti = text_of(request, "jti"),
    };
    const char *token;

    RK_TRY(rk_internal_token_mint(&token, op, auth->issuer, &subject, &grant));
    add_text(answer, "token", token);
    return 0;
}

static int verify(json_object *answer, rk_op *op, json_object *request)
{
    rk_internal_subject subject;

    RK_TRY(rk_internal_token_verify(&subject, op, auth->issuer, text_of(request, "token"),
                                    (rk_token_type)int_of(request, "type")));
    add_text(answer, "sub", subject.sub);
    add_text(answer, "email", subject.email);
    add_text(answer, "name", subject.name);
    add_text(answer, "scope", subject.scope);
    return 0;
}

/* Bytes travel as hexadecimal digits. */
static rk_bytes bytes_of(rk_op *op, json_object *request, const char *name)
{
    const char *text = text_of(request, name);
    size_t size = strlen(text) / 2;
    unsigned char *bytes = rk_alloc(op, size + 1, 1);

    if (bytes)
        sodium_hex2bin(bytes, size, text, strlen(text), NULL, NULL, NULL);
    return (rk_bytes){bytes, size};
}

static int seal(json_object *answer, rk_op *op, json_object *request)
{
    const rk_bytes plain = bytes_of(op, request, "plain");
    rk_symmetric_key key;
    const char *token;

    RK_TRY(rk_symmetric_key_parse(&key, op, text_of(request, "key")));
    RK_TRY(rk_symmetric_seal(&token, op, &key, &plain, NULL));
    add_text(answer, "token", token);
    return 0;
}

static int open_token(json_object *answer, rk_op *op, json_object *request)
{
    rk_symmetric_key key;
    rk_bytes plain;

    RK_TRY(rk_symmetric_key_parse(&key, op, text_of(request, "key")));
    RK_TRY(rk_symmetric_open(&plain, op, &key, text_of(request, "token")));
    char *digits = rk_alloc(op, 2 * plain.size_bytes + 1, 1);

    RK_CHECK(digits);
    sodium_bin2hex(digits, 2 * plain.size_bytes + 1, plain.bytes, plain.size_bytes);
    add_text(answer, "plain", digits);
    return 0;
}

static int encrypt(json_object *answer, rk_op *op, json_object *request)
{
    const rk_bytes password = bytes_of(op, request, "password");
    const char *token;

    RK_TRY(rk_symmetric_encrypt(&token, op, &password, text_of(request, "salt"),
                                text_of(request, "text")));
    add_text(answer, "token", token);
    return 0;
}

static int obscure(json_object *answer, rk_op *op, json_object *request)
{
    const char *text;

    RK_TRY(rk_obscure(&text, op, text_of(request, "text")));
    add_text(answer, "obscured", text);
    return 0;
}

static int reveal(json_object *answer, rk_op *op, json_object *request)
{
    const char *text;

    RK_TRY(rk_reveal(&text, op, text_of(request, "obscured")));
    add_text(answer, "text", text);
    return 0;
}

static int decrypt(json_object *answer, rk_op *op, json_object *request)
{
    const rk_bytes password = bytes_of(op, request, "password");
    const char *text;

    RK_TRY(rk_symmetric_decrypt(&text, op, &password, text_of(request, "salt"),
                                text_of(request, "token")));
    add_text(answer, "text", text);
    return 0;
}

static int derive(json_object *answer, rk_op *op, json_object *request)
{
    const rk_bytes password = bytes_of(op, request, "password");
    char text[RK_SYMMETRIC_KEY_LENGTH + 1];
    rk_symmetric_key key;

    RK_TRY(rk_symmetric_derive(&key, op, &password, text_of(request, "salt")));
    rk_symmetric_key_print(text, &key);
    add_text(answer, "key", text);
    return 0;
}

static void add_bytes(json_object *answer, rk_op *op, const char *name, const rk_bytes *bytes)
{
    size_t room = 2 * bytes->size_bytes + 1;
    char *text = rk_alloc(op, room, 1);

    add_text(answer, name,
             text ? sodium_bin2hex(text, room, bytes->bytes, bytes->size_bytes) : NULL);
}

static int derive_rounds(json_object *answer, rk_op *op, json_object *request)
{
    const rk_bytes password = bytes_of(op, request, "password");
    char text[RK_SYMMETRIC_KEY_LENGTH + 1];
    rk_symmetric_key key;

    RK_TRY(rk_symmetric_derive_rounds(&key, op, &password, text_of(request, "salt"),
                                      (int)int_of(request, "rounds")));
    rk_symmetric_key_print(text, &key);
    add_text(answer, "key", text);
    return 0;
}

/* A key from its PEM text, as whichever half is asked for. */
static int read_key(json_object *answer, rk_op *op, json_object *request)
{
    const rk_bytes pem = bytes_of(op, request, "pem");
    RK_AUTO(rk_rsa) *key = NULL;

    (void)answer;
    return int_of(request, "private") ? rk_rsa_parse_private(&key, op, &pem)
                                      : rk_rsa_parse_public(&key, op, &pem);
}

static int seal_envelope(json_object *answer, rk_op *op, json_object *request)
{
    const rk_envelope_owner owner = {text_of(request, "user"), (int)int_of(request, "rounds")};
    const rk_bytes pem = bytes_of(op, request, "pem");
    RK_AUTO(rk_rsa) *key = NULL;
    rk_envelope envelope;

    RK_TRY(rk_rsa_parse_public(&key, op, &pem));
    RK_TRY(rk_envelope_seal(&envelope, op, key, &owner, text_of(request, "text")));
    add_text(answer, "value", envelope.value);
    add_bytes(answer, op, "key", &envelope.key);
    return 0;
}

static int open_envelope(json_object *answer, rk_op *op, json_object *request)
{
    const rk_envelope_owner owner = {text_of(request, "user"), (int)int_of(request, "rounds")};
    const rk_bytes pem = bytes_of(op, request, "pem");
    const rk_envelope envelope = {text_of(request, "value"), bytes_of(op, request, "key")};
    RK_AUTO(rk_rsa) *key = NULL;
    const char *text;

    RK_TRY(rk_rsa_parse_private(&key, op, &pem));
    RK_TRY(rk_envelope_open(&text, op, key, &owner, &envelope));
    add_text(answer, "text", text);
    return 0;
}

static const lines_command commands[] = {
    {"authenticate",  authenticate },
    {"discover",      discover     },
    {"state",         read_state   },
    {"repeat",        repeat       },
    {"mint",          mint         },
    {"verify",        verify       },
    {"seal",          seal         },
    {"open",          open_token   },
    {"encrypt",       encrypt      },
    {"decrypt",       decrypt      },
    {"derive",        derive       },
    {"derive_rounds", derive_rounds},
    {"read_key",      read_key     },
    {"seal_envelope", seal_envelope},
    {"open_envelope", open_envelope},
    {"obscure",       obscure      },
    {"reveal",        reveal       },
};

/* --- the program ------------------------------------------------------------------------------ */

/* The verified tokens and the key set again, with the times of the test. */
static int change_times(rk_op *op)
{
    int keep_ms = milliseconds("DRIVER_CACHE_MS");

    const char *url =
        rk_printf(op, "%s/realms/%s", rk_settings_text(op->settings, RK_SET_KEYCLOAK_URL),
                  rk_settings_text(op->settings, RK_SET_KEYCLOAK_REALM));
    const rk_keyset_options options = {
        .issuer_url = url,
        .ca_file = rk_settings_text(op->settings, RK_SET_SSL_CERT_FILE),
        .refresh_ms = milliseconds("DRIVER_REFRESH_MS"),
        .keep_ms = milliseconds("DRIVER_KEEP_MS"),
        .pause_ms = milliseconds("DRIVER_PAUSE_MS"),
        .keys_timeout_ms = milliseconds("DRIVER_KEYS_TIMEOUT_MS"),
        .discovery_timeout_ms = milliseconds("DRIVER_DISCOVERY_TIMEOUT_MS"),
    };

    if (!auth->keys)
        return 0;
    RK_CHECK(url);
    rk_keyset_free(auth->keys);
    auth->keys = NULL;
    if (keep_ms) {
        rk_token_cache_free(auth->tokens);
        auth->tokens = NULL;
        RK_TRY(rk_token_cache_new(&auth->tokens, op, 64, keep_ms));
    }
    return rk_keyset_new(&auth->keys, op, &options);
}

static int start(rk_op *op)
{
    RK_TRY(rk_authenticator_new(&auth, op, op->settings));
    return change_times(op);
}

static void stop(rk_op *op)
{
    (void)op;
    rk_authenticator_free(auth);
}

int main(void)
{
    static const lines_program program = {commands, RK_COUNT(commands), start, stop, true};

    return lines_main(&program);
}
