/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/authz/authz.h"

#include <string.h>

#include "librenku/authz/tables.h"

enum { ID_MAX = 1024 };

static const char id_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_|-=+";

/* What stands before the separator; the text moves behind it. NULL when there is no separator. */
static char *part(char **text, char separator)
{
    char *start = *text;
    char *end = strchr(start, separator);

    if (!end)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return start;
}

static char *trim(char *text)
{
    static const char blank[] = " \t\r\n";

    text += strspn(text, blank);
    size_t length = strlen(text);

    while (length && strchr(blank, text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

static int known_type(rk_object_type *out, rk_op *op, const char *name)
{
    *out = (rk_object_type)rk_enum_lookup(&rk_object_type_names, name);
    if (*out)
        return 0;
    return rk_fail(op, RK_ERR_INVALID, "There is no object type '%s'.", name);
}

static bool has_relation(rk_object_type type, rk_relation_kind relation)
{
    for (size_t i = 0; i < rk_authz_allowed_count; i++)
        if (rk_authz_allowed_list[i].type == type && rk_authz_allowed_list[i].relation == relation)
            return true;
    return false;
}

static int known_relation(rk_relationship *out, rk_op *op, const char *name)
{
    out->relation = (rk_relation_kind)rk_enum_lookup(&rk_relation_kind_names, name);
    if (has_relation(out->type, out->relation))
        return 0;
    return rk_fail(op, RK_ERR_INVALID, "The type '%s' has no relation '%s'.",
                   rk_enum_name(&rk_object_type_names, (int)out->type), name);
}

/* Spec: authorization.md 2 */
static int check_id(rk_op *op, const char *id)
{
    size_t length = strspn(id, id_characters);

    if (length && !id[length] && length <= ID_MAX)
        return 0;
    if (length > ID_MAX)
        return rk_fail(op, RK_ERR_INVALID, "An id is longer than %d characters.", ID_MAX);
    if (!*id)
        return rk_fail(op, RK_ERR_INVALID, "An id is empty.");
    return rk_fail(op, RK_ERR_INVALID,
                   "'%s' is not an id: only letters, digits and any of /_|-=+ may stand in it.",
                   id);
}

static int check_subject_id(rk_op *op, const char *id)
{
    if (strchr(id, '#'))
        return rk_fail(op, RK_ERR_INVALID,
                       "A relation of the subject, as in '%s', is not supported.", id);
    if (strchr(id, '['))
        return rk_fail(op, RK_ERR_INVALID,
                       "A caveat or an expiration, as in '%s', is not supported.", id);
    return strcmp(id, "*") == 0 ? 0 : check_id(op, id);
}

static int check_allowed(rk_op *op, const rk_relationship *relationship)
{
    if (rk_relationship_is_allowed(relationship))
        return 0;
    bool wildcard = strcmp(relationship->subject_id, "*") == 0;

    return rk_fail(op, RK_ERR_INVALID, "The relation '%s' of '%s' does not allow %s '%s%s'.",
                   rk_enum_name(&rk_relation_kind_names, (int)relationship->relation),
                   rk_enum_name(&rk_object_type_names, (int)relationship->type),
                   wildcard ? "the wildcard" : "a subject of type",
                   rk_enum_name(&rk_object_type_names, (int)relationship->subject_type),
                   wildcard ? ":*" : "");
}

int rk_relationship_parse(rk_relationship *out, rk_op *op, const char *line)
{
    char *rest = rk_strdup(op, line);
    rk_relationship found = {0};

    RK_CHECK(rest);
    rest = trim(rest);
    char *type = part(&rest, ':');
    char *id = type ? part(&rest, '#') : NULL;
    char *relation = id ? part(&rest, '@') : NULL;
    char *subject_type = relation ? part(&rest, ':') : NULL;

    if (!subject_type)
        return rk_fail(op, RK_ERR_INVALID, "'%s' is not of the form TYPE:ID#RELATION@TYPE:ID.",
                       line);
    found.id = id;
    found.subject_id = rest;
    RK_TRY(known_type(&found.type, op, type));
    RK_TRY(check_id(op, id));
    RK_TRY(known_relation(&found, op, relation));
    RK_TRY(known_type(&found.subject_type, op, subject_type));
    RK_TRY(check_subject_id(op, rest));
    RK_TRY(check_allowed(op, &found));
    *out = found;
    return 0;
}

int rk_relationship_print(const char **out, rk_op *op, const rk_relationship *relationship)
{
    *out = rk_printf(op, "%s:%s#%s@%s:%s",
                     rk_enum_name(&rk_object_type_names, (int)relationship->type), relationship->id,
                     rk_enum_name(&rk_relation_kind_names, (int)relationship->relation),
                     rk_enum_name(&rk_object_type_names, (int)relationship->subject_type),
                     relationship->subject_id);
    RK_CHECK(*out);
    return 0;
}
