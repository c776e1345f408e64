/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/identity.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "librenku/base/buf.h"
#include "librenku/base/time.h"
#include "librenku/crypto/json.h"
#include "librenku/net/http_client.h"

enum { RETRIES_MAX = 10, NAME_BYTES = 256 };

static const char blanks[] = " \t\n\v\f\r";

/* --- the request ------------------------------------------------------------------------------ */

/* False when the operation would be over before. */
static bool wait_for(const rk_op *op, int64_t wait_ms)
{
    const struct timespec time = {
        .tv_sec = wait_ms / 1000,
        .tv_nsec = wait_ms % 1000 * 1000000,
    };

    if (op->deadline_ms && rk_time_monotonic_ms() + wait_ms >= op->deadline_ms)
        return false;
    (void)nanosleep(&time, NULL); /* a signal that cuts it short does no harm */
    return true;
}

static int ask(rk_net_answer *out, rk_op *op, const rk_net_request *request)
{
    for (int i = 0; i <= RETRIES_MAX; i++) {
        RK_TRY(rk_net_send(out, op, request));
        if (out->status != 429 || i == RETRIES_MAX || !wait_for(op, rk_net_retry_after_ms(out)))
            break;
    }
    if (out->status == 200 || out->status == 401)
        return 0;
    return rk_fail(op, RK_ERR_REMOTE, "Error on remote connection GET %s: status %d", request->url,
                   out->status);
}

static int ask_user(rk_net_answer *out, rk_op *op, const rk_authenticator *auth, const char *token)
{
    const rk_net_header header = {"Authorization", rk_printf(op, "Bearer %s", token)};
    const rk_net_request request = {
        .url = rk_printf(op, "%s/api/v4/user", auth->gitlab_url),
        .headers = &header,
        .header_count = 1,
        .traced = true,
    };

    RK_CHECK(header.value);
    RK_CHECK(request.url);
    return ask(out, op, &request);
}

/* --- the answer ------------------------------------------------------------------------------- */

/* The first word is the first name, the others are the last name. */
static int split_name(rk_caller *caller, rk_op *op)
{
    const char *name = caller->full_name ? caller->full_name : "";
    const char *first = name + strspn(name, blanks);
    const char *rest = first + strcspn(first, blanks);
    rk_buf last;

    if (!*first)
        return 0;
    caller->first_name = rk_strndup(op, first, (size_t)(rest - first));
    RK_CHECK(caller->first_name);
    rk_buf_begin(&last, op, NAME_BYTES);
    for (rest += strspn(rest, blanks); *rest; rest += strspn(rest, blanks)) {
        size_t length = strcspn(rest, blanks);

        if (last.length)
            rk_buf_char(&last, ' ');
        rk_buf_add(&last, rest, length);
        rest += length;
    }
    if (last.length)
        caller->last_name = last.text;
    return rk_buf_finish(&last);
}

/* "1700000000.25": whole seconds or with a fraction, microseconds at best. */
static rk_instant read_expiry(const char *text)
{
    if (!text || !isdigit((unsigned char)*text))
        return (rk_instant){0};
    size_t digits = strspn(text, "0123456789");
    const char *fraction = text[digits] == '.' ? text + digits + 1 : text + digits;
    size_t fraction_digits = strspn(fraction, "0123456789");
    int64_t micros = 0;

    if (digits > 12 || fraction[fraction_digits])
        return (rk_instant){0};
    for (size_t i = 0; i < 6; i++)
        micros = micros * 10 + (i < fraction_digits ? fraction[i] - '0' : 0);
    rk_instant time = rk_identity_expiry(RK_INT(strtoll(text, NULL, 10)));

    time.micros += time.set ? micros : 0;
    return time;
}

static int read_id(const char **out, rk_op *op, json_object *user)
{
    json_object *id = json_object_object_get(user, "id");

    if (!json_object_is_type(id, json_type_int) && !json_object_is_type(id, json_type_string))
        return rk_fail_default(op, RK_ERR_UNAUTHORIZED);
    *out = rk_strdup(op, json_object_get_string(id));
    RK_CHECK(*out);
    return 0;
}

static int read_user(rk_caller *caller, rk_op *op, json_object *user)
{
    const char *state;

    RK_TRY(rk_crypto_json_text(&state, op, user, "state"));
    if (!state || strcmp(state, "active") != 0)
        return rk_fail(op, RK_ERR_FORBIDDEN, "User isn't active in Gitlab");
    RK_TRY(read_id(&caller->id, op, user));
    RK_TRY(rk_crypto_json_text(&caller->full_name, op, user, "name"));
    RK_TRY(rk_crypto_json_text(&caller->email, op, user, "email"));
    return split_name(caller, op);
}

/* What GitLab answers is not the caller's token: nonsense is a failure of the peer. */
static int read_answer(rk_caller *caller, rk_op *op, const rk_net_answer *answer)
{
    json_object *user;
    int result = rk_crypto_json_read(&user, op, answer->body, answer->body_size);

    if (result == 0)
        result = read_user(caller, op, user);
    if (result != RK_ERR_INVALID_TOKEN)
        return result;
    rk_error_clear(op);
    return rk_fail(op, RK_ERR_REMOTE, "GitLab answers something that is no user.");
}

int rk_identity_gitlab(rk_caller **out, rk_op *op, const rk_authenticator *auth,
                       const rk_credentials *credentials)
{
    const char *token = credentials->gitlab_token;
    rk_net_answer answer = {.status = 401};

    if (auth->gitlab_url && token && *token)
        RK_TRY(ask_user(&answer, op, auth, token));
    rk_caller *caller = rk_identity_new(
        op, answer.status == 401 ? RK_CALLER_ANONYMOUS : RK_CALLER_USER, credentials);

    RK_CHECK(caller);
    *out = caller;
    if (answer.status == 401)
        return 0;
    caller->access_token = token;
    caller->expires = read_expiry(credentials->gitlab_expires);
    return read_answer(caller, op, &answer);
}
