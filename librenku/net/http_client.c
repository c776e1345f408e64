/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/net/http_client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "librenku/base/buf.h"
#include "librenku/base/cancel.h"
#include "librenku/base/letters.h"
#include "librenku/base/settings.h"
#include "librenku/base/time.h"
#include "librenku/base/trace.h"
#include "librenku/base/url.h"

enum {
    TIMEOUT_MS = 5000,
    BODY_MAX_BYTES = 1024 * 1024,
    FIELDS_MAX_BYTES = 64 * 1024, /* of all header lines of an answer */
    REDIRECTS_MAX = 5,
    RETRY_AFTER_MS = 1000,
};

/* Where certificate folders stand when libcurl was built without a default for them. */
static const char system_ca_folder[] = "/etc/ssl/certs";

/* One request on its way. */
typedef struct {
    rk_op *op;
    const rk_net_request *request;
    CURL *curl;
    struct curl_slist *headers;
    struct curl_slist *detour; /* where to connect in place of the host of the URL */
    const rk_net_field *fields;
    size_t fields_bytes;
    rk_buf body;
    size_t max_bytes;
    const char *refused; /* why we broke off; NULL while we did not */
    char reason[CURL_ERROR_SIZE];
} transfer;

static void transfer_close(transfer *t)
{
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->detour);
    curl_easy_cleanup(t->curl);
}

/* --- what libcurl calls ----------------------------------------------------------------------- */

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)user;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t refuse(transfer *t, const char *reason)
{
    t->refused = reason;
    return 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t length = size * count;

    if (length > t->max_bytes - t->body.length)
        return refuse(t, "the answer is too large");
    rk_buf_add(&t->body, bytes, length);
    return t->body.failed ? 0 : length;
}

static size_t blanks_before(const char *text, size_t length)
{
    size_t i = 0;

    while (i < length && (text[i] == ' ' || text[i] == '\t'))
        i++;
    return i;
}

static size_t without_end(const char *text, size_t length)
{
    while (length && strchr(" \t\r\n", text[length - 1]))
        length--;
    return length;
}

static int add_field(transfer *t, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);

    if (!colon)
        return 0;
    rk_net_field *field = rk_new(t->op, rk_net_field);
    const char *value = colon + 1;
    size_t value_length = without_end(value, length - (size_t)(value - line));
    size_t skipped = blanks_before(value, value_length);

    RK_CHECK(field);
    field->name = rk_strndup(t->op, line, (size_t)(colon - line));
    RK_CHECK(field->name);
    field->value = rk_strndup(t->op, value + skipped, value_length - skipped);
    RK_CHECK(field->value);
    field->next = t->fields;
    t->fields = field;
    return 0;
}

static size_t take_field(char *bytes, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t length = size * count;

    if (length > FIELDS_MAX_BYTES - t->fields_bytes)
        return refuse(t, "the headers of the answer are too large");
    t->fields_bytes += length;
    if (length > 5 && memcmp(bytes, "HTTP/", 5) == 0)
        t->fields = NULL; /* another answer begins: what came before was 1xx or a redirect */
    else if (add_field(t, bytes, length) < 0)
        return 0;
    return length;
}

static int check_progress(void *user, curl_off_t to_come, curl_off_t came, curl_off_t to_go,
                          curl_off_t went)
{
    transfer *t = user;

    (void)to_come;
    (void)came;
    (void)to_go;
    (void)went;
    return rk_cancel_is_set(t->op->cancel) ||
           (t->request->cancelled && t->request->cancelled(t->request->user));
}

/* --- preparing -------------------------------------------------------------------------------- */

static const char *method_of(const rk_net_request *request)
{
    return request->method ? request->method : "GET";
}

static int fail_remote(transfer *t, const char *reason)
{
    const char *url = rk_url_shown(t->op, t->request->url);

    RK_CHECK(url);
    return rk_fail(t->op, RK_ERR_REMOTE, "Error on remote connection %s %s: %s",
                   method_of(t->request), url, reason);
}

static bool holds_line_end(const char *text)
{
    return strpbrk(text, "\r\n") != NULL;
}

static int append(struct curl_slist **list, rk_op *op, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (!longer)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    *list = longer;
    return 0;
}

static int add_line(transfer *t, const char *line)
{
    return append(&t->headers, t->op, line);
}

static int add_header(transfer *t, const rk_net_header *header)
{
    if (holds_line_end(header->name) || holds_line_end(header->value))
        return fail_remote(t, "a header would hold a line end");
    /* libcurl sends a header without value only when a semicolon stands in place of the colon */
    const char *line = *header->value ? rk_printf(t->op, "%s: %s", header->name, header->value)
                                      : rk_printf(t->op, "%s;", header->name);

    RK_CHECK(line);
    return add_line(t, line);
}

