/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/slug.h"

#include <string.h>
#include <sys/random.h>

#include <utf8proc.h>

#include "librenku/base/buf.h"
#include "librenku/base/letters.h"

enum { USER_TEXT_MAX = 80, DECOMPOSED_MAX = 18 /* code points; U+FDFA has that many */ };

static const char pattern[] =
    "^(?!.*\\.git$|.*\\.atom$|.*[\\-._][\\-._].*)[a-zA-Z0-9][a-zA-Z0-9\\-_.]*$";

static bool is_separator(char c)
{
    return c == '.' || c == '_' || c == '-';
}

static bool is_letter_or_digit(char c)
{
    return rk_is_letter(c) || (c >= '0' && c <= '9');
}

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t end_length = strlen(end);

    return length >= end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

bool rk_slug_is_valid(const char *text)
{
    size_t length = strlen(text);

    if (!is_letter_or_digit(text[0]))
        return false;
    for (size_t i = 1; i < length; i++) {
        if (is_separator(text[i]) ? is_separator(text[i - 1]) : !is_letter_or_digit(text[i]))
            return false;
    }
    return !ends_with(text, length, ".git") && !ends_with(text, length, ".atom");
}

int rk_slug_check(rk_op *op, const char *text)
{
    if (rk_slug_is_valid(text))
        return 0;
    return rk_fail(op, RK_ERR_INVALID, "The slug \"%s\" does not match the regular expression %s.",
                   text, pattern);
}

const char *rk_text_next(int32_t *code, const char *text)
{
    utf8proc_ssize_t count = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, code);

    return text + (count > 0 ? count : 1);
}

bool rk_code_is_space(int32_t code)
{
    return (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x20) || code == 0x85 ||
           code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
           code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

/* Adds a character, as "-" when it may not stand in a slug; of a run of separators only the first.
 */
static void add(rk_buf *out, char c)
{
    if (!is_letter_or_digit(c) && !is_separator(c))
        c = '-';
    if (is_separator(c) && out->length > 0 && is_separator(out->text[out->length - 1]))
        return;
    rk_buf_char(out, c);
}

/* Lower case by the simple mapping gives the same as by the full one here: they differ by a
 * combining dot behind the i of U+0130, which is not ASCII. */
static void add_decomposed(rk_buf *out, utf8proc_int32_t code)
{
    utf8proc_int32_t parts[DECOMPOSED_MAX];
    int boundary = 0;
    utf8proc_ssize_t count =
        utf8proc_decompose_char(utf8proc_tolower(code), parts, DECOMPOSED_MAX,
                                UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);

    for (utf8proc_ssize_t i = 0; i < count && i < DECOMPOSED_MAX; i++)
        if (parts[i] < 0x80)
            add(out, (char)parts[i]);
}

/* Without one separator at each end and without a run of forbidden suffixes. */
static const char *trim(rk_op *op, const char *text, size_t length)
{
    if (length > 0 && is_separator(*text)) {
        text++;
        length--;
    }
    if (length > 0 && is_separator(text[length - 1]))
        length--;
    for (;;) {
        if (ends_with(text, length, ".atom"))
            length -= strlen(".atom");
        else if (ends_with(text, length, ".git"))
            length -= strlen(".git");
        else
            return rk_strndup(op, text, length);
    }
}

int rk_slug_from_name(const char **out, rk_op *op, const char *name)
{
    rk_buf raw;
    utf8proc_int32_t code;

    rk_buf_begin(&raw, op, strlen(name));
    for (const char *at = name; *at;) {
        at = rk_text_next(&code, at);
        if (rk_code_is_space(code))
            add(&raw, '-');
        else if (code >= 0)
            add_decomposed(&raw, code);
    }
    RK_TRY(rk_buf_finish(&raw));

    const char *slug = trim(op, raw.text, raw.length);

    RK_CHECK(slug);
    if (!*slug)
        return rk_fail(op, RK_ERR_INVALID,
                       "The name \"%s\" contains too many invalid characters to generate a slug.",
                       name);
    RK_TRY(rk_slug_check(op, slug));
    *out = slug;
    return 0;
}

int rk_slug_suffix(char out[RK_SLUG_SUFFIX_LENGTH + 1], rk_op *op)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char bytes[RK_SLUG_SUFFIX_LENGTH];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return rk_fail_default(op, RK_ERR_INTERNAL);
    for (int i = 0; i < RK_SLUG_SUFFIX_LENGTH; i++)
        out[i] = alphabet[bytes[i] % (sizeof(alphabet) - 1)];
    out[RK_SLUG_SUFFIX_LENGTH] = '\0';
    return 0;
}

static bool is_known(const char *text)
{
    return text && *text;
}

static const char *user_text(rk_op *op, const rk_user_names *names)
{
    if (is_known(names->email))
        return rk_strndup(op, names->email, strcspn(names->email, "@"));
    if (is_known(names->first_name) && is_known(names->last_name))
        return rk_printf(op, "%s-%s", names->first_name, names->last_name);
    if (is_known(names->last_name))
        return names->last_name;
    return is_known(names->first_name) ? names->first_name
                                       : rk_printf(op, "user_%s", names->user_id);
}

int rk_slug_from_user(const char **out, rk_op *op, const rk_user_names *names)
{
    const char *text = user_text(op, names);
    utf8proc_int32_t code;

    RK_CHECK(text);

    const char *end = text;

    for (int i = 0; i < USER_TEXT_MAX && *end; i++)
        end = rk_text_next(&code, end);

    const char *cut = rk_strndup(op, text, (size_t)(end - text));

    RK_CHECK(cut);
    return rk_slug_from_name(out, op, cut);
}

int rk_text_lower(const char **out, rk_op *op, const char *text)
{
    rk_buf lower;

    rk_buf_begin(&lower, op, strlen(text));
    for (const char *at = text; *at;) {
        const char *start = at;
        utf8proc_int32_t code;
        utf8proc_uint8_t bytes[4];

        at = rk_text_next(&code, at);
        if (code >= 0)
            rk_buf_add(&lower, bytes, (size_t)utf8proc_encode_char(utf8proc_tolower(code), bytes));
        else
            rk_buf_add(&lower, start, (size_t)(at - start));
    }
    RK_TRY(rk_buf_finish(&lower));
    *out = lower.text;
    return 0;
}

size_t rk_text_length(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static bool are_ascii(const utf8proc_uint8_t *bytes)
{
    uint64_t eight;

    memcpy(&eight, bytes, sizeof eight);
    return (eight & UINT64_C(0x8080808080808080)) == 0;
}

bool rk_text_is_utf8(const char *bytes, size_t length)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)bytes;
    const utf8proc_uint8_t *end = at + length;

    while ((size_t)(end - at) >= sizeof(uint64_t) && are_ascii(at))
        at += sizeof(uint64_t);
    while (at < end) {
        utf8proc_int32_t code;
        utf8proc_ssize_t count = *at < 0x80 ? 1 : utf8proc_iterate(at, end - at, &code);

        if (count <= 0)
            return false;
        at += count;
    }
    return true;
}
