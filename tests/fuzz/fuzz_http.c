/* SPDX-License-Identifier: Apache-2.0 */
/* Whole requests, one after the other, to the handler over a real database (tests/fuzz/run.py
 * starts it): whatever they are, no 5xx that the documents do not name, and every answer is what it
 * says it is.
 *
 * A request is METHOD TARGET, header lines, a blank line, and the body; byte 1E separates requests.
 * $E stands for the ETag of the answer before, $I for the id in it, and $P, $G, $U, $S for what is
 * there from the start: a project, a group, a user, a namespace. The header As: names another
 * caller than the user: admin, other, nobody. The method AUTHZ reads the body as relationships. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include "librenku/base/buf.h"
#include "librenku/base/op.h"
#include "renku/renku.h"

#define CUT '\x1e'
enum { HEADERS = 64, REQUESTS = 8 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static renku_ctx *ctx;

/* What the letters stand for. */
static struct {
    char letter;
    const char *variable; /* of the environment */
    char value[256];
} words[] = {
    {'E', NULL,                 ""},
    {'I', NULL,                 ""},
    {'P', "RENKU_FUZZ_PROJECT", ""},
    {'G', "RENKU_FUZZ_GROUP",   ""},
    {'U', "RENKU_FUZZ_USER",    ""},
    {'S', "RENKU_FUZZ_SLUG",    ""},
};
enum { WORD_ETAG, WORD_ID };

static struct {
    const char *name, *variable;
    char value[4096];
} callers[] = {
    {"user",   "RENKU_FUZZ_TOKEN",       ""},
    {"admin",  "RENKU_FUZZ_TOKEN_ADMIN", ""},
    {"other",  "RENKU_FUZZ_TOKEN_OTHER", ""},
    {"nobody", NULL,                     ""},
};

/* What the documents say may be answered: a program or a service of others that is not there. */
static const struct {
    const char *path;
    int status;
} excused[] = {
    {"/api/data/storage_schema/", 500},
    {"/api/data/storage_schema/", 501},
    {"/api/data/storage_schema/", 503},
    {"/api/data/storage_schema/", 504},
};

static void set_from_environment(char *out, size_t size, const char *variable, const char *before)
{
    const char *value = variable ? getenv(variable) : NULL;

    if (variable && !value) {
        fprintf(stderr, "%s is not set: start this with tests/fuzz/run.py\n", variable);
        exit(2);
    }
    (void)snprintf(out, size, "%s%s", before, value ? value : "");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    renku_config *config = renku_config_new();

    (void)argc;
    (void)argv;
    for (size_t i = 0; i < RK_COUNT(words); i++)
        set_from_environment(words[i].value, sizeof(words[i].value), words[i].variable, "");
    for (size_t i = 0; i < RK_COUNT(callers); i++)
        set_from_environment(callers[i].value, sizeof(callers[i].value), callers[i].variable,
                             "Bearer ");
    if (!config || renku_config_from_environment(config) < 0)
        abort();
    renku_result *made = renku_ctx_new(&ctx, config);

    if (!renku_result_ok(made))
        abort();
    renku_result_free(made);
    renku_config_free(config);
    return 0;
}

/* --- the request ------------------------------------------------------------------------------ */

static const char *word_of(char letter)
{
    for (size_t i = 0; i < RK_COUNT(words); i++) {
        if (words[i].letter == letter)
            return words[i].value;
    }
    return NULL;
}

static char *replace_words(size_t *length, rk_op *op, const char *text, size_t size)
{
    rk_buf out;

    rk_buf_begin(&out, op, size + 64);
    for (size_t i = 0; i < size; i++) {
        const char *word = text[i] == '$' && i + 1 < size ? word_of(text[i + 1]) : NULL;

        if (word) {
            rk_buf_text(&out, word);
            i++;
        } else {
            rk_buf_char(&out, text[i]);
        }
    }
    if (rk_buf_finish(&out) < 0)
        abort();
    *length = out.length;
    return out.text;
}

/* The next line of the head, NULL when it is over. */
static char *take_line(char **rest, const char *end)
{
    char *start = *rest;
    char *stop = start < end ? memchr(start, '\n', (size_t)(end - start)) : NULL;

    if (!stop)
        return NULL;
    *stop = '\0';
    *rest = stop + 1;
    return start == stop ? NULL : start;
}

