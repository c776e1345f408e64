/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/platform/core.h"

#include <string.h>
#include <utf8proc.h>

#include "librenku/base/ulid.h"
#include "librenku/base/url.h"
#include "librenku/http/etag.h"

static const char legacy_host[] = "gitlab.renkulab.io";
static const char legacy_path[] = "/projects/";
static const char project_path[] = "/p/";

/* A URL with its parameters apart from its path, and what messages call it. */
typedef struct {
    const char *name;
    rk_url url;
    rk_part parameters;
} redirect_url;

/* Without leading blanks and control characters, and without tabs and line ends anywhere. */
static char *clean(rk_op *op, const char *text)
{
    char *copy = rk_strdup(op, text);
    size_t length = 0;

    if (!copy)
        return NULL;
    while (*text && (unsigned char)*text <= ' ')
        text++;
    for (; *text; text++) {
        if (!strchr("\t\r\n", *text))
            copy[length++] = *text;
    }
    copy[length] = '\0';
    return copy;
}

/* What follows the first semicolon of the last segment. */
static rk_part cut_parameters(rk_part *path)
{
    const char *end = path->text + path->length;
    const char *slash = memrchr(path->text, '/', path->length);
    const char *from = slash ? slash : path->text;
    const char *mark = memchr(from, ';', (size_t)(end - from));

    if (!mark)
        return (rk_part){end, 0};
    path->length = (size_t)(mark - path->text);
    return (rk_part){mark + 1, (size_t)(end - mark - 1)};
}

/* --- authorities ------------------------------------------------------------------------------ */

/* Whether a letter becomes a delimiter in the compatible form that names of hosts are turned into.
 */
static bool hides_delimiter(int32_t code)
{
    const utf8proc_option_t how = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
    utf8proc_int32_t forms[32];
    utf8proc_ssize_t count = utf8proc_decompose_char(code, forms, RK_COUNT(forms), how, NULL);

    for (utf8proc_ssize_t i = 0; i < count && i < (utf8proc_ssize_t)RK_COUNT(forms); i++) {
        if (forms[i] && forms[i] < 128 && strchr("/?#@:", (char)forms[i]))
            return true;
    }
    return false;
}

static bool is_readable(const rk_part *authority)
{
    const unsigned char *at = (const unsigned char *)authority->text;
    const unsigned char *end = at + authority->length;

    while (at < end) {
        utf8proc_int32_t code;
        utf8proc_ssize_t length = utf8proc_iterate(at, end - at, &code);

        if (length <= 0 || (code > 127 && hides_delimiter(code)))
            return false;
        at += length;
    }
    return rk_authority_is_sound(authority);
}

/* --- paths ------------------------------------------------------------------------------------ */

static bool is_plain(const rk_part *segment)
{
    return segment->length && !rk_part_is(segment, ".") && !rk_part_is(segment, "..");
}

/* Whether the path equals its POSIX normal form, which keeps exactly two leading slashes, and leads
 * nowhere out. */
static bool is_canonical(const rk_part *path)
{
    const char *at = path->text;
    const char *end = at + path->length;

    while (at < end && *at == '/')
        at++;
    if (at - path->text > 2 || path->length == 0)
        return false;
    while (at < end) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const rk_part segment = {at, (size_t)((slash ? slash : end) - at)};

        if (!is_plain(&segment) || slash == end - 1)
            return false;
        at += segment.length + (slash != NULL);
    }
    return true;
}

static bool is_project(const rk_part *path)
{
    char id[RK_ULID_LENGTH + 1];

    if (path->length != sizeof(project_path) - 1 + RK_ULID_LENGTH ||
        !rk_part_starts(path, project_path))
        return false;
    memcpy(id, path->text + sizeof(project_path) - 1, RK_ULID_LENGTH);
    id[RK_ULID_LENGTH] = '\0';
    return rk_ulid_is_valid(id);
}

/* --- both ------------------------------------------------------------------------------------- */

static int read_url(redirect_url *out, rk_op *op, const char *text)
{
    const char *copy = clean(op, text);

    RK_CHECK(copy);
    out->url = rk_url_split(copy);
    out->parameters = cut_parameters(&out->url.path);
    if (!is_readable(&out->url.authority))
        return rk_fail(op, RK_ERR_INVALID, "The %s URL has no host that can be read.", out->name);
    if (out->parameters.length || out->url.query.length || out->url.fragment.length)
        return rk_fail(op, RK_ERR_INVALID,
                       "The %s URL must not include parameters, a query, or a fragment.",
                       out->name);
    if (!is_canonical(&out->url.path))
        return rk_fail(op, RK_ERR_INVALID, "The %s URL path is not canonical.", out->name);
    return 0;
}

static int require_https(rk_op *op, const redirect_url *url)
{
    if (rk_part_is(&url->url.scheme, "https"))
        return 0;
    return rk_fail(op, RK_ERR_INVALID, "The %s URL must use HTTPS.", url->name);
}

/* The whole again, with the scheme in lower case and without empty parts. */
static int assemble(const char **out, rk_op *op, const redirect_url *url)
{
    const rk_part *authority = &url->url.authority;
    const rk_part *path = &url->url.path;
    bool is_whole = url->url.scheme.length > 0;

    *out = rk_printf(op, "%s%.*s%s%.*s", is_whole ? "https://" : "", (int)authority->length,
                     authority->text, is_whole && *path->text != '/' ? "/" : "", (int)path->length,
                     path->text);
    RK_CHECK(*out);
    return 0;
}

int rk_redirect_source(const char **out, rk_op *op, const char *text)
{
    redirect_url source = {.name = "source"};
    const rk_part *authority = &source.url.authority;

    RK_TRY(read_url(&source, op, text));
    if (source.url.scheme.length) {
        RK_TRY(require_https(op, &source));
        if (authority->length != sizeof(legacy_host) - 1 || !rk_part_starts(authority, legacy_host))
            return rk_fail(op, RK_ERR_INVALID, "The source URL host must be %s.", legacy_host);
    } else if (authority->length) {
        return rk_fail(op, RK_ERR_INVALID, "The source URL should not include a host.");
    } else if (!rk_part_starts(&source.url.path, legacy_path)) {
        return rk_fail(op, RK_ERR_INVALID, "The source URL must start with %s.", legacy_path);
    }
    return assemble(out, op, &source);
}

int rk_redirect_target(const char **out, rk_op *op, const char *text)
{
    redirect_url target = {.name = "target"};

    RK_TRY(read_url(&target, op, text));
    if (target.url.scheme.length || target.url.authority.length)
        RK_TRY(require_https(op, &target));
    else if (!is_project(&target.url.path))
        return rk_fail(op, RK_ERR_INVALID, "The target URL path must match the pattern %sULID.",
                       project_path);
    return assemble(out, op, &target);
}

int rk_authorization_etag(const char **out, rk_op *op, const rk_authorization_config *config)
{
    const char *text = rk_printf(op, "create_projects=%s,create_groups=%s",
                                 rk_enum_name(&rk_creators_names, config->create_projects),
                                 rk_enum_name(&rk_creators_names, config->create_groups));

    RK_CHECK(text);
    return rk_etag_of(out, op, text);
}
