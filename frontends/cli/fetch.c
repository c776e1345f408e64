/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

enum { BODY_MAX = 64 * 1024 * 1024 };

static size_t keep(char *text, size_t size, size_t count, void *user)
{
    FILE *body = user;

    return ftell(body) > BODY_MAX ? 0 : fwrite(text, size, count, body) * size;
}

static void set_up(CURL *curl, const char *url, struct curl_slist *headers, FILE *body)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)RK_FETCH_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static long perform(const char **reason, CURL *curl)
{
    long status = 0;
    CURLcode code = curl_easy_perform(curl);

    *reason = curl_easy_strerror(code);
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

long rk_cli_fetch(rk_cli_answer *out, rk_cli *cli, const char *url, const char *token)
{
    char *text = NULL;
    size_t size = 0;
    CURL *curl = rk_cli_or_end(curl_easy_init());
    FILE *body = rk_cli_or_end(open_memstream(&text, &size));
    struct curl_slist *headers =
        token ? curl_slist_append(NULL, rk_cli_format(cli, "Authorization: Bearer %s", token))
              : NULL;

    set_up(curl, url, headers, body);
    long status = perform(&out->reason, curl);

    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (fclose(body) != 0)
        rk_cli_or_end(NULL);
    out->body = text;
    return status;
}
