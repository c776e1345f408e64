/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "librenku/authz/tables.h"

/* --- letters --- */

rk_object_type rk_object_of_letter(char letter)
{
    for (int type = 1; type <= RK_OBJECT_TYPES; type++)
        if (rk_object_letters[type] == letter)
            return (rk_object_type)type;
    return 0;
}

static rk_relation_kind relation_of_letter(rk_object_type type, char letter)
{
    for (size_t i = 0; i < rk_authz_allowed_count; i++)
        if (rk_authz_allowed_list[i].type == type &&
            rk_relation_letters[rk_authz_allowed_list[i].relation] == letter)
            return rk_authz_allowed_list[i].relation;
    return 0;
}

bool rk_relationship_is_allowed(const rk_relationship *relationship)
{
    bool wildcard = strcmp(relationship->subject_id, "*") == 0;

    if (!relationship->type || !relationship->relation || !relationship->subject_type)
        return false;
    for (size_t i = 0; i < rk_authz_allowed_count; i++) {
        const rk_authz_allowed *row = &rk_authz_allowed_list[i];

        if (row->type == relationship->type && row->relation == relationship->relation &&
            row->subject_type == relationship->subject_type && row->wildcard == wildcard)
            return true;
    }
    return false;
}

/* --- rows --- */

rk_relationship rk_relationship_of_row(const rk_relation_row *row)
{
    rk_object_type type = rk_object_of_letter(row->letters[0]);

    return (rk_relationship){type, row->id, relation_of_letter(type, row->letters[1]),
                             rk_object_of_letter(row->letters[2]), row->subject_id};
}

static const rk_column columns[] = {
    {RK_RELATION_LETTERS("r"), RK_COLUMN_TEXT, offsetof(rk_relation_row, letters),    NULL},
    {"r.object_id",            RK_COLUMN_TEXT, offsetof(rk_relation_row, id),         NULL},
    {"r.subject_id",           RK_COLUMN_TEXT, offsetof(rk_relation_row, subject_id), NULL},
};
const rk_row rk_relation_rows = RK_ROW(rk_relation_row, columns);

/* --- arrays --- */

int rk_relation_arrays_begin(rk_relation_arrays *out, rk_op *op, size_t capacity)
{
    const char **letters = rk_new_array(op, const char *, capacity);
    const char **objects = rk_new_array(op, const char *, capacity);
    const char **subjects = rk_new_array(op, const char *, capacity);

    RK_CHECK(letters && objects && subjects);
    *out = (rk_relation_arrays){
        {true, 0, letters },
        {true, 0, objects },
        {true, 0, subjects}
    };
    return 0;
}

int rk_relation_arrays_add(rk_relation_arrays *to, rk_op *op, const rk_relationship *relationship)
{
    size_t place = to->letters.count++;

    to->letters.items[place] = rk_printf(op, "%c%c%c", rk_object_letters[relationship->type],
                                         rk_relation_letters[relationship->relation],
                                         rk_object_letters[relationship->subject_type]);
    RK_CHECK(to->letters.items[place]);
    to->objects.items[to->objects.count++] = relationship->id;
    to->subjects.items[to->subjects.count++] = relationship->subject_id;
    return 0;
}