static void take_header(renku_http_request *request, renku_http_header *headers, char *line)
{
    char *value = strchr(line, ':');

    if (!value || request->header_count == HEADERS)
        return;
    *value++ = '\0';
    value += strspn(value, " ");
    if (strcasecmp(line, "as") == 0) {
        for (size_t i = 0; i < RK_COUNT(callers); i++) {
            if (strcmp(callers[i].name, value) == 0)
                headers[0].value = callers[i].value;
        }
        return;
    }
    headers[request->header_count++] = (renku_http_header){line, value};
}

/* false when there is no request in the text. */
static bool read_request(renku_http_request *out, renku_http_header *headers, char *text,
                         size_t size)
{
    char *rest = text, *end = text + size, *line = take_line(&rest, end);
    char *target = line ? strchr(line, ' ') : NULL;

    if (!target)
        return false;
    *target++ = '\0';
    headers[0] = (renku_http_header){"Authorization", callers[0].value};
    *out = (renku_http_request){
        .size = sizeof(*out),
        .method = line,
        .target = target,
        .headers = headers,
        .header_count = 1,
        .peer = "127.0.0.1",
    };
    while ((line = take_line(&rest, end)))
        take_header(out, headers, line);
    out->body = rest < end ? rest : NULL;
    out->body_size = (size_t)(end - rest);
    return true;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void wrong(const renku_http_request *request, const renku_result *result, const char *what)
{
    fprintf(stderr, "%s %s: %s\n%d %s\n", request->method, request->target, what,
            renku_result_status(result), renku_result_body(result, NULL));
    abort();
}

static bool is_excused(const char *target, int status)
{
    for (size_t i = 0; i < RK_COUNT(excused); i++) {
        if (status == excused[i].status &&
            strncmp(target, excused[i].path, strlen(excused[i].path)) == 0)
            return true;
    }
    return false;
}

static void check_headers(const renku_http_request *request, const renku_result *result)
{
    const char *name, *value;

    for (size_t i = 0; renku_result_header(result, i, &name, &value); i++) {
        for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
            if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
                wrong(request, result, "a control character in a header");
        }
    }
}

static void check_body(const renku_http_request *request, const renku_result *result)
{
    const char *type = renku_result_header_find(result, "content-type");
    size_t size;
    const char *body = renku_result_body(result, &size);
    int status = renku_result_status(result);

    if ((status == 204 || status == 304 || strcmp(request->method, "HEAD") == 0) && size)
        wrong(request, result, "a body where none belongs");
    if (!size || !type || strncmp(type, "application/json", 16) != 0)
        return;
    struct json_tokener *tokener = json_tokener_new_ex(64);
    struct json_object *value = json_tokener_parse_ex(tokener, body, (int)size);

    if (json_tokener_get_error(tokener) != json_tokener_success && strcmp(body, "null") != 0)
        wrong(request, result, "no JSON");
    if (status >= 400 && !json_object_object_get(value, "error"))
        wrong(request, result, "no error body");
    json_object_put(value);
    json_tokener_free(tokener);
}

static void remember(char *out, size_t size, const char *text)
{
    if (text && strlen(text) < size)
        (void)snprintf(out, size, "%s", text);
}

static void look_at(const renku_http_request *request, renku_result *result)
{
    int status = renku_result_status(result);

    if (status < 200 || status > 599 || (status >= 500 && !is_excused(request->target, status)))
        wrong(request, result, "this status is not documented");
    check_headers(request, result);
    check_body(request, result);
    remember(words[WORD_ETAG].value, sizeof(words[0].value), renku_result_etag(result));
    remember(words[WORD_ID].value, sizeof(words[0].value), renku_result_text(result, "/id"));
}

static renku_result *send_request(const renku_http_request *request)
{
    if (strcmp(request->method, "AUTHZ") == 0)
        return renku_authz_import(ctx, request->body ? request->body : "", request->body_size, 0);
    return renku_http_handle(ctx, request);
}

static void run(rk_op *op, const char *text, size_t size)
{
    renku_http_header headers[HEADERS];
    renku_http_request request;
    char *copy = replace_words(&size, op, text, size);

    if (!read_request(&request, headers, copy, size))
        return;
    renku_result *result = send_request(&request);

    look_at(&request, result);
    renku_result_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *rest = (const char *)bytes, *end = rest + size;
    rk_op op;

    words[WORD_ETAG].value[0] = words[WORD_ID].value[0] = '\0';
    for (int i = 0; i < REQUESTS && rest < end; i++) {
        const char *cut = memchr(rest, CUT, (size_t)(end - rest));
        const char *stop = cut ? cut : end;

        if (rk_op_begin(&op) < 0)
            return 0;
        run(&op, rest, (size_t)(stop - rest));
        rk_op_end(&op);
        rest = stop + 1;
    }
    return 0;
}
