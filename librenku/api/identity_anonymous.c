/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/identity.h"

#include <string.h>

#include "librenku/base/ulid.h"

/* The earlier name wins. */
static const char *const cookie_names[] = {
    "__Host-Renku-Auth-Anon-Id",
    "__Secure-Renku-Auth-Anon-Id",
    "Renku-Auth-Anon-Id",
};

typedef struct {
    const char *text;
    size_t length;
} part;

static part trimmed(const char *text, size_t length)
{
    while (length && strchr(" \t", *text)) {
        text++;
        length--;
    }
    while (length && strchr(" \t", text[length - 1]))
        length--;
    return (part){text, length};
}

/* One name=value of the header; false when it has another name. */
static bool read_cookie(part *value, const char *text, size_t length, const char *wanted)
{
    const char *equals = memchr(text, '=', length);

    if (!equals)
        return false;
    part name = trimmed(text, (size_t)(equals - text));

    *value = trimmed(equals + 1, length - (size_t)(equals + 1 - text));
    return name.length == strlen(wanted) && memcmp(name.text, wanted, name.length) == 0;
}

/* The first one of that name. */
static bool find_cookie(part *value, const char *header, const char *wanted)
{
    for (const char *text = header;;) {
        size_t length = strcspn(text, ";");

        if (read_cookie(value, text, length, wanted))
            return true;
        if (!text[length])
            return false;
        text += length + 1;
    }
}

/* Without the double quotes around it, and without the backslashes that such a value may hold. */
static char *unquoted(rk_op *op, part value)
{
    bool quoted = value.length > 2 && value.text[0] == '"' && value.text[value.length - 1] == '"';
    char *out = rk_strndup(op, value.text + quoted, value.length - (quoted ? 2 : 0));

    if (!out || !quoted)
        return out;
    char *end = out;

    for (const char *c = out; *c; c++) {
        if (*c == '\\' && c[1])
            c++;
        *end++ = *c;
    }
    *end = '\0';
    return out;
}

static int id_from_cookie(const char **out, rk_op *op, const char *header)
{
    part value;

    *out = NULL;
    for (size_t i = 0; header && i < RK_COUNT(cookie_names); i++) {
        if (!find_cookie(&value, header, cookie_names[i]))
            continue;
        *out = unquoted(op, value);
        return *out ? 0 : RK_ERR_NO_MEMORY;
    }
    return 0;
}

static int fresh_id(const char **out, rk_op *op)
{
    char ulid[RK_ULID_LENGTH + 1];

    rk_ulid_make(ulid);
    *out = rk_printf(op, "anon-%s", ulid);
    return *out ? 0 : RK_ERR_NO_MEMORY;
}

int rk_identity_anonymous(rk_caller **out, rk_op *op, const rk_credentials *credentials)
{
    rk_caller *caller = rk_identity_new(op, RK_CALLER_ANONYMOUS, credentials);

    RK_CHECK(caller);
    caller->id = credentials->anonymous_id;
    if (!caller->id)
        RK_TRY(id_from_cookie(&caller->id, op, credentials->cookie));
    if (!caller->id)
        RK_TRY(fresh_id(&caller->id, op));
    *out = caller;
    return 0;
}
