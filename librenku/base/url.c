/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/url.h"

#include <arpa/inet.h>
#include <string.h>

#include "librenku/base/letters.h"

static rk_part until(const char **at, const char *stops)
{
    rk_part found = {*at, strcspn(*at, stops)};

    *at += found.length;
    return found;
}

static rk_part scheme_of(const char **at)
{
    const char *c = *at;
    const char *colon = strchr(c, ':');

    if (!colon || !rk_is_letter(*c))
        return (rk_part){c, 0};
    for (; c < colon; c++) {
        if (!rk_is_letter(*c) && !strchr("0123456789+-.", *c))
            return (rk_part){*at, 0};
    }
    rk_part scheme = {*at, (size_t)(colon - *at)};

    *at = colon + 1;
    return scheme;
}

rk_url rk_url_split(const char *text)
{
    const char *at = text;
    const char *end = text + strlen(text);
    rk_url url = {
        .scheme = scheme_of(&at), .query = {end, 0},
             .fragment = {end, 0}
    };

    url.authority = (rk_part){at, 0};
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
        url.fragment = (rk_part){at + 1, strlen(at + 1)};
    return url;
}

bool rk_part_is(const rk_part *part, const char *wanted)
{
    return part->length == strlen(wanted) && rk_letters_equal_n(part->text, wanted, part->length);
}

bool rk_part_starts(const rk_part *part, const char *wanted)
{
    return part->length >= strlen(wanted) && memcmp(part->text, wanted, strlen(wanted)) == 0;
}

/* The host, with what follows it. */
static const char *behind_user(const rk_part *authority)
{
    const char *at = memrchr(authority->text, '@', authority->length);

    return at ? at + 1 : authority->text;
}

rk_part rk_authority_host(const rk_part *authority)
{
    const char *end = authority->text + authority->length;
    const char *host = behind_user(authority);
    bool in_brackets = host < end && *host == '[';

    host += in_brackets;
    const char *stop = memchr(host, in_brackets ? ']' : ':', (size_t)(end - host));

    if (!stop)
        stop = in_brackets ? host : end;
    return (rk_part){host, (size_t)(stop - host)};
}

static bool is_address(const char *start, const char *end)
{
    char text[INET6_ADDRSTRLEN] = "";
    size_t length = (size_t)(end - start);
    struct in6_addr address;

    if (length >= sizeof(text))
        return false;
    memcpy(text, start, length);
    return inet_pton(AF_INET6, text, &address) == 1;
}

bool rk_authority_is_sound(const rk_part *authority)
{
    if (!authority->length)
        return true;
    const char *end = authority->text + authority->length;
    const char *host = behind_user(authority);
    const char *open = memchr(authority->text, '[', authority->length);
    const char *close = memchr(authority->text, ']', authority->length);

    if (!open && !close)
        return true;
    if (open != host || !close || close < open)
        return false;
    return is_address(open + 1, close) && (close + 1 == end || close[1] == ':');
}

const char *rk_url_shown(rk_op *op, const char *url)
{
    const char *scheme_end = strstr(url, "://");
    int scheme = scheme_end ? (int)(scheme_end + 3 - url) : 0;
    const char *rest = url + scheme;
    const char *at = memrchr(rest, '@', strcspn(rest, "/?#"));
    const char *host = at ? at + 1 : rest;

    return rk_printf(op, "%.*s%.*s", scheme, url, (int)strcspn(host, "?#"), host);
}

void rk_url_add_encoded(rk_buf *buf, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (; *text; text++) {
        if (strchr(plain, *text))
            rk_buf_char(buf, *text);
        else
            rk_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)*text);
    }
}
