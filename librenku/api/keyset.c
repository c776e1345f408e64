/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/keyset.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "librenku/base/counter.h"
#include "librenku/base/log.h"
#include "librenku/base/thread.h"
#include "librenku/base/time.h"
#include "librenku/crypto/json.h"
#include "librenku/net/http_client.h"

enum {
    REFRESH_MS = 300 * 1000,
    KEEP_MS = 3600 * 1000,
    PAUSE_MS = 2000,
    DISCOVERY_TIMEOUT_MS = 5000,
    KEYS_TIMEOUT_MS = 30 * 1000,
    WAITING_MAX = 16,
    ANSWER_MAX_BYTES = 256 * 1024,
};

static const char well_known[] = "/.well-known/openid-configuration";

struct rk_keyset {
    char *discovery_url;
    char *ca_file;
    rk_keyset_options options; /* numbers only; the texts are above */
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t fetched;
    pthread_t thread;
    bool has_thread; /* not joined yet */
    bool fetching;
    int waiting;              /* for a fetch */
    bool searching;           /* the fetch looks for an unknown key */
    const struct rk_log *log; /* of the operation that began the fetch */
    rk_counters *counters;    /* likewise */
    char *keys_url;           /* NULL until discovered */
    rk_jwk_set *keys;         /* NULL until fetched */
    int64_t keys_ms;          /* when they were fetched, monotonic */
    int64_t begun_ms;         /* when the last fetch began */
    int64_t pause_until_ms;
    uint64_t fetches;
    int failure; /* rk_err of the last fetch */
};

/* --- making and freeing ----------------------------------------------------------------------- */

static int or_default(int value, int fallback)
{
    return value ? value : fallback;
}

static void set_numbers(rk_keyset *keyset, const rk_keyset_options *options)
{
    keyset->options = (rk_keyset_options){
        .refresh_ms = or_default(options->refresh_ms, REFRESH_MS),
        .keep_ms = or_default(options->keep_ms, KEEP_MS),
        .pause_ms = or_default(options->pause_ms, PAUSE_MS),
        .discovery_timeout_ms = or_default(options->discovery_timeout_ms, DISCOVERY_TIMEOUT_MS),
        .keys_timeout_ms = or_default(options->keys_timeout_ms, KEYS_TIMEOUT_MS),
        .waiting_max = or_default(options->waiting_max, WAITING_MAX),
    };
}

static int set_texts(rk_keyset *keyset, rk_op *op, const rk_keyset_options *options)
{
    size_t length = strlen(options->issuer_url);

    while (length && options->issuer_url[length - 1] == '/')
        length--;
    const char *url = rk_printf(op, "%.*s%s", (int)length, options->issuer_url, well_known);

    RK_CHECK(url);
    keyset->discovery_url = strdup(url);
    if (options->ca_file)
        keyset->ca_file = strdup(options->ca_file);
    if (!keyset->discovery_url || (options->ca_file && !keyset->ca_file))
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    return 0;
}

int rk_keyset_new(rk_keyset **out, rk_op *op, const rk_keyset_options *options)
{
    rk_keyset *keyset = calloc(1, sizeof(*keyset));

    if (!keyset)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    pthread_mutex_init(&keyset->lock, NULL);
    rk_condition_init(&keyset->fetched);
    set_numbers(keyset, options);
    if (set_texts(keyset, op, options) < 0) {
        rk_keyset_free(keyset);
        return op->error.err;
    }
    *out = keyset;
    return 0;
}

void rk_keyset_free(rk_keyset *keyset)
{
    if (!keyset)
        return;
    atomic_store(&keyset->stopping, true);
    if (keyset->has_thread)
        pthread_join(keyset->thread, NULL);
    rk_jwk_set_free(keyset->keys);
    pthread_cond_destroy(&keyset->fetched);
    pthread_mutex_destroy(&keyset->lock);
    free(keyset->discovery_url);
    free(keyset->ca_file);
    free(keyset->keys_url);
    free(keyset);
}

