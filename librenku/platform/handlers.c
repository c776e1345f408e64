/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/db/db.h"
#include "librenku/http/etag.h"
#include "librenku/http/reply.h"
#include "librenku/platform/core.h"
#include "librenku/platform/db.h"

/* --- the configuration ------------------------------------------------------------------------ */

static int make(rk_op *op, void *user)
{
    return rk_platform_make(user, op);
}

/* GET /platform/config. The first one makes the row. Spec: platform.md 4.1 */
int rk_platform_config_get(rk_platform_config *out, rk_op *op, const rk_platform_config_get_in *in)
{
    bool found;

    (void)in;
    RK_TRY(rk_platform_lookup(out, &found, op));
    return found ? 0 : rk_db_transaction(op, make, out);
}

/* PATCH /platform/config. Spec: platform.md 4.2 */
int rk_platform_config_patch(rk_platform_config *out, rk_op *op,
                             const rk_platform_config_patch_in *in)
{
    bool found;

    RK_TRY(rk_platform_lock(out, &found, op));
    if (!found)
        return rk_fail(op, RK_ERR_NOT_FOUND, "The platform has no configuration yet.");
    RK_TRY(rk_etag_match(op, out->etag, in->if_match));
    return in->body.incident_banner ? rk_platform_update(out, op, in->body.incident_banner) : 0;
}

/* --- who may create what ---------------------------------------------------------------------- */

/* GET /platform/authorization_config. Spec: platform.md 4.3 */
int rk_authorization_config_get(rk_authorization_config *out, rk_op *op,
                                const rk_authorization_config_get_in *in)
{
    (void)in;
    return rk_authorization_read(out, op);
}

static int match(rk_op *op, const char *current, const char *given)
{
    if (strcmp(current, given) == 0)
        return 0;
    return rk_fail(op, RK_ERR_STALE,
                   "The authorization configuration is out of date: its ETag is %s, not %s.",
                   current, given);
}

/* PATCH /platform/authorization_config. Spec: platform.md 4.4 */
int rk_authorization_config_patch(rk_authorization_config *out, rk_op *op,
                                  const rk_authorization_config_patch_in *in)
{
    const rk_authorization_changes *changes = &in->body;

    RK_TRY(rk_authorization_lock(op));
    RK_TRY(rk_authorization_read(out, op));
    RK_TRY(match(op, out->etag, in->if_match));
    RK_TRY(rk_authorization_write(op, changes));
    if (changes->create_projects)
        out->create_projects = changes->create_projects;
    if (changes->create_groups)
        out->create_groups = changes->create_groups;
    return rk_authorization_etag(&out->etag, op, out);
}

/* --- redirects -------------------------------------------------------------------------------- */

/* GET /platform/redirects. Spec: platform.md 4.5 */
int rk_redirect_list(rk_redirects *out, rk_op *op, const rk_redirect_list_in *in)
{
    (void)in; /* the page shows in the headers only */
    RK_TRY(rk_redirect_all((rk_array *)out, op));
    op->reply->total = (int64_t)out->count;
    return 0;
}

/* POST /platform/redirects. Spec: platform.md 4.7 */
int rk_redirect_create(rk_redirect *out, rk_op *op, const rk_redirect_create_in *in)
{
    const char *source, *target;

    RK_TRY(rk_redirect_source(&source, op, in->body.source_url));
    RK_TRY(rk_redirect_target(&target, op, in->body.target_url));
    return rk_redirect_insert(out, op, source, target);
}

/* GET /platform/redirects/{source_url}. Spec: platform.md 4.6 */
int rk_redirect_get(rk_redirect *out, rk_op *op, const rk_redirect_get_in *in)
{
    bool found;

    RK_TRY(rk_redirect_lookup(out, &found, op, in->source_url));
    if (found)
        return 0;
    return rk_fail(op, RK_ERR_NOT_FOUND,
                   "A redirect for '%s' does not exist or you do not have access to it.",
                   in->source_url);
}

/* PATCH /platform/redirects/{source_url}. Spec: platform.md 4.8 */
int rk_redirect_patch(rk_redirect *out, rk_op *op, const rk_redirect_patch_in *in)
{
    const char *source, *target = NULL;
    bool found;

    RK_TRY(rk_redirect_source(&source, op, in->source_url));
    if (in->body.target_url)
        RK_TRY(rk_redirect_target(&target, op, in->body.target_url));
    RK_TRY(rk_redirect_lock(out, &found, op, source));
    if (!found)
        return rk_fail(op, RK_ERR_NOT_FOUND, "A redirect for source URL '%s' does not exist.",
                       source);
    RK_TRY(rk_etag_match(op, out->etag, in->if_match));
    return target ? rk_redirect_update(out, op, source, target) : 0;
}

/* DELETE /platform/redirects/{source_url}. Spec: platform.md 4.9 */
int rk_redirect_delete(rk_op *op, const rk_redirect_delete_in *in)
{
    rk_redirect redirect;
    bool found;

    RK_TRY(rk_redirect_lock(&redirect, &found, op, in->source_url));
    if (!found)
        return 0;
    RK_TRY(rk_etag_match(op, redirect.etag, in->if_match));
    return rk_redirect_remove(op, in->source_url);
}
