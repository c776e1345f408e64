/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/metric/metric.h"

#include <openssl/evp.h>
#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/base/settings.h"
#include "librenku/base/ulid.h"
#include "librenku/db/db.h"
#include "librenku/http/caller.h"

enum { DIGEST_MAX = 20 };

static void print_hex(char *out, const unsigned char *bytes, unsigned length)
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned i = 0; i < length; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

static int hash_text(char *out, rk_op *op, const EVP_MD *digest, const char *text)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (!EVP_Digest(text, strlen(text), bytes, &length, digest, NULL))
        return rk_fail_default(op, RK_ERR_INTERNAL);
    print_hex(out, bytes, length);
    return 0;
}

static int store(rk_op *op, const char *event, const char *user_id, const char *metadata)
{
    static const rk_query query = {
        .sql = "INSERT INTO metrics.metrics (id, event, anonymous_user_id, metadata)"
               " VALUES ($1, $2, $3, $4::jsonb)",
    };
    char anonymous[2 * DIGEST_MAX + 1] = "anonymous";
    char id[RK_ULID_LENGTH + 1];

    if (user_id)
        RK_TRY(hash_text(anonymous, op, EVP_md5(), user_id));
    rk_ulid_make(id);
    const char *owned_id = rk_strdup(op, id);
    const char *owned_user = rk_strdup(op, anonymous);

    RK_CHECK(owned_id && owned_user);
    return rk_db_defer(NULL, op, &query,
                       RK_PARAMS(rk_text(owned_id), rk_text(event), rk_text(owned_user),
                                 rk_text(metadata ? metadata : "null")));
}

bool rk_metric_enabled(const rk_op *op)
{
    return op->settings && rk_settings_bool(op->settings, RK_SET_POSTHOG_ENABLED);
}

int rk_metric_event(rk_op *op, const char *event, const char *metadata)
{
    return rk_metric_enabled(op) ? store(op, event, op->caller->id, metadata) : 0;
}

int rk_identity_hash(char out[2 * DIGEST_MAX + 1], rk_op *op, const rk_identity *identity)
{
    const struct {
        const char *name, *value;
    } parts[] = {
        {"user_id",    identity->user_id   },
        {"email",      identity->email     },
        {"first_name", identity->first_name},
        {"last_name",  identity->last_name },
        {"username",   identity->username  },
    };
    rk_buf buf;

    rk_buf_begin(&buf, op, 256);
    for (size_t i = 0; i < RK_COUNT(parts); i++)
        rk_buf_printf(&buf, "%s=%s", parts[i].name, parts[i].value ? parts[i].value : "None");
    RK_TRY(rk_buf_finish(&buf));
    return hash_text(out, op, EVP_sha1(), buf.text);
}

static void add_member(rk_buf *buf, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    if (buf->length > 1)
        rk_buf_char(buf, ',');
    rk_buf_json_text(buf, name);
    rk_buf_char(buf, ':');
    rk_buf_json_text(buf, value);
}

static int describe(const char **out, rk_op *op, const rk_identity *identity)
{
    rk_buf buf;

    rk_buf_begin(&buf, op, 256);
    rk_buf_char(&buf, '{');
    add_member(&buf, "user_id", identity->user_id);
    add_member(&buf, "email", identity->email);
    add_member(&buf, "first_name", identity->first_name);
    add_member(&buf, "last_name", identity->last_name);
    add_member(&buf, "username", identity->username);
    rk_buf_char(&buf, '}');
    *out = buf.text;
    return rk_buf_finish(&buf);
}

typedef struct {
    const char *hash;
} identified;

static const rk_column identified_columns[] = {
    {"m.metrics_identity_hash", RK_COLUMN_TEXT, offsetof(identified, hash)},
};
static const rk_row identified_row = RK_ROW(identified, identified_columns);

static int stored_hash(const char **out, rk_op *op, const char *user_id)
{
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM users.user_metrics m"
               "  JOIN users.users u ON u.id = m.id"
               " WHERE u.keycloak_id = $1",
        .row = &identified_row,
    };
    identified known = {NULL};
    bool found;

    RK_TRY(rk_db_lookup(&known, &found, op, &query, RK_PARAMS(rk_text(user_id))));
    *out = known.hash;
    return 0;
}

static int store_hash(rk_op *op, const char *user_id, const char *hash)
{
    static const rk_query query = {
        .sql = "INSERT INTO users.user_metrics (id, metrics_identity_hash)"
               " SELECT u.id, $2 FROM users.users u WHERE u.keycloak_id = $1"
               " ON CONFLICT (id) DO UPDATE SET metrics_identity_hash = "
               "excluded.metrics_identity_hash",
    };

    return rk_db_defer(NULL, op, &query, RK_PARAMS(rk_text(user_id), rk_text(hash)));
}

int rk_metric_identify(rk_op *op, const rk_identity *identity)
{
    char hash[2 * DIGEST_MAX + 1];
    const char *known;
    const char *metadata;

    if (!rk_metric_enabled(op))
        return 0;
    RK_TRY(rk_identity_hash(hash, op, identity));
    RK_TRY(stored_hash(&known, op, identity->user_id));
    if (known && strcmp(known, hash) == 0)
        return 0;
    const char *owned = rk_strdup(op, hash);

    RK_CHECK(owned);
    RK_TRY(describe(&metadata, op, identity));
    RK_TRY(store(op, "identify_user", identity->user_id, metadata));
    return store_hash(op, identity->user_id, owned);
}
