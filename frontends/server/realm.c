/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/realm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/server/identity.h"
#include "frontends/server/log.h"

#define LIFETIME_SECONDS 3600
#define NAME_MAX_BYTES 64

struct rk_realm {
    rk_identity *identity;
    const char *base; /* "http://127.0.0.1:8080" */
};

/* What a token request may say; each field of the form in its own piece of one copy of the body. */
typedef struct rk_grant {
    const char *grant_type, *client_id, *client_secret, *username, *password;
} rk_grant;

static rk_reply *answer_json(int status, char *text, bool is_head)
{
    return rk_reply_of_text(status, "application/json", text, is_head);
}

/* The error form of RFC 6749 5.2. */
static rk_reply *refuse(int status, const char *error, const char *description)
{
    char *text;

    if (asprintf(&text, "{\"error\":\"%s\",\"error_description\":\"%s\"}", error, description) < 0)
        text = NULL;
    return answer_json(status, text, false);
}

static rk_reply *answer_configuration(rk_realm *realm, const char *name, bool is_head)
{
    static const char form[] =
        "{\"issuer\":\"%1$s/realms/%2$s\","
        "\"jwks_uri\":\"%1$s/realms/%2$s/protocol/openid-connect/certs\","
        "\"token_endpoint\":\"%1$s/realms/%2$s/protocol/openid-connect/token\","
        "\"authorization_endpoint\":\"%1$s/realms/%2$s/protocol/openid-connect/auth\","
        "\"grant_types_supported\":[\"password\",\"client_credentials\"],"
        "\"response_types_supported\":[\"none\"],"
        "\"subject_types_supported\":[\"public\"],"
        "\"id_token_signing_alg_values_supported\":[\"RS256\"]}";
    char *text;

    if (asprintf(&text, form, realm->base, name) < 0)
        text = NULL;
    return answer_json(200, text, is_head);
}

static int hex(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* %41 and + in place. */
static void decode(char *text)
{
    char *out = text;

    for (; *text; text++) {
        if (*text == '%' && hex(text[1]) >= 0 && hex(text[2]) >= 0) {
            *out++ = (char)(hex(text[1]) << 4 | hex(text[2]));
            text += 2;
        } else {
            *out++ = (char)(*text == '+' ? ' ' : *text);
        }
    }
    *out = '\0';
}

static void take_field(rk_grant *grant, char *field)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"grant_type",    &grant->grant_type   },
        {"client_id",     &grant->client_id    },
        {"client_secret", &grant->client_secret},
        {"username",      &grant->username     },
        {"password",      &grant->password     },
    };
    char *value = strchr(field, '=');

    if (!value)
        return;
    *value++ = '\0';
    decode(value);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, field) == 0)
            *known[i].value = value;
}

static void parse_form(rk_grant *grant, char *form)
{
    char *rest = form, *field;

    while ((field = strsep(&rest, "&")))
        take_field(grant, field);
}

static rk_reply *issue(rk_realm *realm, const char *name, const rk_identity_request *wanted)
{
    char issuer[512], *token, *text = NULL;
    rk_identity_request request = *wanted;

    snprintf(issuer, sizeof(issuer), "%.400s/realms/%s", realm->base, name);
    request.issuer = issuer;
    request.lifetime_seconds = LIFETIME_SECONDS;
    token = rk_identity_token(realm->identity, &request);
    if (token && asprintf(&text,
                          "{\"access_token\":\"%s\",\"expires_in\":%d,\"token_type\":\"Bearer\","
                          "\"not-before-policy\":0,\"scope\":\"profile email\"}",
                          token, LIFETIME_SECONDS) < 0)
        text = NULL;
    free(token);
    return answer_json(200, text, false);
}

