/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/storage/connection.h"

#include <ctype.h>
#include <string.h>

#include <json-c/json.h>

#include "librenku/base/settings.h"
#include "librenku/base/slug.h"
#include "librenku/base/time.h"
#include "librenku/net/local_call.h"
#include "librenku/storage/core.h"

/* Whether rclone can list a path. The process of rclone is started by renku-rclone, never by this
 * library. Spec: storage.md 5.2 */

enum {
    MARGIN_MS = 1000, /* renku-rclone says itself that time is up */
    ANSWER_MAX = 64 * 1024,
    SECRET_MIN = 4, /* what is shorter would blacken any text */
    /* What a process can be started with. */
    MEMBERS_MAX = 250,
    TEXT_MAX = 100 * 1024,
    WHOLE_MAX = 512 * 1024,
};

static const char masked[] = "<sensitive>";

/* --- the real configuration ------------------------------------------------------------------- */

static bool is_text(struct json_object *configuration, const char *name, const char *text)
{
    const char *value = rk_storage_member(configuration, name);

    return value && strcmp(value, text) == 0;
}

static int become_sftp(rk_op *op, struct json_object *configuration)
{
    const char *token = rk_storage_member(configuration, "session_token");

    RK_TRY(rk_storage_put_text(op, configuration, "type", "sftp"));
    RK_TRY(rk_storage_put_text(op, configuration, "port", "2222"));
    RK_TRY(rk_storage_put_text(op, configuration, "user", "?"));
    RK_TRY(rk_storage_put_text(op, configuration, "pass", token ? token : ""));
    json_object_object_del(configuration, "session_token");
    return 0;
}

static const struct {
    const char *type, *own_url, *shared_url;
} clouds[] = {
    {"polybox",     "https://polybox.ethz.ch/remote.php/webdav/",
     "https://polybox.ethz.ch/public.php/webdav/"},
    {"switchDrive", "https://drive.switch.ch/remote.php/webdav/",
     "https://drive.switch.ch/public.php/webdav/"},
};

static int share(rk_op *op, struct json_object *configuration, const char *url)
{
    const char *link = rk_storage_member(configuration, "public_link");
    const char *slash = link ? strrchr(link, '/') : NULL;
    const char *user = slash ? slash + 1 : link;

    RK_TRY(rk_storage_put_text(op, configuration, "url", url));
    return rk_storage_put_text(op, configuration, "user", user ? user : "");
}

static int become_webdav(rk_op *op, struct json_object *configuration)
{
    for (size_t i = 0; i < RK_COUNT(clouds); i++) {
        if (!is_text(configuration, "type", clouds[i].type))
            continue;
        RK_TRY(rk_storage_put_text(op, configuration, "type", "webdav"));
        if (!is_text(configuration, "provider", "personal"))
            return share(op, configuration, clouds[i].shared_url);
        if (!rk_storage_member(configuration, "url"))
            return rk_storage_put_text(op, configuration, "url", clouds[i].own_url);
    }
    return 0;
}

/* What rclone understands, passwords obscured. */
static int make_real(rk_op *op, struct json_object *configuration)
{
    if (is_text(configuration, "type", "s3") && is_text(configuration, "provider", "Switch"))
        RK_TRY(rk_storage_put_text(op, configuration, "provider", "Other"));
    if (is_text(configuration, "type", "openbis"))
        RK_TRY(become_sftp(op, configuration));
    RK_TRY(rk_storage_obscure_passwords(op, configuration));
    return become_webdav(op, configuration);
}

/* --- the question ----------------------------------------------------------------------------- */

static int64_t timeout_of(const rk_op *op)
{
    int64_t timeout_ms = rk_settings_int(op->settings, RK_SET_RENKU_RCLONE_TIMEOUT) * 1000;
    int64_t left_ms =
        op->deadline_ms ? op->deadline_ms - rk_time_monotonic_ms() - MARGIN_MS : timeout_ms;

    return left_ms < timeout_ms ? left_ms : timeout_ms;
}

static int check_size(rk_op *op, const rk_strings *words)
{
    size_t whole = 0;

    for (size_t i = 0; i < words->count; i++) {
        size_t length = strlen(words->items[i]);

        whole += length;
        if (length > TEXT_MAX || whole > WHOLE_MAX)
            return rk_fail(op, RK_ERR_STORAGE, "The configuration is too large to be tested.");
    }
    return 0;
}

