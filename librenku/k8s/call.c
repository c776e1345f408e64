/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/k8s/call.h"

#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/base/letters.h"
#include "librenku/base/log.h"
#include "librenku/base/url.h"
#include "librenku/db/db.h"
#include "librenku/http/json.h"
#include "librenku/k8s/json.h"

enum {
    RENEWALS_MAX = 3,
    REDIRECTS_MAX = 5,
    HEADERS_MAX = 3,
    ANSWER_MAX_BYTES = 32 * 1024 * 1024,
    REASON_MAX_BYTES = 64,
};

/* One request on its way. */
typedef struct {
    rk_op *op;
    const rk_k8s_request *request;
    const rk_k8s_access *access;
    const char *url;
    rk_buf body;
} errand;

/* --- sending ---------------------------------------------------------------------------------- */

static int send_once(rk_net_answer *out, const errand *e)
{
    const rk_k8s_request *request = e->request;
    rk_net_header headers[HEADERS_MAX] = {
        {"Accept", "application/json"}
    };
    size_t count = 1;

    if (e->access->authorization)
        headers[count++] = (rk_net_header){"Authorization", e->access->authorization};
    if (request->body)
        headers[count++] =
            (rk_net_header){"Content-Type", request->type ? request->type : "application/json"};
    return rk_net_send(out, e->op,
                       &(rk_net_request){
                           .method = request->method,
                           .url = e->url,
                           .headers = headers,
                           .header_count = count,
                           .body = request->body ? e->body.text : NULL,
                           .body_size = e->body.length,
                           .timeout_ms = RK_K8S_TIMEOUT_MS,
                           .max_bytes = ANSWER_MAX_BYTES,
                           .traced = true,
                           .tls = &e->access->tls,
                       });
}

static bool is_redirect(const errand *e, int status)
{
    bool any_method = status == 307 || status == 308;

    return any_method || ((status == 301 || status == 302 || status == 303) &&
                          strcmp(e->request->method, "GET") == 0);
}

static bool same_part(const rk_part *one, const rk_part *other)
{
    return one->length == other->length && rk_letters_equal_n(one->text, other->text, one->length);
}

/* Credentials stay with the server that they are for: only its own paths are followed. */
static int follow(errand *e, const rk_net_answer *answer)
{
    const char *location = rk_net_answer_header(answer, "Location");
    rk_url here = rk_url_split(e->url);
    rk_url there = rk_url_split(location ? location : "");
    bool is_path = location && *location == '/' && !there.authority.length && location[1] != '/';

    if (is_path)
        e->url = rk_printf(e->op, "%.*s://%.*s%s", (int)here.scheme.length, here.scheme.text,
                           (int)here.authority.length, here.authority.text, location);
    else if (same_part(&here.scheme, &there.scheme) && there.authority.length &&
             same_part(&here.authority, &there.authority))
        e->url = rk_strdup(e->op, location);
    else
        return rk_fail(e->op, RK_ERR_REMOTE,
                       "Error on remote connection %s %s: it leads to another server",
                       e->request->method, e->access->server);
    RK_CHECK(e->url);
    return 0;
}

static int send_with(rk_net_answer *out, errand *e, const rk_k8s_access *access)
{
    e->access = access;
    e->url = rk_printf(e->op, "%s%s", access->server, e->request->path);
    RK_CHECK(e->url);
    for (int i = 0; i <= REDIRECTS_MAX; i++) {
        RK_TRY(send_once(out, e));
        if (!is_redirect(e, out->status))
            return 0;
        RK_TRY(follow(e, out));
    }
    return rk_fail(e->op, RK_ERR_REMOTE, "Error on remote connection %s %s: too many redirects",
                   e->request->method, access->server);
}

/* --- credentials ------------------------------------------------------------------------------ */

static bool is_about_credentials(int result, const rk_net_answer *answer)
{
    return result < 0 ? answer->tls_failed : answer->status == 401 || answer->status == 403;
}

/* False when there is nothing new to try. What goes wrong here is logged; what the request met
 * counts. */
static bool renew(rk_k8s_access **access, errand *e, rk_k8s_cluster *cluster)
{
    rk_op *op = e->op;
    rk_error met = op->error;
    rk_k8s_access *found = NULL;

    rk_error_clear(op);
    if (rk_k8s_cluster_renew(&found, op, cluster, *access) < 0)
        rk_log_warning(op, "k8s", "The credentials of the cluster %s cannot be read again. %s",
                       cluster->id, op->error.message);
    bool is_new = found && !rk_k8s_access_equals(found, *access);

    if (found) {
        rk_k8s_access_free(*access);
        *access = found;
    }
    if (is_new)
        rk_error_clear(op);
    else
        op->error = met;
    return is_new;
}

static int send_renewing(rk_net_answer *out, errand *e, rk_k8s_cluster *cluster)
{
    RK_AUTO(rk_k8s_access) *access = NULL;
    int result = 0;

    RK_TRY(rk_k8s_cluster_access(&access, e->op, cluster));
    for (int i = 0; i <= RENEWALS_MAX; i++) {
        *out = (rk_net_answer){0};
        result = send_with(out, e, access);
        if (!is_about_credentials(result, out) || i == RENEWALS_MAX)
            break;
        if (!renew(&access, e, cluster))
            break;
    }
    return result;
}

/* --- calling ---------------------------------------------------------------------------------- */

int rk_k8s_call(rk_k8s_answer *out, rk_op *op, rk_k8s_cluster *cluster,
                const rk_k8s_request *request)
{
    errand e = {.op = op, .request = request};
    rk_net_answer answer;

    if (!rk_db_is_open(op))
        rk_db_end(op); /* nobody waits for a connection while we wait for the cluster */
    rk_buf_begin(&e.body, op, 0);
    if (request->body)
        rk_json_write(&e.body, request->body);
    RK_TRY(rk_buf_finish(&e.body));
    RK_TRY(send_renewing(&answer, &e, cluster));
    out->status = answer.status;
    return rk_k8s_json_read(&out->object, op, answer.body, answer.body_size);
}

bool rk_k8s_is_refusal(const rk_k8s_answer *answer)
{
    return answer->status < 200 || answer->status > 299;
}

const char *rk_k8s_reason(const rk_k8s_answer *answer)
{
    const char *reason = rk_k8s_json_text(answer->object, "reason");
    size_t length = 0;

    while (reason && rk_is_letter(reason[length]))
        length++;
    return reason && !reason[length] && length < REASON_MAX_BYTES ? reason : "";
}

/* Its own words may repeat what was sent, a secret for example; its reason is one of a few. */
int rk_k8s_refuse(rk_op *op, const rk_k8s_request *request, const rk_k8s_answer *answer)
{
    if (!rk_k8s_is_refusal(answer))
        return 0;
    int result = rk_fail(op, RK_ERR_KUBERNETES, "The Kubernetes API refused %s %.*s: %d %s",
                         request->method, (int)strcspn(request->path, "?"), request->path,
                         answer->status, rk_k8s_reason(answer));

    op->error.peer_status = answer->status;
    return result;
}

int rk_k8s_require(struct json_object **out, rk_op *op, rk_k8s_cluster *cluster,
                   const rk_k8s_request *request)
{
    rk_k8s_answer answer;

    RK_TRY(rk_k8s_call(&answer, op, cluster, request));
    RK_TRY(rk_k8s_refuse(op, request, &answer));
    if (!answer.object)
        return rk_fail(op, RK_ERR_REMOTE, "Error on remote connection %s %.*s: no object came",
                       request->method, (int)strcspn(request->path, "?"), request->path);
    *out = answer.object;
    return 0;
}