/* --- fetching, without the lock --------------------------------------------------------------- */

static bool is_stopping(void *user)
{
    rk_keyset *keyset = user;

    return atomic_load(&keyset->stopping);
}

/* A body with status 200. */
static int get(rk_net_answer *out, rk_op *op, rk_keyset *keyset, const rk_net_request *wanted)
{
    rk_net_request request = *wanted;

    request.max_bytes = ANSWER_MAX_BYTES;
    request.ca_file = keyset->ca_file;
    request.cancelled = is_stopping;
    request.user = keyset;
    RK_TRY(rk_net_send(out, op, &request));
    if (out->status == 200)
        return 0;
    return rk_fail(op, RK_ERR_REMOTE, "Error on remote connection GET %s: status %d", request.url,
                   out->status);
}

static int discover(char **out, rk_op *op, rk_keyset *keyset)
{
    const rk_net_request request = {
        .url = keyset->discovery_url,
        .timeout_ms = keyset->options.discovery_timeout_ms,
    };
    rk_net_answer answer;
    struct json_object *document;

    RK_TRY(get(&answer, op, keyset, &request));
    if (rk_crypto_json_read(&document, op, answer.body, answer.body_size) < 0) {
        if (op->error.err == RK_ERR_NO_MEMORY)
            return RK_ERR_NO_MEMORY;
        rk_error_clear(op);
        return rk_fail(op, RK_ERR_REMOTE, "Error on remote connection GET %s: no JSON object",
                       request.url);
    }
    struct json_object *url = json_object_object_get(document, "jwks_uri");

    if (!json_object_is_type(url, json_type_string))
        return rk_fail(op, RK_ERR_CONFIGURATION, "The OIDC document at %s has no 'jwks_uri'.",
                       request.url);
    *out = strdup(json_object_get_string(url));
    return *out ? 0 : rk_fail_default(op, RK_ERR_NO_MEMORY);
}

static int fetch_keys(rk_jwk_set **out, rk_op *op, rk_keyset *keyset, const char *url)
{
    const rk_net_request request = {
        .url = url,
        .timeout_ms = keyset->options.keys_timeout_ms,
        .follow_redirects = true,
    };
    rk_net_answer answer;

    RK_TRY(get(&answer, op, keyset, &request));
    return rk_jwk_set_parse(out, op, answer.body, answer.body_size);
}

/* --- one fetch, on its thread ----------------------------------------------------------------- */

static void keep_url(rk_keyset *keyset, char *url)
{
    pthread_mutex_lock(&keyset->lock);
    free(keyset->keys_url);
    keyset->keys_url = url;
    pthread_mutex_unlock(&keyset->lock);
}

/* Only the fetching thread changes keys_url while `fetching` is set: it may be read without the
 * lock here. */
static int fetch(rk_jwk_set **out, rk_op *op, rk_keyset *keyset)
{
    if (!keyset->keys_url) {
        char *url = NULL;

        RK_TRY(discover(&url, op, keyset));
        keep_url(keyset, url);
    }
    return fetch_keys(out, op, keyset, keyset->keys_url);
}

static void report(const rk_op *op, const rk_keyset *keyset, int failure)
{
    if (failure && !atomic_load(&keyset->stopping))
        rk_log_warning(op, "authn", "The signing keys of Keycloak cannot be fetched: %s",
                       op->error.message);
    else if (!failure && keyset->failure)
        rk_log_info(op, "authn", "The signing keys of Keycloak are fetched again.");
}

