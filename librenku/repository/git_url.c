/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/repository/repository.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "librenku/base/slug.h"

/* The parts of a URL, not terminated; a part that is not there has length 0. */
typedef struct {
    const char *text;
    size_t length;
} part;

typedef struct {
    part scheme, authority, path, query, fragment;
} split;

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

static part until(const char **at, const char *stops)
{
    part found = {*at, strcspn(*at, stops)};

    *at += found.length;
    return found;
}

static part scheme_of(const char **at)
{
    const char *c = *at;
    const char *colon = strchr(c, ':');

    if (!colon || !isalpha((unsigned char)*c))
        return (part){c, 0};
    for (; c < colon; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("+-.", *c))
            return (part){*at, 0};
    }
    part scheme = {*at, (size_t)(colon - *at)};

    *at = colon + 1;
    return scheme;
}

static split split_url(const char *at)
{
    split url = {.scheme = scheme_of(&at)};

    if (strncmp(at, "//", 2) == 0) {
        at += 2;
        url.authority = until(&at, "/?#");
    }
    url.path = until(&at, "?#");
    if (*at == '?') {
        at++;
        url.query = until(&at, "#");
    }
    if (*at == '#')
        url.fragment = (part){at + 1, strlen(at + 1)};
    while (url.path.length && url.path.text[url.path.length - 1] == '/')
        url.path.length--;
    return url;
}

static bool is(const part *text, const char *wanted)
{
    return text->length == strlen(wanted) && strncasecmp(text->text, wanted, text->length) == 0;
}

static bool starts(const part *text, const char *wanted)
{
    return text->length >= strlen(wanted) && memcmp(text->text, wanted, strlen(wanted)) == 0;
}

static bool is_local(const part *authority)
{
    return (authority->length == 9 && starts(authority, "localhost")) ||
           starts(authority, "localhost:") || starts(authority, "127.") || starts(authority, "::1");
}

/* Brackets enclose one address, after the user's part, or are not there. */
static bool has_sound_brackets(const part *authority)
{
    const char *end = authority->text + authority->length;
    const char *at = memrchr(authority->text, '@', authority->length);
    const char *host = at ? at + 1 : authority->text;
    const char *open = memchr(authority->text, '[', authority->length);
    const char *close = memchr(authority->text, ']', authority->length);

    if (!open && !close)
        return true;
    return open == host && close > open + 1 &&
           (close + 1 == end || (close + 1 < end && close[1] == ':'));
}

static const char *reject(const split *url)
{
    if (!url->scheme.length)
        return "no_url_scheme";
    if (!is(&url->scheme, "http") && !is(&url->scheme, "https"))
        return "invalid_url_scheme";
    if (!url->authority.length)
        return "no_url_host";
    if (is_local(&url->authority) || !has_sound_brackets(&url->authority))
        return "invalid_git_url";
    return NULL;
}

int rk_git_url_normalize(const char **out, const char **why, rk_op *op, const char *url)
{
    const char *text = clean(op, url);

    RK_CHECK(text);
    split parts = split_url(text);

    *why = reject(&parts);
    if (*why)
        return 0;
    *out = rk_printf(op, "%s://%.*s%.*s%s%.*s%s%.*s", is(&parts.scheme, "http") ? "http" : "https",
                     (int)parts.authority.length, parts.authority.text, (int)parts.path.length,
                     parts.path.text, parts.query.length ? "?" : "", (int)parts.query.length,
                     parts.query.length ? parts.query.text : "", parts.fragment.length ? "#" : "",
                     (int)parts.fragment.length, parts.fragment.length ? parts.fragment.text : "");
    RK_CHECK(*out);
    return 0;
}
