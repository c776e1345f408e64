/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <stdio.h>
#include <string.h>

static renku_http_request get(const char *target)
{
    renku_http_request request = RENKU_HTTP_REQUEST_INIT;

    request.method = "GET";
    request.target = target;
    return request;
}

TEST(a_request_is_answered_whole)
{
    renku_ctx *ctx = abi_open();
    renku_http_header headers[] = {
        {"X-Request-Id", "4711"}
    };
    renku_http_request request = get("/api/data/projects?per_page=1");

    request.headers = headers;
    request.header_count = 1;
    renku_result *answer = GOOD(renku_http_handle(ctx, &request));

    SAME_TEXT(renku_result_header_find(answer, "x-request-id"), "4711");
    SAME_TEXT(renku_result_header_find(answer, "per-page"), "1");
    SAME_INT(renku_result_type(answer, ""), RENKU_TYPE_ARRAY);
    renku_result_free(answer);
    request.method = "HEAD";
    answer = GOOD(renku_http_handle(ctx, &request));
    SAME_TEXT(renku_result_body(answer, NULL), "");
    renku_result_free(answer);
    renku_ctx_free(ctx);
}

TEST(a_request_with_holes_is_refused)
{
    renku_ctx *ctx = abi_open();
    renku_http_header headers[] = {
        {NULL,            "x" },
        {"authorization", NULL},
        {"x-request-id",  "7" }
    };
    renku_http_request request = get("/api/data/version");

    REFUSED(renku_http_handle(ctx, NULL), RENKU_EINTERNAL, "NULL");
    REFUSED(renku_http_handle(NULL, &request), RENKU_EINTERNAL, "NULL");
    request.header_count = 3;
    REFUSED(renku_http_handle(ctx, &request), RENKU_EINTERNAL, "NULL");
    request.headers = headers;
    REFUSED(renku_http_handle(ctx, &request), RENKU_EINTERNAL, "NULL");
    headers[0].name = "accept";
    REFUSED(renku_http_handle(ctx, &request), RENKU_EINTERNAL, "NULL");
    headers[1].value = "";
    DONE(renku_http_handle(ctx, &request));
    request.body_size = 10;
    REFUSED(renku_http_handle(ctx, &request), RENKU_EINTERNAL, "NULL");
    request = get(NULL);
    REFUSED(renku_http_handle(ctx, &request), RENKU_EINTERNAL, "NULL");
    request = get("/api/data/version");
    request.method = NULL;
    REFUSED(renku_http_handle(ctx, &request), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(strange_targets_are_not_found)
{
    static const char *const targets[] = {"",
                                          "/",
                                          "x",
                                          "/api/data",
                                          "/api/data/",
                                          "/api/datax",
                                          "\xff",
                                          "/api/data/\xff\xfe",
                                          "/api/data/%ff",
                                          "?",
                                          "*",
                                          "/api/data/projects/%00",
                                          "/api/data/../x"};
    renku_ctx *ctx = abi_open();

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        renku_http_request request = get(targets[i]);

        REFUSED(renku_http_handle(ctx, &request), RENKU_ENOTFOUND, "");
    }
    renku_ctx_free(ctx);
}

TEST(a_transport_refuses_in_the_form_of_the_api)
{
    static const int statuses[] = {400, 404, 405, 408, 413, 417, 431, 500, 503, 599};
    renku_ctx *ctx = abi_open();
    renku_http_request request = get("/api/data/version");

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        renku_result *refusal = renku_http_refuse(ctx, NULL, statuses[i], "No.");

        SAME_INT(renku_result_status(refusal), statuses[i]);
        SAME_INT(renku_result_ok(refusal), 0);
        SAME_INT(renku_result_code(refusal), 1000 + statuses[i]);
        SAME_INT((long long)renku_result_int(refusal, "/error/code", 0), 1000 + statuses[i]);
        SAME_TEXT(renku_result_message(refusal), "No.");
        EXPECT(renku_result_header_find(refusal, "x-request-id"));
        renku_result_free(refusal);
    }
    REFUSED(renku_http_refuse(ctx, NULL, 400, NULL), RENKU_EBADREQUEST, "");
    REFUSED(renku_http_refuse(ctx, NULL, 200, "No."), RENKU_EINTERNAL, "200");
    REFUSED(renku_http_refuse(ctx, NULL, -1, "No."), RENKU_EINTERNAL, "-1");
    REFUSED(renku_http_refuse(ctx, NULL, 600, "No."), RENKU_EINTERNAL, "600");
    request.header_count = 9;
    REFUSED(renku_http_refuse(ctx, &request, 400, "No."), RENKU_EBADREQUEST, "No.");
    request.size = 0;
    REFUSED(renku_http_refuse(ctx, &request, 400, "No."), RENKU_EBADREQUEST, "No.");
    REFUSED(renku_http_refuse(NULL, NULL, 400, "No."), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(an_identity_provider_is_looked_for)
{
    renku_ctx *ctx = abi_open();

    DONE(renku_http_discover(ctx));
    REFUSED(renku_http_discover(NULL), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}

TEST(a_context_tells_what_it_has_counted)
{
    renku_ctx *ctx = abi_open();
    renku_metric metric = RENKU_METRIC_INIT, unset = {0};
    size_t count = 0;

    DONE(renku_db_status(ctx));
    renku_ctx_measure(NULL);
    renku_ctx_measure(ctx);
    for (; renku_ctx_metric(ctx, count, &metric); count++) {
        EXPECT(strncmp(metric.name, "renku_", 6) == 0 && *metric.help);
        EXPECT(metric.kind == RENKU_METRIC_COUNTER || metric.kind == RENKU_METRIC_GAUGE);
        EXPECT(metric.value >= 0);
        if (strcmp(metric.name, "renku_db_statements_total") == 0)
            EXPECT(metric.value > 0);
        if (strcmp(metric.name, "renku_outbox_measured_timestamp_seconds") == 0)
            EXPECT(metric.value > 1e9);
    }
    EXPECT(count > 10);
    EXPECT(!renku_ctx_metric(NULL, 0, &metric));
    EXPECT(!renku_ctx_metric(ctx, 0, NULL));
    EXPECT(!renku_ctx_metric(ctx, 0, &unset));
    EXPECT(!renku_ctx_metric(ctx, SIZE_MAX, &metric));
    renku_ctx_free(ctx);
}

TEST(readiness_tells_what_is_wrong)
{
    renku_ctx *ctx = abi_open();
    renku_result *ready = renku_http_ready(ctx, 0);

    SAME_INT(renku_result_status(ready), 200);
    renku_result_free(ready);
    REFUSED(renku_http_ready(NULL, 0), RENKU_EINTERNAL, "NULL");
    renku_ctx_free(ctx);
}