static rk_reply *grant_token(rk_realm *realm, const char *name, const rk_grant *grant)
{
    if (!grant->grant_type || !grant->client_id)
        return refuse(400, "invalid_request", "grant_type and client_id are needed");
    if (strcmp(grant->grant_type, "password") == 0) {
        if (!grant->username ||
            !rk_identity_is_user(realm->identity, grant->username, grant->password))
            return refuse(401, "invalid_grant", "Invalid user credentials");
        return issue(
            realm, name,
            &(rk_identity_request){.username = grant->username, .client = grant->client_id});
    }
    if (strcmp(grant->grant_type, "client_credentials") == 0) {
        if (!rk_identity_is_client(realm->identity, grant->client_id, grant->client_secret))
            return refuse(401, "unauthorized_client",
                          "Invalid client or Invalid client credentials");
        return issue(realm, name, &(rk_identity_request){.client = grant->client_id});
    }
    return refuse(400, "unsupported_grant_type", "password or client_credentials");
}

static rk_reply *answer_token(rk_realm *realm, const char *name, const rk_request *request)
{
    char *form = calloc(1, request->http.body_size + 1);
    rk_grant grant = {0};

    if (!form)
        return refuse(503, "server_error", "out of memory");
    if (request->http.body)
        memcpy(form, request->http.body, request->http.body_size);
    parse_form(&grant, form);

    rk_reply *reply = grant_token(realm, name, &grant);

    free(form);
    return reply;
}

/* /realms/NAME/REST without its query; false for all else. */
static bool split(char name[NAME_MAX_BYTES], char rest[NAME_MAX_BYTES], const char *target)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    if (strncmp(target, "/realms/", 8) != 0)
        return false;
    target += 8;

    size_t name_size = strspn(target, allowed);
    size_t rest_size = strcspn(target, "?") - name_size;

    if (name_size == 0 || name_size >= NAME_MAX_BYTES || target[name_size] != '/' ||
        rest_size >= NAME_MAX_BYTES)
        return false;
    snprintf(name, NAME_MAX_BYTES, "%.*s", (int)name_size, target);
    snprintf(rest, NAME_MAX_BYTES, "%.*s", (int)rest_size, target + name_size);
    return true;
}

rk_reply *rk_realm_answer(rk_realm *realm, const rk_request *request)
{
    char name[NAME_MAX_BYTES], rest[NAME_MAX_BYTES];
    bool is_head = strcmp(request->http.method, "HEAD") == 0;
    bool reads = is_head || strcmp(request->http.method, "GET") == 0;

    if (!split(name, rest, request->http.target))
        return rk_reply_refuse(404, "There is nothing here.", is_head);
    if (reads && strcmp(rest, "/.well-known/openid-configuration") == 0)
        return answer_configuration(realm, name, is_head);
    if (reads && strcmp(rest, "/protocol/openid-connect/certs") == 0)
        return answer_json(200, rk_identity_jwks(realm->identity), is_head);
    if (strcmp(request->http.method, "POST") == 0 &&
        strcmp(rest, "/protocol/openid-connect/token") == 0)
        return answer_token(realm, name, request);
    return rk_reply_refuse(404, "There is nothing here.", is_head);
}

rk_realm *rk_realm_new(void)
{
    const char *key = getenv("RENKU_IDENTITY_KEY");
    const char *base = getenv("RENKU_IDENTITY_URL");
    rk_realm *realm = calloc(1, sizeof(*realm));

    if (!realm)
        return NULL;
    realm->base = base ? base : getenv("RENKU_SERVER_URL");
    realm->identity = rk_identity_open(key ? key : "", getenv("RENKU_IDENTITY_USERS"));
    if (realm->identity && realm->base)
        return realm;
    rk_log(RK_LOG_ERROR, "cannot read the signing key \"%s\" or its users: %s", key ? key : "",
           strerror(errno));
    rk_realm_free(realm);
    return NULL;
}

void rk_realm_free(rk_realm *realm)
{
    if (!realm)
        return;
    rk_identity_free(realm->identity);
    free(realm);
}