/* Time, path, then names and values in turn. */
static int write_question(rk_strings *out, rk_op *op, const rk_storage_test *test)
{
    size_t count = (size_t)json_object_object_length(test->configuration);

    if (count > MEMBERS_MAX)
        return rk_fail(op, RK_ERR_STORAGE, "The configuration has too many members to be tested.");
    *out = (rk_strings){true, 0, rk_new_array(op, const char *, 2 + 2 * count)};
    RK_CHECK(out->items);
    out->items[out->count++] = rk_printf(op, "%lld", (long long)timeout_of(op));
    out->items[out->count++] = test->source_path;
    RK_CHECK(out->items[0]);
    json_object_object_foreach(test->configuration, name, value)
    {
        out->items[out->count++] = name;
        out->items[out->count] = rk_storage_value_text(op, value);
        RK_CHECK(out->items[out->count++]);
    }
    return check_size(op, out);
}

/* --- the answer ------------------------------------------------------------------------------- */

/* The text without any of the secrets. */
static int blacken(const char **out, rk_op *op, const char *text, const rk_strings *secrets)
{
    rk_buf clean;

    for (size_t i = 0; i < secrets->count; i++) {
        const char *secret = secrets->items[i];
        const char *found;

        if (strlen(secret) < SECRET_MIN || !strstr(text, secret))
            continue;
        rk_buf_begin(&clean, op, strlen(text));
        for (; (found = strstr(text, secret)); text = found + strlen(secret)) {
            rk_buf_add(&clean, text, (size_t)(found - text));
            rk_buf_text(&clean, masked);
        }
        rk_buf_text(&clean, text);
        RK_TRY(rk_buf_finish(&clean));
        text = clean.text;
    }
    *out = text;
    return 0;
}

/* Whatever a storage said may be no UTF-8. */
static int make_readable(const char **out, rk_op *op, const char *text)
{
    char *copy = rk_strdup(op, text);

    RK_CHECK(copy);
    *out = copy;
    if (rk_text_is_utf8(copy, strlen(copy)))
        return 0;
    for (; *copy; copy++)
        *copy = isascii((unsigned char)*copy) ? *copy : '?';
    return 0;
}

/* @p secrets has the secrets as given and as obscured. */
static int fail_test(rk_op *op, const char *said, const rk_strings secrets[2])
{
    const char *text;

    RK_TRY(make_readable(&text, op, said));
    for (int i = 0; i < 2; i++)
        RK_TRY(blacken(&text, op, text, &secrets[i]));
    return rk_fail(op, RK_ERR_STORAGE, "%s", *text ? text : "The storage cannot be listed.");
}

/* What renku-rclone answers: a word, and what there is to say. */
static int read_answer(rk_op *op, const rk_strings *answer, const rk_strings secrets[2])
{
    const char *word = answer->count == 2 ? answer->items[0] : "";

    if (strcmp(word, "done") == 0)
        return 0;
    if (strcmp(word, "failed") == 0)
        return fail_test(op, answer->items[1], secrets);
    if (strcmp(word, "late") == 0)
        return rk_fail(op, RK_ERR_STORAGE, "The storage did not answer in time.");
    if (strcmp(word, "busy") == 0)
        return rk_fail(op, RK_ERR_UNAVAILABLE,
                       "Too many connections are being tested: try it again in a minute.");
    return rk_fail(op, RK_ERR_CONFIGURATION, "rclone cannot be run: %s",
                   answer->count == 2 ? answer->items[1] : "renku-rclone gave no answer");
}

static int ask(rk_strings *answer, rk_op *op, const rk_storage_test *test)
{
    rk_strings words;
    const rk_local_question question = {
        .socket = rk_settings_text(op->settings, RK_SET_RENKU_RCLONE_SOCKET),
        .words = &words,
        .timeout_ms = timeout_of(op) + MARGIN_MS,
        .max_bytes = ANSWER_MAX,
    };

    if (!question.socket || !*question.socket)
        return rk_fail(op, RK_ERR_CONFIGURATION,
                       "Connections cannot be tested here: renku-rclone does not run.");
    RK_TRY(write_question(&words, op, test));
    return rk_local_call(answer, op, &question);
}

int rk_storage_try(rk_op *op, const rk_storage_test *test)
{
    rk_strings secrets[2], answer;

    RK_TRY(rk_storage_secret_values(&secrets[0], op, test->configuration));
    RK_TRY(make_real(op, test->configuration));
    RK_TRY(rk_storage_secret_values(&secrets[1], op, test->configuration));
    RK_TRY(ask(&answer, op, test));
    return read_answer(op, &answer, secrets);
}
