/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/service.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontends/server/log.h"
#include "frontends/server/metrics.h"
#include "frontends/server/realm.h"
#include "frontends/server/rotation.h"

#include "renku/renku.h"

struct rk_service {
    const char *kind;
    renku_ctx *ctx;        /* NULL for the identity provider */
    renku_http_line *line; /* likewise */
    rk_realm *realm;       /* only for the identity provider */
};

typedef struct rk_page {
    const char *path;
    rk_giver giver;
    void (*prepare)(renku_ctx *ctx); /* may wait, and may be left out; NULL is nothing */
    rk_reply *(*answer)(rk_service *service, const rk_request *request, bool without_body);
} rk_page;

static bool is_head(const renku_http_request *request)
{
    return request && strcmp(request->method, "HEAD") == 0;
}

static bool keeps_secrets(const rk_service *service)
{
    return strcmp(service->kind, "secrets") == 0;
}

static rk_reply *answer_metrics(rk_service *service, const rk_request *request, bool without_body)
{
    (void)request;
    return rk_reply_of_text(200, "text/plain; version=0.0.4; charset=utf-8",
                            rk_metrics_text(!keeps_secrets(service)), without_body);
}

static rk_reply *answer_health(rk_service *service, const rk_request *request, bool without_body)
{
    (void)service;
    (void)request;
    return rk_reply_of_text(200, "text/plain; charset=utf-8", strdup("ok"), without_body);
}

static rk_reply *answer_ready(rk_service *service, const rk_request *request, bool without_body)
{
    const char *query = strchr(request->http.target, '?');

    if (!service->ctx)
        return answer_health(service, request, without_body);
    return rk_reply_of_result(renku_http_ready(service->ctx, query && strstr(query, "verbose")),
                              without_body);
}

static const rk_page pages[] = {
    {"/metrics", RK_BY_LOOP_WHEN_BUSY, renku_ctx_measure, answer_metrics},
    {"/healthz", RK_BY_LOOP,           NULL,              answer_health },
    {"/readyz",  RK_BY_THREAD,         NULL,              answer_ready  },
};

/* Query and slashes at the end do not count. */
static bool is_path(const char *target, const char *path)
{
    size_t size = strlen(path);

    if (strncmp(target, path, size) != 0)
        return false;
    target += size + strspn(target + size, "/");
    return *target == '\0' || *target == '?';
}

static const rk_page *page_of(const rk_request *request)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        if (is_path(request->http.target, pages[i].path))
            return &pages[i];
    return NULL;
}

static rk_reply *answer_page(rk_service *service, const rk_request *request, const rk_page *page)
{
    const char *method = request->http.method;
    const char *target = request->http.target;
    char message[512];

    if (is_head(&request->http) || strcmp(method, "GET") == 0)
        return page->answer(service, request, is_head(&request->http));
    if (strcmp(method, "OPTIONS") == 0)
        return rk_reply_of_methods("GET,HEAD,OPTIONS");
    snprintf(message, sizeof(message), "Method %.32s not allowed for URL %.*s", method,
             (int)strcspn(target, "?"), target);
    return rk_service_refuse(service, &request->http, 405, message);
}

rk_reply *rk_service_answer_at_once(rk_service *service, const rk_request *request)
{
    const rk_page *page = page_of(request);

    if (page)
        return answer_page(service, request, page);
    if (service->realm)
        return rk_realm_answer(service->realm, request);
    return rk_reply_of_result(renku_http_handle(service->ctx, &request->http),
                              is_head(&request->http));
}

rk_reply *rk_service_answer(rk_service *service, const rk_request *request)
{
    const rk_page *page = page_of(request);

    if (page && page->prepare)
        page->prepare(service->ctx);
    return rk_service_answer_at_once(service, request);
}

renku_ctx *rk_service_ctx(const rk_service *service)
{
    return service->ctx;
}

int rk_service_begin(rk_reply **reply, rk_service *service, const rk_request *request, void *user)
{
    renku_result *answer = NULL;
    int taken = 0;

    if (service->line && !page_of(request))
        taken = renku_http_line_begin(&answer, service->line, &request->http, user);
    *reply = answer ? rk_reply_of_result(answer, is_head(&request->http)) : NULL;
    return taken;
}

int rk_service_next(rk_reply **reply, void **user, rk_service *service)
{
    renku_result *answer = NULL;
    int found = service->line ? renku_http_line_next(&answer, user, service->line) : 0;

    *reply = answer ? rk_reply_of_result(answer, false) : NULL;
    return found;
}

int rk_service_socket(const rk_service *service)
{
    return service->line ? renku_http_line_socket(service->line) : -1;
}

void rk_service_read(rk_service *service)
{
    if (service->line)
        renku_http_line_read(service->line);
}

void rk_service_drop(rk_service *service)
{
    if (service->line)
        renku_http_line_drop(service->line);
}

rk_giver rk_service_giver(const rk_request *request)
{
    const rk_page *page = page_of(request);

    return page ? page->giver : RK_BY_THREAD;
}

bool rk_service_is_counted(const rk_request *request)
{
    return strcmp(request->http.method, "OPTIONS") != 0 &&
           !is_path(request->http.target, "/metrics");
}

rk_reply *rk_service_refuse(rk_service *service, const renku_http_request *request, int status,
                            const char *message)
{
    if (!service->ctx)
        return rk_reply_refuse(status, message, is_head(request));
    return rk_reply_of_result(renku_http_refuse(service->ctx, request, status, message),
                              is_head(request));
}

double rk_service_number(const char *name, double fallback)
{
    const char *text = getenv(name);
    char *end;

    if (!text || !*text)
        return fallback;

    double number = strtod(text, &end);

    return *end == '\0' && number >= 0 && number < 1e15 ? number : fallback;
}

static bool open_ctx(rk_service *service)
{
    renku_config *config = renku_config_new();
    renku_result *result = NULL;

    if (config && renku_config_from_environment(config) == 0) {
        renku_config_log(config, rk_log_line, NULL);
        result = renku_ctx_new(&service->ctx, config);
        if (!renku_result_ok(result))
            rk_log(RK_LOG_ERROR, "%s", renku_result_message(result));
        renku_result_free(result);
    }
    renku_config_free(config);
    return service->ctx != NULL;
}

static bool open_kind(rk_service *service)
{
    if (strcmp(service->kind, "identity") == 0) {
        service->realm = rk_realm_new();
        return service->realm != NULL;
    }
    if (!open_ctx(service))
        return false;
    service->line = renku_http_line_new(service->ctx);
    return service->line != NULL;
}

rk_service *rk_service_new(void)
{
    rk_service *service = calloc(1, sizeof(*service));
    const char *kind = getenv("RENKU_SERVICE");

    if (!service)
        return NULL;
    service->kind = kind ? kind : "data";
    if (open_kind(service))
        return service;
    rk_service_free(service);
    return NULL;
}

void rk_service_start_beside(rk_service *service)
{
    if (keeps_secrets(service))
        rk_rotation_start(service->ctx);
}

void rk_service_free(rk_service *service)
{
    if (!service)
        return;
    rk_rotation_stop();
    renku_http_line_free(service->line);
    renku_ctx_free(service->ctx);
    rk_realm_free(service->realm);
    free(service);
}
