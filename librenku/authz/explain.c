/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/explain.h"

#include <string.h>

#include "librenku/authz/tables.h"

typedef struct {
    rk_op *op;
    rk_object_type subject_type;
    const char *subject_id;
    rk_authz_paths *refusing;
} walk;

/* An object on the way, with the relationships that matter: to the subject, to everybody, to
 * objects. */
typedef struct {
    rk_object_type type;
    const char *id;
    const rk_authz_step *arrived;
    rk_array relationships; /* of rk_relationship */
} place;

static bool same(const rk_authz_step *one, const rk_authz_step *other)
{
    for (; one && other; one = one->before, other = other->before) {
        const rk_relationship *a = &one->relationship, *b = &other->relationship;

        if (a->type != b->type || a->relation != b->relation ||
            a->subject_type != b->subject_type || strcmp(a->id, b->id) != 0 ||
            strcmp(a->subject_id, b->subject_id) != 0)
            return false;
    }
    return one == other;
}

/* One path may be found by several terms. */
static int add(rk_authz_paths *to, rk_op *op, const rk_authz_step *last)
{
    for (size_t i = 0; i < to->count; i++)
        if (same(to->paths[i], last))
            return 0;
    const rk_authz_step **paths =
        rk_grow(op, to->paths, to->count, &to->room, sizeof(const rk_authz_step *));

    RK_CHECK(paths);
    to->paths = paths;
    paths[to->count++] = last;
    return 0;
}

static int append(rk_authz_paths *to, rk_op *op, const rk_authz_paths *from)
{
    for (size_t i = 0; i < from->count; i++)
        RK_TRY(add(to, op, from->paths[i]));
    return 0;
}

/* --- reading --- */

static int read_place(rk_array *out, walk *on, rk_object_type type, const char *id)
{
    static const rk_query query = {
        .sql = "SELECT {row}"
               "  FROM librenku.relation r"
               " WHERE r.object_id = $1 AND r.object_type = $2::text::\"char\""
               "   AND (r.subject_type NOT IN (" RK_SQL_OBJECT_USER
               ", " RK_SQL_OBJECT_ANONYMOUS_USER ") OR r.subject_id IN ($3, '*'))"
               " ORDER BY r.relation, r.subject_type, r.subject_id",
        .row = &rk_relation_rows,
    };
    const char letter[] = {rk_object_letters[type], '\0'};

    return rk_db_all(out, on->op, &query,
                     RK_PARAMS(rk_text(id), rk_text(letter), rk_text(on->subject_id)));
}

/* What the schema does not allow means nothing. */
static int enter(place *out, walk *on, rk_object_type type, const char *id)
{
    rk_array rows;
    size_t count = 0;

    RK_TRY(read_place(&rows, on, type, id));
    const rk_relation_row *from = rows.items;
    rk_relationship *to = rk_new_array(on->op, rk_relationship, rows.count);

    RK_CHECK(to);
    for (size_t i = 0; i < rows.count; i++) {
        to[count] = rk_relationship_of_row(&from[i]);
        count += rk_relationship_is_allowed(&to[count]);
    }
    *out = (place){
        type, id, NULL, {true, count, to}
    };
    return 0;
}

/* --- walking --- */

static int follow(rk_authz_paths *out, walk *on, const place *at, const rk_authz_term *term);

static const rk_authz_step *step(rk_op *op, const place *at, const rk_relationship *relationship)
{
    rk_authz_step *made = rk_new(op, rk_authz_step);

    if (made)
        *made = (rk_authz_step){*relationship, at->arrived};
    return made;
}

static bool names(const walk *on, const rk_relationship *relationship)
{
    return relationship->subject_type == on->subject_type &&
           (strcmp(relationship->subject_id, on->subject_id) == 0 ||
            strcmp(relationship->subject_id, "*") == 0);
}

static int follow_relation(rk_authz_paths *out, walk *on, const place *at,
                           const rk_authz_term *term)
{
    const rk_relationship *items = at->relationships.items;

    for (size_t i = 0; i < at->relationships.count; i++) {
        if (items[i].relation != term->relation || !names(on, &items[i]))
            continue;
        const rk_authz_step *last = step(on->op, at, &items[i]);

        RK_CHECK(last);
        RK_TRY(add(out, on->op, last));
    }
    return 0;
}

static int follow_arrow(rk_authz_paths *out, walk *on, const place *at, const rk_authz_term *term)
{
    const rk_relationship *items = at->relationships.items;
    place next;

    for (size_t i = 0; i < at->relationships.count; i++) {
        uint16_t root = rk_authz_roots[items[i].subject_type][term->scope];

        if (items[i].relation != term->relation || !root)
            continue;
        RK_TRY(enter(&next, on, items[i].subject_type, items[i].subject_id));
        next.arrived = step(on->op, at, &items[i]);
        RK_CHECK(next.arrived);
        RK_TRY(follow(out, on, &next, &rk_authz_terms[root]));
    }
    return 0;
}

static int follow_difference(rk_authz_paths *out, walk *on, const place *at,
                             const rk_authz_term *term)
{
    rk_authz_paths left = {0}, right = {0};

    RK_TRY(follow(&left, on, at, &rk_authz_terms[term->left]));
    RK_TRY(follow(&right, on, at, &rk_authz_terms[term->right]));
    if (right.count == 0)
        return append(out, on->op, &left);
    return left.count ? append(on->refusing, on->op, &right) : 0;
}

static int follow(rk_authz_paths *out, walk *on, const place *at, const rk_authz_term *term)
{
    switch (term->kind) {
    case RK_TERM_RELATION:
        return follow_relation(out, on, at, term);
    case RK_TERM_PERMISSION:
        return follow(out, on, at, &rk_authz_terms[rk_authz_roots[at->type][term->scope]]);
    case RK_TERM_ARROW:
        return follow_arrow(out, on, at, term);
    case RK_TERM_UNION:
        RK_TRY(follow(out, on, at, &rk_authz_terms[term->left]));
        return follow(out, on, at, &rk_authz_terms[term->right]);
    case RK_TERM_DIFFERENCE:
        return follow_difference(out, on, at, term);
    case RK_TERM_NONE:
        break;
    }
    return 0;
}

int rk_authz_explain(rk_authz_reasons *out, rk_op *op, rk_object_type type, const char *id,
                     rk_scope scope)
{
    walk on = {op, rk_object_of_letter(rk_subject_type(op).text[0]), rk_subject_id(op).text,
               &out->refusing};
    place start;

    RK_ASSERT(on.subject_type && rk_authz_roots[type][scope]);
    *out = (rk_authz_reasons){0};
    RK_TRY(enter(&start, &on, type, id));
    RK_TRY(follow(&out->granting, &on, &start, &rk_authz_terms[rk_authz_roots[type][scope]]));
    out->allowed = out->granting.count > 0;
    return 0;
}
