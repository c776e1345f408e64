/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/authz/authz.h"
#include "librenku/authz/tables.h"

/* Permissions from the rows that RK_SQL_FACTS_* found, four letters each: whom it joins, then
 * object type, relation and subject type as they are stored. */

enum { JOINS, OBJECT, RELATION, SUBJECT, LETTERS };

/* The object with its parent; the parent, or a third object, with the caller. Only proofs name the
 * rest. */
#define UPWARDS 'u'
#define PARENT 'p'
#define THIRD 't'

static bool is_arrow(const rk_authz_facts *of, char object, const char *row)
{
    return row[JOINS] != PARENT && row[JOINS] != THIRD && row[OBJECT] == object &&
           row[RELATION] == of->arrow && strchr(of->parents, row[SUBJECT]);
}

/* The letter of the parent's type: the one to which a row leads. 0 when there is none, when there
 * are more, and when the parent's id is also the caller's. */
static char parent_of(const rk_authz_facts *of, char object, const char *facts)
{
    char found = '\0';

    for (const char *row = facts; *row; row += LETTERS) {
        if (!is_arrow(of, object, row))
            continue;
        if (found || row[JOINS] != UPWARDS)
            return '\0';
        found = row[SUBJECT];
    }
    return found;
}

static int64_t proven_by(const rk_authz_facts *of, const char *row)
{
    int64_t bits = 0;

    for (size_t i = 0; i < of->count; i++) {
        if (memcmp(row, of->proofs[i].row, LETTERS) == 0)
            bits |= of->proofs[i].bits;
    }
    return bits;
}

/* Whether the rows say it all: one leads to the parent, and none tells the caller's relation to
 * anything else, which may have the id of one of the two. What is no caller under the caller's id
 * does not matter. */
static bool settle(int64_t *out, const rk_op *op, rk_object_type type, const char *facts)
{
    const rk_authz_facts *of = &rk_authz_facts_list[type];
    const char caller = rk_subject_type(op).text[0];
    const char object = rk_object_letters[type];
    const char parent = parent_of(of, object, facts);
    int64_t proven = 0;

    for (const char *row = facts; *row; row += LETTERS) {
        if (row[SUBJECT] != caller)
            continue;
        if (row[JOINS] == THIRD || row[OBJECT] != (row[JOINS] == PARENT ? parent : object))
            return false;
        proven |= proven_by(of, row);
    }
    *out = of->granted(proven);
    return parent && caller != RK_SUBJECT_SERVICE[0];
}

int rk_authz_conclude(int64_t *out, rk_op *op, rk_object_type type, const char *id,
                      const char *facts)
{
    RK_ASSERT(rk_authz_facts_list[type].count && facts && strlen(facts) % LETTERS == 0);
    return settle(out, op, type, facts) ? 0 : rk_authz_bits(out, op, type, id);
}