static bool has_credentials(const rk_net_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (rk_letters_equal(request->headers[i].name, "authorization"))
            return true;
    }
    return false;
}

/* The trace is for services of the deployment, not for whomever a user names. */
static int set_trace(transfer *t)
{
    const rk_trace *trace = t->request->traced ? t->op->trace : NULL;

    if (trace && trace->parent)
        RK_TRY(add_header(t, &(rk_net_header){"traceparent", trace->parent}));
    if (trace && trace->sentry)
        RK_TRY(add_header(t, &(rk_net_header){"sentry-trace", trace->sentry}));
    return 0;
}

static int set_headers(transfer *t)
{
    RK_TRY(set_trace(t));
    for (size_t i = 0; i < t->request->header_count; i++)
        RK_TRY(add_header(t, &t->request->headers[i]));
    RK_TRY(add_line(t, "Expect:")); /* takes it away: no second round trip for a larger body */
    return 0;
}

static void set_method(transfer *t)
{
    const rk_net_request *request = t->request;

    if (request->body) {
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    }
    curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, method_of(request));
}

/* The folder of the system's certificates stays in use beside the file. */
static void set_trust(transfer *t)
{
    const char *file = t->request->ca_file;
    const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);

    if (!file && t->op->settings)
        file = rk_settings_text(t->op->settings, RK_SET_SSL_CERT_FILE);
    if (!file || !*file)
        return;
    curl_easy_setopt(t->curl, CURLOPT_CAINFO, file);
    if (!built->capath)
        curl_easy_setopt(t->curl, CURLOPT_CAPATH, system_ca_folder);
}

static int set_blob(transfer *t, CURLoption option, const char *text)
{
    /* libcurl copies it */
    struct curl_blob blob = {(void *)(uintptr_t)text, text ? strlen(text) : 0, CURL_BLOB_COPY};

    if (text && curl_easy_setopt(t->curl, option, &blob) != CURLE_OK)
        return rk_fail_default(t->op, RK_ERR_NO_MEMORY);
    return 0;
}

/* TLS asks for the name in the URL: so that name stands there, and the host that is really meant in
 * the header and in the detour. */
static int set_server_name(transfer *t, const char *name)
{
    rk_url url = rk_url_split(t->request->url);
    const char *host = rk_strndup(t->op, url.authority.text, url.authority.length);

    RK_CHECK(host);
    const char *colon = strrchr(host, ':');
    bool has_port = colon && !strchr(colon, ']');
    const char *port = has_port ? colon + 1 : "443";
    const char *renamed =
        rk_printf(t->op, "https://%s:%s%s", name, port, url.authority.text + url.authority.length);
    const char *detour = rk_printf(t->op, "%s:%s:%.*s:%s", name, port,
                                   has_port ? (int)(colon - host) : (int)strlen(host), host, port);
    const char *header = rk_printf(t->op, "Host: %s", host);

    RK_CHECK(renamed && detour && header);
    RK_TRY(append(&t->detour, t->op, detour));
    RK_TRY(add_line(t, header));
    curl_easy_setopt(t->curl, CURLOPT_CONNECT_TO, t->detour);
    return curl_easy_setopt(t->curl, CURLOPT_URL, renamed) == CURLE_OK
               ? 0
               : rk_fail_default(t->op, RK_ERR_NO_MEMORY);
}

static int set_tls(transfer *t)
{
    const rk_net_tls *tls = t->request->tls;

    if (!tls || !rk_letters_equal_n(t->request->url, "https:", 6))
        return 0;
    if (tls->authorities) {
        curl_easy_setopt(t->curl, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(t->curl, CURLOPT_CAPATH, NULL);
    }
    if (tls->insecure) {
        curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    RK_TRY(set_blob(t, CURLOPT_CAINFO_BLOB, tls->authorities));
    RK_TRY(set_blob(t, CURLOPT_SSLCERT_BLOB, tls->certificate));
    RK_TRY(set_blob(t, CURLOPT_SSLKEY_BLOB, tls->key));
    return tls->server_name ? set_server_name(t, tls->server_name) : 0;
}

static void set_limits(transfer *t, long timeout_ms)
{
    CURL *curl = t->curl;
    bool follow = t->request->follow_redirects && !has_credentials(t->request);

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT,
                     1L); /* a slow resolver does not outlast the timeout */
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, follow ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
}

static void set_callbacks(transfer *t)
{
    CURL *curl = t->curl;

    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_field);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, t->request->cancelled || t->op->cancel ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, check_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->reason);
}

/* --- running ---------------------------------------------------------------------------------- */

