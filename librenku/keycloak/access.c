/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/keycloak/access.h"

#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "librenku/base/buf.h"
#include "librenku/base/log.h"
#include "librenku/base/settings.h"
#include "librenku/base/time.h"
#include "librenku/base/url.h"
#include "librenku/crypto/jwt.h"
#include "librenku/http/json.h"
#include "librenku/keycloak/send.h"

enum {
    TIMEOUT_MS = 60 * 1000,
    PAUSE_MS = 2 * 1000,
    MARGIN_MS = 60 * 1000, /* before its end a token counts as expired */
    ASSERTION_S = 3600,
    LIFETIME_MAX_S = 10 * 365 * 24 * 3600,
    JTI_LENGTH = 36,
    ANSWER_MAX_BYTES = 8 * 1024 * 1024,
    REASON_MAX_BYTES = 64,
};

static const char assertion_type[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/* --- tokens ----------------------------------------------------------------------------------- */

static void forget(rk_keycloak_token *token)
{
    rk_secret_free(token->text);
    *token = (rk_keycloak_token){0};
}

static bool is_good(const rk_keycloak_token *token)
{
    return token->text && rk_time_monotonic_ms() < token->until_ms - MARGIN_MS;
}

static const char *text_of(const rk_keycloak_token *token)
{
    return (const char *)token->text->bytes;
}

static void wipe(json_object *text)
{
    sodium_memzero((char *)(uintptr_t)json_object_get_string(text),
                   (size_t)json_object_get_string_len(text));
}

/* What is no token leaves none. Keycloak gives 0 for one that does not expire. */
static int keep(rk_keycloak_token *token, rk_op *op, json_object *text, json_object *lifetime)
{
    int64_t seconds = json_object_get_int64(lifetime);

    forget(token);
    if (!json_object_is_type(text, json_type_string) || seconds < 0)
        return 0;
    if (seconds == 0 || seconds > LIFETIME_MAX_S)
        seconds = LIFETIME_MAX_S;
    token->until_ms = rk_time_monotonic_ms() + seconds * 1000;
    int result = rk_secret_copy(&token->text, op, json_object_get_string(text),
                                (size_t)json_object_get_string_len(text) + 1);

    wipe(text);
    return result;
}

/* --- asking for one --------------------------------------------------------------------------- */

static const char *random_name(char out[JTI_LENGTH + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (int i = 0; i < JTI_LENGTH; i++)
        out[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
    out[JTI_LENGTH] = '\0';
    return out;
}

/* The client proves that it has the secret. Spec: users.md 5.1 */
static int make_assertion(const char **out, rk_op *op, const rk_keycloak *keycloak)
{
    RK_AUTO(rk_secret) *key = NULL;
    int64_t now_s = rk_time_now() / 1000000;
    char jti[JTI_LENGTH + 1];
    rk_buf claims;

    rk_buf_begin(&claims, op, 512);
    rk_buf_text(&claims, "{\"iss\":");
    rk_buf_json_text(&claims, keycloak->client_id);
    rk_buf_text(&claims, ",\"sub\":");
    rk_buf_json_text(&claims, keycloak->client_id);
    rk_buf_text(&claims, ",\"aud\":");
    rk_buf_json_text(&claims, keycloak->token_url);
    rk_buf_printf(&claims, ",\"iat\":%lld,\"exp\":%lld,\"jti\":\"%s\"}", (long long)now_s,
                  (long long)now_s + ASSERTION_S, random_name(jti));
    RK_TRY(rk_buf_finish(&claims));
    RK_TRY(rk_secret_copy(&key, op, keycloak->client_secret, strlen(keycloak->client_secret)));
    return rk_jwt_sign(out, op, RK_JWT_SIGN_HS256, key, claims.text);
}

static void add_field(rk_buf *form, const char *name, const char *value)
{
    if (form->length)
        rk_buf_char(form, '&');
    rk_buf_printf(form, "%s=", name);
    rk_url_add_encoded(form, value);
}

static int make_form(rk_buf *form, rk_op *op, const rk_keycloak *keycloak,
                     const rk_keycloak_token *refresh)
{
    const char *assertion;

    RK_TRY(make_assertion(&assertion, op, keycloak));
    rk_buf_begin(form, op, 2048);
    add_field(form, "grant_type", refresh ? "refresh_token" : "client_credentials");
    if (refresh)
        add_field(form, "refresh_token", text_of(refresh));
    add_field(form, "client_id", keycloak->client_id);
    add_field(form, "client_secret", keycloak->client_secret);
    add_field(form, "client_assertion_type", assertion_type);
    add_field(form, "client_assertion", assertion);
    return rk_buf_finish(form);
}

/* One of the words of RFC 6749 5.2; its description may repeat what was sent. */
static const char *reason_of(json_object *answer)
{
    const char *reason = json_object_get_string(json_object_object_get(answer, "error"));
    size_t length = reason ? strspn(reason, "abcdefghijklmnopqrstuvwxyz_") : 0;

    return length && !reason[length] && length < REASON_MAX_BYTES ? reason : "no token";
}

static int read_token(rk_op *op, rk_keycloak *keycloak, const rk_net_answer *answer)
{
    json_object *body = NULL;
    const char *shown = rk_url_shown(op, keycloak->token_url);

    RK_CHECK(shown);
    int result = rk_json_parse(&body, op, answer->body, answer->body_size);

    if (result == RK_ERR_NO_MEMORY)
        return result;
    rk_error_clear(op);
    if (!json_object_is_type(body, json_type_object))
        return rk_fail(op, RK_ERR_REMOTE, "Error on remote connection POST %s: %d, no JSON object",
                       shown, answer->status);
    RK_TRY(keep(&keycloak->refresh, op, json_object_object_get(body, "refresh_token"),
                json_object_object_get(body, "refresh_expires_in")));
    RK_TRY(keep(&keycloak->access, op, json_object_object_get(body, "access_token"),
                json_object_object_get(body, "expires_in")));
    if (answer->status == 200 && keycloak->access.text)
        return 0;
    return rk_fail(op, RK_ERR_REMOTE,
                   "Keycloak does not accept the client '%s' (KEYCLOAK_CLIENT_ID, "
                   "KEYCLOAK_CLIENT_SECRET): %d %s",
                   keycloak->client_id, answer->status, reason_of(body));
}

static int ask_for_token(rk_op *op, rk_keycloak *keycloak, const rk_keycloak_token *refresh)
{
    const rk_net_header headers[] = {
        {"Accept",       "application/json"                               },
        {"Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"},
    };
    rk_net_answer answer;
    rk_buf form;

    RK_TRY(make_form(&form, op, keycloak, refresh));
    const rk_net_request request = {
        .method = "POST",
        .url = keycloak->token_url,
        .headers = headers,
        .header_count = RK_COUNT(headers),
        .body = form.text,
        .body_size = form.length,
        .timeout_ms = keycloak->timeout_ms,
    };

    RK_TRY(rk_keycloak_send(&answer, op, &request, keycloak->pause_ms));
    return read_token(op, keycloak, &answer);
}

/* A refresh token that is refused only costs another question. */
static int renew(rk_op *op, rk_keycloak *keycloak)
{
    if (is_good(&keycloak->refresh)) {
        int result = ask_for_token(op, keycloak, &keycloak->refresh);

        if (result != RK_ERR_REMOTE)
            return result;
        rk_error_clear(op);
    }
    return ask_for_token(op, keycloak, NULL);
}

/* --- using it --------------------------------------------------------------------------------- */

static int get_once(rk_net_answer *out, rk_op *op, rk_keycloak *keycloak, const char *url)
{
    if (!is_good(&keycloak->access))
        RK_TRY(renew(op, keycloak));
    const char *authorization = rk_printf(op, "Bearer %s", text_of(&keycloak->access));

    RK_CHECK(authorization);
    const rk_net_header headers[] = {
        {"Accept",        "application/json"},
        {"Authorization", authorization     },
    };
    const rk_net_request request = {
        .url = url,
        .headers = headers,
        .header_count = RK_COUNT(headers),
        .timeout_ms = keycloak->timeout_ms,
        .max_bytes = ANSWER_MAX_BYTES,
    };

    return rk_keycloak_send(out, op, &request, keycloak->pause_ms);
}

int rk_keycloak_get(rk_net_answer *out, rk_op *op, rk_keycloak *keycloak, const char *url)
{
    RK_TRY(get_once(out, op, keycloak, url));
    if (out->status != 401)
        return 0;
    forget(&keycloak->access); /* it was taken back, or another node does not know it */
    return get_once(out, op, keycloak, url);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void close_keycloak(void *object)
{
    rk_keycloak *keycloak = object;

    forget(&keycloak->access);
    forget(&keycloak->refresh);
}

static int set_urls(rk_keycloak *keycloak, rk_op *op, const rk_keycloak_options *options)
{
    size_t length = strlen(options->url);
    rk_buf realm;

    while (length && options->url[length - 1] == '/')
        length--;
    rk_buf_begin(&realm, op, 64);
    rk_url_add_encoded(&realm, options->realm);
    RK_TRY(rk_buf_finish(&realm));
    keycloak->token_url = rk_printf(op, "%.*s/realms/%s/protocol/openid-connect/token", (int)length,
                                    options->url, realm.text);
    keycloak->admin_url =
        rk_printf(op, "%.*s/admin/realms/%s", (int)length, options->url, realm.text);
    RK_CHECK(keycloak->token_url && keycloak->admin_url);
    return 0;
}

static bool is_empty(const char *text)
{
    return !text || !*text;
}

static int check_options(rk_op *op, const rk_keycloak_options *options)
{
    if (!is_empty(options->url) && !is_empty(options->client_id) &&
        !is_empty(options->client_secret))
        return 0;
    return rk_fail(op, RK_ERR_CONFIGURATION,
                   "Keycloak cannot be asked: KEYCLOAK_URL, KEYCLOAK_CLIENT_ID and "
                   "KEYCLOAK_CLIENT_SECRET must be set.");
}

int rk_keycloak_open(rk_keycloak **out, rk_op *op, const rk_keycloak_options *options)
{
    rk_keycloak *keycloak = rk_new(op, rk_keycloak);

    RK_CHECK(keycloak);
    *out = keycloak;
    if (!options->url)
        return 0;
    RK_TRY(check_options(op, options));
    if (rk_arena_defer(op->arena, close_keycloak, keycloak) < 0)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    keycloak->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
    keycloak->pause_ms = options->pause_ms ? options->pause_ms : PAUSE_MS;
    keycloak->client_id = options->client_id;
    keycloak->client_secret = options->client_secret;
    RK_TRY(set_urls(keycloak, op, options));
    return renew(op, keycloak);
}

int rk_keycloak_open_settings(rk_keycloak **out, rk_op *op)
{
    const rk_settings *settings = op->settings;
    const char *url = rk_settings_text(settings, RK_SET_KEYCLOAK_URL);
    bool development = rk_settings_bool(settings, RK_SET_DUMMY_STORES);
    const rk_keycloak_options options = {
        .url = development ? NULL
               : url       ? url
                           : "",
        .realm = rk_settings_text(settings, RK_SET_KEYCLOAK_REALM),
        .client_id = rk_settings_text(settings, RK_SET_KEYCLOAK_CLIENT_ID),
        .client_secret = rk_settings_text(settings, RK_SET_KEYCLOAK_CLIENT_SECRET),
    };

    return rk_keycloak_open(out, op, &options);
}

int rk_keycloak_is_missing(bool *out, rk_op *op)
{
    *out = !rk_settings_bool(op->settings, RK_SET_DUMMY_STORES) &&
           is_empty(rk_settings_text(op->settings, RK_SET_KEYCLOAK_URL));
    if (*out)
        rk_log_warning(op, "keycloak",
                       "KEYCLOAK_URL is not set: users and administrators stay as they are");
    return 0;
}