/* Publishes the outcome and wakes all who wait. Takes the keys over. */
static void finish(rk_keyset *keyset, rk_jwk_set *keys, int failure)
{
    rk_jwk_set *old = NULL;

    pthread_mutex_lock(&keyset->lock);
    int64_t now = rk_time_monotonic_ms();

    if (!failure) {
        old = keyset->keys;
        keyset->keys = keys;
        keyset->keys_ms = now;
    }
    /* who finds the key then ends the pause; a lack of memory says nothing about the peer */
    if (failure != RK_ERR_NO_MEMORY && (failure || keyset->searching))
        keyset->pause_until_ms = now + keyset->options.pause_ms;
    keyset->failure = failure;
    rk_count(keyset->counters, RK_COUNT_JWKS_FETCHES, 1);
    rk_count(keyset->counters, RK_COUNT_JWKS_FAILURES, failure != 0);
    keyset->fetches++;
    keyset->fetching = false;
    pthread_cond_broadcast(&keyset->fetched);
    pthread_mutex_unlock(&keyset->lock);
    rk_jwk_set_free(old);
}

static void *run_fetch(void *user)
{
    rk_keyset *keyset = user;
    rk_jwk_set *keys = NULL;
    rk_op op;

    if (rk_op_begin(&op) < 0) {
        finish(keyset, NULL, RK_ERR_NO_MEMORY);
        return NULL;
    }
    op.log = keyset->log;
    int failure = fetch(&keys, &op, keyset);

    report(&op, keyset, failure);
    finish(keyset, keys, failure);
    rk_op_end(&op);
    return NULL;
}

/* With the lock, while none is fetching. */
static void begin_fetch(rk_keyset *keyset, const rk_op *op, bool searching)
{
    if (keyset->has_thread) /* it has published its outcome: joining takes no time */
        pthread_join(keyset->thread, NULL);
    keyset->log = op->log;
    keyset->counters = op->counters;
    keyset->searching = searching;
    keyset->begun_ms = rk_time_monotonic_ms();
    keyset->fetching = true;
    keyset->has_thread = rk_thread_run(&keyset->thread, run_fetch, keyset);
    if (keyset->has_thread)
        return;
    keyset->fetching = false;
    keyset->failure = RK_ERR_NO_MEMORY;
    keyset->pause_until_ms = keyset->begun_ms + keyset->options.pause_ms;
}

/* --- finding a key ---------------------------------------------------------------------------- */

static bool are_usable(const rk_keyset *keyset, int64_t now)
{
    return keyset->keys && now - keyset->keys_ms < keyset->options.keep_ms;
}

static bool may_fetch(const rk_keyset *keyset, int64_t now)
{
    return !keyset->fetching && now >= keyset->pause_until_ms;
}

static void release_keys(void *keys)
{
    rk_jwk_set_free(keys);
}

/* The key if it is known; begins a refresh when that is due, without waiting for it. */
static const rk_jwk *known_key(rk_keyset *keyset, const rk_op *op, const char *kid)
{
    int64_t now = rk_time_monotonic_ms();
    const rk_jwk *key = are_usable(keyset, now) ? rk_jwk_set_lookup(keyset->keys, kid) : NULL;

    if (key && now - keyset->keys_ms >= keyset->options.refresh_ms && may_fetch(keyset, now))
        begin_fetch(keyset, op, false);
    return key;
}

/* Until the running fetch ends or the deadline passes; false is the latter. */
static bool await_fetch(rk_keyset *keyset, const rk_op *op)
{
    uint64_t before = keyset->fetches;
    struct timespec until = {
        .tv_sec = op->deadline_ms / 1000,
        .tv_nsec = op->deadline_ms % 1000 * 1000000,
    };

    while (keyset->fetches == before) {
        if (!op->deadline_ms)
            pthread_cond_wait(&keyset->fetched, &keyset->lock);
        else if (pthread_cond_timedwait(&keyset->fetched, &keyset->lock, &until) == ETIMEDOUT)
            return keyset->fetches != before;
    }
    return true;
}

static int wait_for_fetch(rk_op *op, rk_keyset *keyset)
{
    if (keyset->waiting >= keyset->options.waiting_max &&
        are_usable(keyset, rk_time_monotonic_ms()))
        return rk_fail(op, RK_ERR_UNAVAILABLE,
                       "Too many wait for the signing keys of Keycloak; please try again later.");
    keyset->waiting++;
    bool fetched = await_fetch(keyset, op);

    keyset->waiting--;
    if (fetched)
        return 0;
    return rk_fail(op, RK_ERR_REMOTE, "The signing keys of Keycloak did not come in time.");
}

