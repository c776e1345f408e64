/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_TABLES_H
#define RK_TABLES_H

#include "librenku/authz/authz.h"

/* The tables that authzgen makes of schema.zed and storage.tbl, for the files of this room only. */

extern const char rk_object_letters[RK_OBJECT_TYPES + 1];
extern const char rk_relation_letters[RK_RELATION_KINDS + 1];
extern const rk_relation_kind rk_role_relations[RK_ROLES + 1];
extern const rk_enum rk_role_letters;
/* The bits of all permissions of a type. */
extern const int64_t rk_object_permissions[RK_OBJECT_TYPES + 1];

/* 0 when there is none. */
rk_object_type rk_object_of_letter(char letter);

/* Which subjects a relation allows. */
typedef struct {
    rk_object_type type;
    rk_relation_kind relation;
    rk_object_type subject_type;
    bool wildcard;
} rk_authz_allowed;
extern const rk_authz_allowed rk_authz_allowed_list[];
extern const size_t rk_authz_allowed_count;
bool rk_relationship_is_allowed(const rk_relationship *relationship);

/* A row of librenku.relation: the letters of object type, relation and subject type as one text,
 * and the ids. */
typedef struct {
    const char *letters;
    const char *id;
    const char *subject_id;
} rk_relation_row;
#define RK_RELATION_LETTERS(ALIAS)                                                                 \
    "concat(" ALIAS ".object_type, " ALIAS ".relation, " ALIAS ".subject_type)"
rk_relationship rk_relationship_of_row(const rk_relation_row *row);
extern const rk_row rk_relation_rows; /* of librenku.relation r, into rk_relation_row */

/* Relationships as arrays of equal length for unnest(): the letters as above, and the two ids. */
typedef struct {
    rk_strings letters;
    rk_strings objects;
    rk_strings subjects;
} rk_relation_arrays;
int rk_relation_arrays_begin(rk_relation_arrays *out, rk_op *op, size_t capacity);
/* The ids are borrowed; @p to must have been begun with room for all. */
int rk_relation_arrays_add(rk_relation_arrays *to, rk_op *op, const rk_relationship *relationship);

/* The expressions of the permissions, for whoever walks them (explain.c). */
typedef enum {
    RK_TERM_NONE,
    RK_TERM_RELATION,   /* the subject has the relation                         */
    RK_TERM_PERMISSION, /* the subject has the permission of the same object    */
    RK_TERM_ARROW,      /* it has the permission of an object that is related   */
    RK_TERM_UNION,      /* left or right                                        */
    RK_TERM_DIFFERENCE, /* left and not right                                   */
} rk_authz_term_kind;

typedef struct {
    rk_authz_term_kind kind;
    unsigned char relation;
    unsigned char scope;
    uint16_t left;
    uint16_t right;
} rk_authz_term;
extern const rk_authz_term rk_authz_terms[];
extern const uint16_t rk_authz_roots[RK_OBJECT_TYPES + 1]
                                    [RK_SCOPES]; /* 0: the type has no such permission */

/* What rows of librenku.relation prove about an object whose parent is known: facts.c. */
typedef struct {
    char row[5]; /* whom it joins, and the letters of object type, relation and subject type */
    int64_t bits;
} rk_authz_proof;

typedef struct {
    char arrow;          /* the relation that leads to the parent */
    const char *parents; /* the types that it may be of */
    const rk_authz_proof *proofs;
    size_t count;
    int64_t (*granted)(int64_t proven); /* the permissions */
} rk_authz_facts;
extern const rk_authz_facts rk_authz_facts_list[RK_OBJECT_TYPES + 1]; /* of some types only */

/* Statements. bits: subject, object id. objects: subject. subjects: object id. NULL where nothing
 * is defined. */
extern const rk_row rk_authz_id_row; /* one column, id, into a const char * */
extern const rk_query *const rk_authz_bits_queries[RK_OBJECT_TYPES + 1];
extern const rk_query *const rk_authz_bits_many_queries[RK_OBJECT_TYPES + 1];
extern const rk_query *const rk_authz_objects_queries[RK_OBJECT_TYPES + 1][RK_SCOPES];
extern const rk_query *const rk_authz_subjects_queries[RK_OBJECT_TYPES + 1][RK_SCOPES];

#endif
