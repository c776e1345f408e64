/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api_api.h"
#include "librenku/api/authenticate.h"
#include "librenku/api/ctx.h"
#include "librenku/base/letters.h"
#include "librenku/base/log.h"
#include "librenku/crypto/internal_token.h"
#include "librenku/db/db.h"

static const char session_prefix[] = "session:";
static const char deposit_prefix[] = "deposit_job:";

typedef struct {
    const char *name;
} session;

/* What the items of a scope ask for. */
typedef struct {
    rk_strings sessions;
    const char *deposit_job; /* the first one; NULL is none */
    bool has_others;
} scope;

/* The name behind the prefix, which may be written in any case; NULL for another item. */
static const char *named(const char *item, const char *prefix)
{
    size_t length = strlen(prefix);

    return rk_letters_equal_n(item, prefix, length) ? item + length : NULL;
}

static void take_item(scope *out, const char *item)
{
    const char *name = named(item, session_prefix);
    const char *job = named(item, deposit_prefix);

    if (name)
        out->sessions.items[out->sessions.count++] = name;
    else if (!job)
        out->has_others = true;
    else if (!out->deposit_job)
        out->deposit_job = job;
}

/* The items stand between single blanks. */
static int read_scope(scope *out, rk_op *op, const char *text)
{
    char *rest = rk_strdup(op, text);

    RK_CHECK(rest);
    *out = (scope){
        .sessions = {true, 0, rk_new_array(op, const char *, strlen(text) + 1)},
    };
    RK_CHECK(out->sessions.items);
    while (rest)
        take_item(out, strsep(&rest, " "));
    return 0;
}

/* The first session that is not there exactly once, belongs to somebody else, or hibernates. */
static int check_sessions(rk_op *op, const char *owner, const rk_strings *names)
{
    static const rk_column columns[] = {
        {"n.name", RK_COLUMN_TEXT, offsetof(session, name), NULL},
    };
    static const rk_row row = RK_ROW(session, columns);
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM unnest($2::text[]) WITH ORDINALITY AS n (name, place)"
               " WHERE (SELECT count(*) = 1"
               "           AND bool_and(lower(o.manifest #>> '{status,state}')"
               "                        IS DISTINCT FROM 'hibernated')"
               "          FROM common.k8s_objects o"
               "         WHERE o.name = n.name AND o.user_id = $1 AND NOT o.deleted"
               "           AND lower(o.kind) = 'amaltheasession'"
               "           AND lower(o.\"group\") = 'amalthea.dev'"
               "           AND lower(o.version) = 'v1alpha1') IS NOT TRUE"
               " ORDER BY n.place"
               " LIMIT 1",
        .row = &row,
    };
    session missing;
    bool found;

    if (!names->count)
        return 0;
    RK_TRY(
        rk_db_lookup(&missing, &found, op, &query, RK_PARAMS(rk_text(owner), rk_texts(op, names))));
    if (!found)
        return 0;
    (void)rk_fail_default(op, RK_ERR_FORBIDDEN); /* the detail is added below */
    return rk_fail_detail(op, "Failed to verify session scope '%s'.", missing.name);
}

/* Jobs are only known to Kubernetes, which nobody asks yet: such a scope cannot be verified. */
static int check_deposit_job(rk_op *op, const char *name)
{
    if (!name)
        return 0;
    (void)rk_fail_default(op, RK_ERR_FORBIDDEN); /* the detail is added below */
    return rk_fail_detail(op, "Failed to verify deposit job scope '%s'.", name);
}

/* Spec: authentication.md 5.4 */
static int verify_scope(rk_op *op, const rk_internal_subject *subject)
{
    scope wanted;

    RK_TRY(read_scope(&wanted, op, subject->scope ? subject->scope : ""));
    RK_TRY(check_sessions(op, subject->sub, &wanted.sessions));
    RK_TRY(check_deposit_job(op, wanted.deposit_job));
    if (wanted.has_others)
        rk_log_warning(op, "authn", "A refresh token has a scope that nothing verifies.");
    return 0;
}

static int read_token(rk_internal_subject *out, rk_op *op, const rk_internal_issuer *issuer,
                      const char *token)
{
    int result = rk_internal_token_verify(out, op, issuer, token, RK_TOKEN_REFRESH);

    if (result != RK_ERR_INVALID_TOKEN)
        return result;
    rk_error_clear(op);
    return rk_fail_default(op, RK_ERR_UNAUTHORIZED);
}

static int exchange(rk_post_token_response *out, rk_op *op, const rk_internal_issuer *issuer,
                    const char *token)
{
    const rk_internal_grant access = {RK_TOKEN_ACCESS, rk_internal_access_s(issuer), 0, NULL};
    const rk_internal_grant refresh = {RK_TOKEN_REFRESH, rk_internal_refresh_s(issuer), 0, NULL};
    rk_internal_subject subject;

    RK_TRY(read_token(&subject, op, issuer, token));
    RK_TRY(verify_scope(op, &subject));
    RK_TRY(rk_internal_token_mint(&out->access_token, op, issuer, &subject, &access));
    RK_TRY(rk_internal_token_mint(&out->refresh_token, op, issuer, &subject, &refresh));
    out->token_type = "Bearer";
    out->expires_in = RK_INT(access.lifetime_s);
    out->refresh_expires_in = RK_INT(refresh.lifetime_s);
    out->scope = subject.scope ? subject.scope : "";
    return 0;
}

/* POST /internal/authentication/token. Spec: authentication.md 5.5 */
int rk_token_refresh(rk_post_token_response *out, rk_op *op, const rk_token_refresh_in *in)
{
    if (!op->ctx->authenticator)
        return rk_fail(op, RK_ERR_CONFIGURATION, "With RENKU_ADMIN_ONLY no tokens are taken.");
    return exchange(out, op, rk_authenticator_issuer(op->ctx->authenticator),
                    in->body.refresh_token);
}
