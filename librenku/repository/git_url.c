/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/repository/repository.h"

#include <string.h>

#include "librenku/base/slug.h"
#include "librenku/base/url.h"

/* Without surrounding white space and leading control characters, and without tabs and line ends
 * anywhere. */
static char *clean(rk_op *op, const char *url)
{
    char *copy = rk_strdup(op, url);
    size_t length = 0, end = 0;
    const char *next;
    int32_t code;

    for (const char *at = url; copy && *at; at = next) {
        next = rk_text_next(&code, at);
        bool is_space = rk_code_is_space(code);

        if (strchr("\t\r\n", *at) || (length == 0 && (is_space || (code >= 0 && code < ' '))))
            continue;
        memcpy(copy + length, at, (size_t)(next - at));
        length += (size_t)(next - at);
        if (!is_space)
            end = length;
    }
    if (copy)
        copy[end] = '\0';
    return copy;
}

/* Trailing slashes do not count. */
static rk_url split_url(const char *text)
{
    rk_url url = rk_url_split(text);

    while (url.path.length && url.path.text[url.path.length - 1] == '/')
        url.path.length--;
    return url;
}

static bool is_local(const rk_part *authority)
{
    return (authority->length == 9 && rk_part_starts(authority, "localhost")) ||
           rk_part_starts(authority, "localhost:") || rk_part_starts(authority, "127.") ||
           rk_part_starts(authority, "::1");
}

static const char *reject(const rk_url *url)
{
    if (!url->scheme.length)
        return "no_url_scheme";
    if (!rk_part_is(&url->scheme, "http") && !rk_part_is(&url->scheme, "https"))
        return "invalid_url_scheme";
    if (!url->authority.length)
        return "no_url_host";
    if (is_local(&url->authority) || !rk_authority_is_sound(&url->authority))
        return "invalid_git_url";
    return NULL;
}

int rk_git_url_normalize(const char **out, const char **why, rk_op *op, const char *url)
{
    const char *text = clean(op, url);

    RK_CHECK(text);
    rk_url parts = split_url(text);

    *why = reject(&parts);
    if (*why)
        return 0;
    *out = rk_printf(op, "%s://%.*s%.*s%s%.*s%s%.*s",
                     rk_part_is(&parts.scheme, "http") ? "http" : "https",
                     (int)parts.authority.length, parts.authority.text, (int)parts.path.length,
                     parts.path.text, parts.query.length ? "?" : "", (int)parts.query.length,
                     parts.query.length ? parts.query.text : "", parts.fragment.length ? "#" : "",
                     (int)parts.fragment.length, parts.fragment.length ? parts.fragment.text : "");
    RK_CHECK(*out);
    return 0;
}