/* Why there is no key. */
static int refuse(const rk_keyset *keyset, rk_op *op)
{
    if (keyset->failure == RK_ERR_INTERNAL && !are_usable(keyset, rk_time_monotonic_ms()))
        return rk_fail(op, RK_ERR_INTERNAL, "The key endpoint of Keycloak gives no usable keys.");
    if (keyset->failure == RK_ERR_NO_MEMORY)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    if (keyset->failure)
        return rk_fail(op, RK_ERR_REMOTE, "The signing keys of Keycloak cannot be fetched.");
    return rk_fail(op, RK_ERR_INVALID_TOKEN, "The token is signed with an unknown key.");
}

/* With the lock, for a key that is not known. A fetch that began after our arrival is as good as
 * one of our own. */
static int search(const rk_jwk **out, rk_op *op, rk_keyset *keyset, const char *kid)
{
    int64_t arrived = rk_time_monotonic_ms();

    for (bool asked = false; !asked;) {
        if (!keyset->fetching && !may_fetch(keyset, rk_time_monotonic_ms()))
            break;
        if (!keyset->fetching)
            begin_fetch(keyset, op, true);
        asked = keyset->begun_ms >= arrived;
        if (keyset->fetching)
            RK_TRY(wait_for_fetch(op, keyset));
        *out = known_key(keyset, op, kid);
        if (!*out)
            continue;
        keyset->pause_until_ms = 0;
        return 0;
    }
    return refuse(keyset, op);
}

static int find(const rk_jwk **out, rk_op *op, rk_keyset *keyset, const char *kid)
{
    *out = known_key(keyset, op, kid);
    return *out ? 0 : search(out, op, keyset, kid);
}

int rk_keyset_find(const rk_jwk **out, rk_op *op, rk_keyset *keyset, const char *kid)
{
    rk_jwk_set *held = NULL;

    pthread_mutex_lock(&keyset->lock);
    int result = find(out, op, keyset, kid);

    if (result == 0)
        held = rk_jwk_set_retain(keyset->keys);
    pthread_mutex_unlock(&keyset->lock);
    if (held && rk_arena_defer(op->arena, release_keys, held) < 0)
        return rk_fail_default(op, RK_ERR_NO_MEMORY);
    return result;
}

/* --- discovery at start, state ---------------------------------------------------------------- */

/* Waits while a fetch runs, then takes its place. */
static void enter(rk_keyset *keyset)
{
    pthread_mutex_lock(&keyset->lock);
    while (keyset->fetching)
        pthread_cond_wait(&keyset->fetched, &keyset->lock);
    keyset->fetching = true;
    pthread_mutex_unlock(&keyset->lock);
}

static void leave(rk_keyset *keyset, char *url)
{
    pthread_mutex_lock(&keyset->lock);
    if (url) {
        free(keyset->keys_url);
        keyset->keys_url = url;
    }
    keyset->fetching = false;
    keyset->fetches++;
    pthread_cond_broadcast(&keyset->fetched);
    pthread_mutex_unlock(&keyset->lock);
}

int rk_keyset_discover(rk_keyset *keyset, rk_op *op)
{
    char *url = NULL;

    enter(keyset);
    int result = discover(&url, op, keyset);

    leave(keyset, url);
    return result;
}

void rk_keyset_state_read(rk_keyset_state *out, rk_keyset *keyset)
{
    pthread_mutex_lock(&keyset->lock);
    int64_t now = rk_time_monotonic_ms();

    *out = (rk_keyset_state){
        .discovered = keyset->keys_url != NULL,
        .keys = are_usable(keyset, now) ? rk_jwk_set_count(keyset->keys) : 0,
        .age_ms = keyset->keys ? now - keyset->keys_ms : -1,
        .fetches = keyset->fetches,
        .failing = keyset->failure != 0,
    };
    pthread_mutex_unlock(&keyset->lock);
}
