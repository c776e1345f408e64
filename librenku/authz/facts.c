/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/authz/authz.h"
#include "librenku/authz/tables.h"

/* Permissions from the rows that RK_SQL_FACTS_* found, four letters each: whom it joins, then
 * object type, relation and subject type as they are stored. */

enum { JOINS, OBJECT, RELATION, SUBJECT, LETTERS };

/* The object with the caller, with its parent, with both where they have one id; another object
 * with the caller. */
#define OWN 'o'
#define UPWARDS 'u'
#define BOTH 'b'
#define OTHER 'x'

/* The letter of the parent's type: the one to which a row leads; 0 when there is none, or more. */
static char parent_of(const rk_authz_facts *of, char object, const char *facts)
{
    char found = '\0';

    for (const char *row = facts; *row; row += LETTERS) {
        if ((row[JOINS] != UPWARDS && row[JOINS] != BOTH) || row[OBJECT] != object ||
            row[RELATION] != of->arrow)
            continue;
        if (found)
            return '\0';
        found = row[SUBJECT];
    }
    return found;
}

static int64_t proven_by(const rk_authz_facts *of, const char *row)
{
    char own[LETTERS];
    int64_t bits = 0;

    memcpy(own, row, LETTERS);
    if (own[JOINS] == BOTH)
        own[JOINS] = OWN;
    for (size_t i = 0; i < of->count; i++) {
        if (memcmp(own, of->proofs[i].row, LETTERS) == 0)
            bits |= of->proofs[i].bits;
    }
    return bits;
}

/* Whether the rows say it all: one leads to the parent, and none tells of a third object. */
static bool settle(int64_t *out, const rk_op *op, rk_object_type type, const char *facts)
{
    const rk_authz_facts *of = &rk_authz_facts_list[type];
    const char caller = rk_subject_type(op).text[0];
    const char parent = parent_of(of, rk_object_letters[type], facts);
    int64_t proven = 0;

    for (const char *row = facts; *row; row += LETTERS) {
        if (row[JOINS] == OTHER && row[OBJECT] != parent)
            return false;
        if (row[SUBJECT] == caller)
            proven |= proven_by(of, row);
    }
    *out = of->granted(proven);
    return parent && caller != 'S';
}

int rk_authz_conclude(int64_t *out, rk_op *op, rk_object_type type, const char *id,
                      const char *facts)
{
    RK_ASSERT(rk_authz_facts_list[type].count && (!facts || strlen(facts) % LETTERS == 0));
    return facts && settle(out, op, type, facts) ? 0 : rk_authz_bits(out, op, type, id);
}