/* What is left of the request's time and of the operation's; not above 0 is none. */
static int64_t time_left(const transfer *t)
{
    int64_t timeout_ms = t->request->timeout_ms ? t->request->timeout_ms : TIMEOUT_MS;

    if (!t->op->deadline_ms)
        return timeout_ms;
    int64_t left = t->op->deadline_ms - rk_time_monotonic_ms();

    return left < timeout_ms ? left : timeout_ms;
}

static int explain(transfer *t, CURLcode code)
{
    if (t->op->error.err)
        return t->op->error.err; /* out of memory in a callback */
    if (rk_cancel_is_set(t->op->cancel))
        return rk_fail_default(t->op, RK_ERR_CANCELLED);
    if (t->refused)
        return fail_remote(t, t->refused);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail_remote(t, "timed out");
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return fail_remote(t, "cancelled");
    return fail_remote(t, *t->reason ? t->reason : curl_easy_strerror(code));
}

/* Whether it may be our certificates or theirs. */
static bool is_about_tls(CURLcode code)
{
    return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR;
}

/* Neither certificates, nor what we have refused, nor what no attempt can change. */
static bool is_about_connection(const transfer *t, CURLcode code)
{
    return !is_about_tls(code) && !t->refused && !t->op->error.err &&
           code != CURLE_ABORTED_BY_CALLBACK && code != CURLE_UNSUPPORTED_PROTOCOL &&
           code != CURLE_URL_MALFORMAT && code != CURLE_OUT_OF_MEMORY;
}

static int perform(rk_net_answer *out, transfer *t)
{
    long status = 0;
    CURLcode code = curl_easy_perform(t->curl);

    out->tls_failed = is_about_tls(code);
    out->unreached = code != CURLE_OK && is_about_connection(t, code);
    if (code != CURLE_OK)
        return explain(t, code);
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    *out = (rk_net_answer){
        .status = (int)status,
        .fields = t->fields,
        .body = t->body.text,
        .body_size = t->body.length,
    };
    return 0;
}

static int prepare_and_perform(rk_net_answer *out, transfer *t)
{
    int64_t left = time_left(t);

    if (left <= 0)
        return fail_remote(t, "no time is left");
    rk_buf_begin(&t->body, t->op, 0);
    RK_TRY(rk_buf_finish(&t->body));
    if (curl_easy_setopt(t->curl, CURLOPT_URL, t->request->url) != CURLE_OK)
        return rk_fail_default(t->op, RK_ERR_NO_MEMORY);
    RK_TRY(set_headers(t));
    set_method(t);
    set_trust(t);
    set_limits(t, (long)left);
    RK_TRY(set_tls(t));
    set_callbacks(t);
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
    return perform(out, t);
}

int rk_net_send(rk_net_answer *out, rk_op *op, const rk_net_request *request)
{
    transfer t = {
        .op = op,
        .request = request,
        .curl = curl_easy_init(),
        .max_bytes = request->max_bytes ? request->max_bytes : BODY_MAX_BYTES,
    };

    out->tls_failed = out->unreached = false;
    if (!t.curl)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    int result = prepare_and_perform(out, &t);

    transfer_close(&t);
    return result;
}

int rk_net_get(rk_net_answer *out, rk_op *op, const char *url, int timeout_ms)
{
    return rk_net_send(out, op, &(rk_net_request){.url = url, .timeout_ms = timeout_ms});
}

int rk_net_post(rk_net_answer *out, rk_op *op, const char *url, const char *type, const char *body)
{
    const rk_net_header header = {"Content-Type", type};

    return rk_net_send(out, op,
                       &(rk_net_request){
                           .method = "POST",
                           .url = url,
                           .headers = &header,
                           .header_count = 1,
                           .body = body,
                           .body_size = strlen(body),
                       });
}

const char *rk_net_answer_header(const rk_net_answer *answer, const char *name)
{
    for (const rk_net_field *field = answer->fields; field; field = field->next) {
        if (rk_letters_equal(field->name, name))
            return field->value;
    }
    return NULL;
}

int64_t rk_net_retry_after_ms(const rk_net_answer *answer)
{
    const char *text = rk_net_answer_header(answer, "Retry-After");

    if (!text || !*text)
        return RETRY_AFTER_MS;
    if (strspn(text, "0123456789") == strlen(text))
        return strlen(text) > 6 ? INT32_MAX : strtoll(text, NULL, 10) * 1000;
    time_t date = curl_getdate(text, NULL);

    if (date == -1)
        return RETRY_AFTER_MS;
    int64_t wait_ms = (int64_t)date * 1000 - rk_time_now() / 1000;

    return wait_ms > 0 ? wait_ms : 0;
}
