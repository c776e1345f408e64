/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/api/router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/slug.h"
#include "librenku/base/ulid.h"
#include "librenku/http/pairs.h"

enum { LITERAL = -1, SEGMENT_MAX = 256 };

typedef struct node {
    struct node *next; /* sibling; literals before parameters, narrow parameters before wide ones */
    struct node *child; /* first */
    int kind;           /* LITERAL or rk_path_kind */
    rk_segment literal;
    const rk_operation *operations[RK_ROUTE_METHODS_MAX];
    int count;
} node;

struct rk_router {
    node root;
};

/* The next segment of a path, false at its end. Trailing slashes end it; an empty segment inside
 * matches nothing. */
static bool next_segment(rk_segment *out, const char **at, const char *end)
{
    const char *start = *at;

    if (start == end || *start != '/')
        return false;
    start++;
    const char *stop = memchr(start, '/', (size_t)(end - start));
    out->text = start;
    out->length = (size_t)((stop ? stop : end) - start);
    *at = start + out->length;
    return out->length > 0;
}

static int kind_of(const rk_operation *operation, const rk_segment *segment)
{
    if (segment->text[0] != '{')
        return LITERAL;
    for (int i = 0; i < operation->path_count; i++) {
        const char *name = operation->path_params[i].name;

        if (strlen(name) == segment->length - 2 &&
            memcmp(name, segment->text + 1, segment->length - 2) == 0)
            return (int)operation->path_params[i].kind;
    }
    return RK_PATH_TEXT;
}

static bool is_same(const node *child, int kind, const rk_segment *segment)
{
    if (child->kind != kind)
        return false;
    return kind != LITERAL || (child->literal.length == segment->length &&
                               memcmp(child->literal.text, segment->text, segment->length) == 0);
}

/* Literals first, then the kinds from the narrowest (ULID) to any text. */
static int rank(int kind)
{
    static const int ranks[] = {
        [RK_PATH_TEXT] = 4, [RK_PATH_INT] = 2, [RK_PATH_ULID] = 1, [RK_PATH_SLUG] = 3};

    return kind == LITERAL ? 0 : ranks[kind];
}

static node *child_for(rk_op *op, node *parent, int kind, const rk_segment *segment)
{
    node **at = &parent->child;

    while (*at && rank((*at)->kind) <= rank(kind)) {
        if (is_same(*at, kind, segment))
            return *at;
        at = &(*at)->next;
    }
    node *child = rk_new(op, node);
    if (child) {
        child->kind = kind;
        child->literal = *segment;
        child->next = *at;
        *at = child;
    }
    return child;
}

static int add(rk_op *op, node *root, const rk_operation *operation)
{
    const char *at = operation->path;
    const char *end = at + strlen(at);
    rk_segment segment;
    node *here = root;

    while (next_segment(&segment, &at, end)) {
        here = child_for(op, here, kind_of(operation, &segment), &segment);
        RK_CHECK(here);
    }
    RK_ASSERT(here->count < RK_ROUTE_METHODS_MAX);
    here->operations[here->count++] = operation;
    return 0;
}

int rk_router_new(rk_router **out, rk_op *op, const rk_operation *operations, int count)
{
    rk_router *router = rk_new(op, rk_router);

    RK_CHECK(router);
    for (int i = 0; i < count; i++)
        RK_TRY(add(op, &router->root, &operations[i]));
    *out = router;
    return 0;
}

/* Python's integer text: sign, digits, single underscores between them. */
static bool is_integer(const rk_segment *segment)
{
    size_t i = segment->text[0] == '-' || segment->text[0] == '+';
    bool digit = false;

    for (; i < segment->length; i++) {
        char c = segment->text[i];

        if (c == '_' && !digit)
            return false;
        if (c != '_' && (c < '0' || c > '9'))
            return false;
        digit = c != '_';
    }
    return digit;
}

bool rk_path_matches(rk_path_kind kind, const rk_segment *segment)
{
    char text[SEGMENT_MAX];

    if (kind == RK_PATH_TEXT)
        return true;
    if (kind == RK_PATH_INT)
        return is_integer(segment);
    if (segment->length >= sizeof(text))
        return false;
    memcpy(text, segment->text, segment->length);
    text[segment->length] = '\0';
    return kind == RK_PATH_ULID ? rk_ulid_is_valid(text) : rk_slug_is_valid(text);
}

static bool matches(const node *child, const rk_segment *segment)
{
    if (child->kind == LITERAL)
        return is_same(child, LITERAL, segment);
    return rk_path_matches((rk_path_kind)child->kind, segment);
}

static bool only_slashes(const char *at, const char *end)
{
    while (at < end && *at == '/')
        at++;
    return at == end;
}

static bool find(rk_route *out, const node *here, const char *at, const char *end)
{
    rk_segment segment;

    if (only_slashes(at, end)) {
        out->operations = here->operations;
        out->count = here->count;
        return here->count > 0;
    }
    if (!next_segment(&segment, &at, end))
        return false;
    for (const node *child = here->child; child; child = child->next) {
        int before = out->param_count;

        if (!matches(child, &segment))
            continue;
        if (child->kind != LITERAL)
            out->params[out->param_count++] = segment;
        if (find(out, child, at, end))
            return true;
        out->param_count = before;
    }
    return false;
}

bool rk_router_find(rk_route *out, const rk_router *router, const char *path, size_t length)
{
    *out = (rk_route){0};
    return find(out, &router->root, path, path + length);
}

const rk_operation *rk_route_method(const rk_route *route, const char *method)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    for (int i = 0; i < route->count; i++) {
        if (strcmp(route->operations[i]->method, wanted) == 0)
            return route->operations[i];
    }
    return NULL;
}

int rk_route_decode(rk_route *route, rk_op *op, const rk_operation *operation)
{
    for (int i = 0; i < operation->path_count && i < route->param_count; i++) {
        rk_segment *value = &route->params[i];

        if (!operation->path_params[i].decoded)
            continue;
        RK_TRY(rk_path_text(&value->text, op, value->text, value->length));
        value->length = strlen(value->text);
    }
    return 0;
}

static int fill_int(rk_opt_int *out, rk_op *op, const char *text)
{
    char digits[32];
    size_t length = 0;

    for (const char *c = text; *c && length < sizeof(digits) - 1; c++) {
        if (*c != '_')
            digits[length++] = *c;
    }
    digits[length] = '\0';
    errno = 0;
    *out = RK_INT(strtoll(digits, NULL, 10));
    if (errno == ERANGE || length == sizeof(digits) - 1)
        return rk_fail(op, RK_ERR_INVALID,
                       "The payload contains integers with values that are too large or small for "
                       "the database");
    return 0;
}

int rk_route_fill(void *input, rk_op *op, const rk_operation *operation, const rk_route *route)
{
    for (int i = 0; i < operation->path_count && i < route->param_count; i++) {
        const rk_path_param *param = &operation->path_params[i];
        const rk_segment *value = &route->params[i];
        char *text = rk_strndup(op, value->text, value->length);

        RK_CHECK(text);
        if (param->kind == RK_PATH_INT)
            RK_TRY(fill_int((rk_opt_int *)((char *)input + param->offset), op, text));
        else
            *(const char **)((char *)input + param->offset) = text;
    }
    return 0;
}
