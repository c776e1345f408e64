/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/discovery.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "frontends/server/log.h"

#include "renku/http.h"

#define ATTEMPTS 20
#define PAUSE_SECONDS 2
#define TOTAL_SECONDS 300
#define ANSWER_MAX 65536

typedef struct rk_answer {
    char text[ANSWER_MAX];
    size_t size;
} rk_answer;

static size_t take(char *data, size_t one, size_t size, void *user)
{
    rk_answer *answer = user;

    if (one * size > sizeof(answer->text) - 1 - answer->size)
        return 0;
    memcpy(answer->text + answer->size, data, size);
    answer->size += size;
    answer->text[answer->size] = '\0';
    return size;
}

/* One attempt; @p why says what was wrong. */
static bool ask(const char *url, char why[CURL_ERROR_SIZE])
{
    static rk_answer answer;
    CURL *curl = curl_easy_init();
    long status = 0;

    if (!curl)
        return false;
    answer.size = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 5L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);

    CURLcode code = curl_easy_perform(curl);

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        return false;
    if (status != 200) {
        snprintf(why, CURL_ERROR_SIZE, "status %ld instead of 200", status);
        return false;
    }
    snprintf(why, CURL_ERROR_SIZE, "its answer has no jwks_uri");
    return strstr(answer.text, "\"jwks_uri\"") != NULL;
}

static bool is_dummy(renku_ctx *ctx)
{
    const char *dummy = renku_ctx_setting(ctx, "DUMMY_STORES");

    return dummy && strcasecmp(dummy, "true") == 0;
}

int rk_discovery_wait(renku_ctx *ctx)
{
    const char *base = renku_ctx_setting(ctx, "KEYCLOAK_URL");
    const char *realm = renku_ctx_setting(ctx, "KEYCLOAK_REALM");
    char url[2048], why[CURL_ERROR_SIZE] = "";
    time_t begun = time(NULL);

    if (is_dummy(ctx) || !base)
        return 0;
    snprintf(url, sizeof(url), "%.*s/realms/%s/.well-known/openid-configuration",
             (int)(strlen(base) - (base[strlen(base) - 1] == '/')), base, realm ? realm : "Renku");
    for (int i = 0; i < ATTEMPTS && time(NULL) - begun < TOTAL_SECONDS; i++) {
        if (i > 0)
            nanosleep(&(struct timespec){.tv_sec = PAUSE_SECONDS}, NULL);
        if (ask(url, why))
            return 0;
        rk_log(RK_LOG_WARNING, "the identity provider at \"%s\" is not ready: %s", url, why);
    }
    rk_log(RK_LOG_ERROR,
           "gave up on the identity provider at \"%s\": check KEYCLOAK_URL and KEYCLOAK_REALM",
           url);
    return -1;
}
