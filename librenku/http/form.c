/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/form.h"

#include <string.h>

#include "librenku/base/letters.h"
#include "librenku/base/slug.h"
#include "librenku/http/pairs.h"

/* Forms in both encodings. Spec: foundations.md 5.5 */

enum { BOUNDARY_MAX = 70 }; /* RFC 2046, 5.1.1 */

/* Part of a text that somebody else owns. */
typedef struct {
    const char *start;
    const char *end;
} span;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static span trimmed(span text)
{
    while (text.start < text.end && is_blank(*text.start))
        text.start++;
    while (text.start < text.end && is_blank(text.end[-1]))
        text.end--;
    return text;
}

static bool equals(span text, const char *word)
{
    size_t length = strlen(word);

    return (size_t)(text.end - text.start) == length &&
           rk_letters_equal_n(text.start, word, length);
}

/* The text up to the next @p c, which is taken too; all of it when there is none. A quoted text is
 * not looked into. */
static span cut(span *rest, char c)
{
    span piece = {rest->start, rest->start};
    bool quoted = false;

    while (piece.end < rest->end && (quoted || *piece.end != c)) {
        if (quoted && *piece.end == '\\' && piece.end + 1 < rest->end)
            piece.end++;
        else if (*piece.end == '"')
            quoted = !quoted;
        piece.end++;
    }
    rest->start = piece.end < rest->end ? piece.end + 1 : rest->end;
    return piece;
}

/* Without its quotes and the backslashes inside. */
static int unquote(const char **out, size_t *length, rk_op *op, span text)
{
    char *copy = rk_strndup(op, text.start, (size_t)(text.end - text.start));
    char *to = copy;

    RK_CHECK(copy);
    *out = copy;
    *length = (size_t)(text.end - text.start);
    if (*length < 2 || *text.start != '"' || text.end[-1] != '"')
        return 0;
    for (const char *at = text.start + 1; at < text.end - 1; at++) {
        at += *at == '\\' && at + 1 < text.end - 1;
        *to++ = *at;
    }
    *to = '\0';
    *length = (size_t)(to - copy);
    return 0;
}

/* The parameter of a header value: name in `form-data; name="x"`. NULL when there is none. */
static int parameter(const char **out, size_t *length, rk_op *op, span value, const char *wanted)
{
    *out = NULL;
    (void)cut(&value, ';'); /* the value itself */
    while (value.start < value.end && !*out) {
        span piece = cut(&value, ';');
        span name = trimmed(cut(&piece, '='));

        if (equals(name, wanted))
            RK_TRY(unquote(out, length, op, trimmed(piece)));
    }
    return 0;
}

/* --- multipart --- */

typedef struct {
    rk_pairs *pairs;
    rk_op *op;
    const char *delimiter; /* "\r\n--boundary" */
    size_t delimiter_length;
    bool malformed;
} multipart;

/* The next line without its end; false when it does not end. */
static bool next_line(span *line, span *rest)
{
    const char *stop = memmem(rest->start, (size_t)(rest->end - rest->start), "\r\n", 2);

    if (!stop)
        return false;
    *line = (span){rest->start, stop};
    rest->start = stop + 2;
    return true;
}

/* The value of the header field that says what a part is. */
static bool disposition_of(span *value, span *part)
{
    span line;

    *value = (span){NULL, NULL};
    while (next_line(&line, part)) {
        if (line.start == line.end)
            return value->start != NULL;
        span name = trimmed(cut(&line, ':'));

        if (equals(name, "content-disposition"))
            *value = trimmed(line);
    }
    return false;
}

/* A part that is a file is left out. */
static int add_part(multipart *m, span part)
{
    const char *name, *file, *value;
    size_t length, unused;
    span disposition;

    m->malformed = !disposition_of(&disposition, &part);
    if (m->malformed)
        return 0;
    RK_TRY(parameter(&file, &unused, m->op, disposition, "filename"));
    RK_TRY(parameter(&name, &length, m->op, disposition, "name"));
    size_t value_length = (size_t)(part.end - part.start);

    m->malformed = !name || !rk_text_is_utf8(name, length) ||
                   (!file && !rk_text_is_utf8(part.start, value_length));
    if (m->malformed || file || value_length == 0)
        return 0;
    RK_TRY(rk_pairs_text(&name, m->op, name, length));
    RK_TRY(rk_pairs_text(&value, m->op, part.start, value_length));
    return rk_pairs_add(m->pairs, m->op, name, value);
}

/* Behind a delimiter: "--" at the end of all, else blanks and the end of the line. */
static bool starts_part(multipart *m, span *rest, bool *is_last)
{
    span line;

    *is_last = rest->end - rest->start >= 2 && memcmp(rest->start, "--", 2) == 0;
    if (*is_last)
        return false;
    m->malformed = !next_line(&line, rest);
    line = m->malformed ? line : trimmed(line);
    m->malformed = m->malformed || line.start != line.end;
    return !m->malformed;
}

static int read_parts(multipart *m, span rest)
{
    bool is_last = false;

    while (starts_part(m, &rest, &is_last)) {
        /* an empty part ends with the line that starts it */
        span from = {rest.start - 2, rest.end};
        const char *stop =
            memmem(from.start, (size_t)(from.end - from.start), m->delimiter, m->delimiter_length);

        m->malformed = !stop || stop < rest.start;
        if (m->malformed)
            return 0;
        RK_TRY(add_part(m, (span){rest.start, stop}));
        if (m->malformed)
            return 0;
        rest.start = stop + m->delimiter_length;
    }
    return 0;
}

/* The first delimiter may stand at the very start, without the end of a line before it. */
static bool find_first(const multipart *m, span *rest)
{
    size_t length = m->delimiter_length - 2;
    const char *stop;

    if ((size_t)(rest->end - rest->start) >= length &&
        memcmp(rest->start, m->delimiter + 2, length) == 0) {
        rest->start += length;
        return true;
    }
    stop =
        memmem(rest->start, (size_t)(rest->end - rest->start), m->delimiter, m->delimiter_length);
    rest->start = stop ? stop + m->delimiter_length : rest->end;
    return stop != NULL;
}

static int parse_multipart(rk_pairs *out, rk_op *op, span content_type, span body)
{
    const char *boundary;
    size_t length;

    RK_TRY(parameter(&boundary, &length, op, content_type, "boundary"));
    if (!boundary || length == 0 || length > BOUNDARY_MAX)
        return 0;
    multipart m = {.pairs = out, .op = op, .delimiter = rk_printf(op, "\r\n--%s", boundary)};

    RK_CHECK(m.delimiter);
    m.delimiter_length = strlen(m.delimiter);
    if (!find_first(&m, &body))
        return 0;
    RK_TRY(read_parts(&m, body));
    if (m.malformed)
        *out = (rk_pairs){0};
    return 0;
}

/* --- both --- */

int rk_form_parse(rk_pairs *out, rk_op *op, const char *content_type, const char *body, size_t size)
{
    span value = {content_type, content_type ? content_type + strlen(content_type) : NULL};
    span rest = value;
    span type = trimmed(cut(&rest, ';'));

    *out = (rk_pairs){0};
    if (size == 0)
        return 0;
    if (equals(type, "application/x-www-form-urlencoded") && rk_text_is_utf8(body, size))
        return rk_query_parse(out, op, body, size);
    if (equals(type, "multipart/form-data"))
        return parse_multipart(out, op, value, (span){body, body + size});
    return 0;
}
