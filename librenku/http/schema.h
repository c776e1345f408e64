/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SCHEMA_H
#define RK_SCHEMA_H

#include "librenku/base/buf.h"
#include "librenku/base/value.h"

struct json_object;

/* Descriptors that tools/apigen makes from the apispec files, and the one interpreter that reads,
 * checks and writes by them. Spec: foundations.md 5, 6 and 10.4 */

typedef enum {
    RK_KIND_TEXT,   /* const char *                                                  */
    RK_KIND_INT,    /* rk_opt_int                                                    */
    RK_KIND_NUMBER, /* rk_opt_number                                                 */
    RK_KIND_BOOL,   /* rk_opt_bool                                                   */
    RK_KIND_ENUM,   /* int                                                           */
    RK_KIND_TIME,   /* rk_instant                                                    */
    RK_KIND_TEXTS,  /* rk_strings: an array of texts                                 */
    RK_KIND_ARRAY,  /* rk_array of the item's C form                                 */
    RK_KIND_OBJECT, /* pointer to the generated struct                               */
    RK_KIND_MAP,    /* struct json_object *: any keys, values by `items` if not NULL */
    RK_KIND_ANY,    /* struct json_object *, kept as it came                         */
    RK_KIND_RAW,    /* const char *: JSON text, passed through (jsonb columns)       */
    RK_KIND_UNION,  /* rk_union                                                      */
} rk_kind;

typedef enum {
    RK_EXTRA_IGNORE, /* additionalProperties absent */
    RK_EXTRA_FORBID, /* false */
    RK_EXTRA_KEEP,   /* true: kept in the member `extra` (struct json_object *) of the struct */
} rk_extra;

typedef struct rk_schema rk_schema;

typedef struct {
    const char *name;   /* needs no escapes in JSON */
    const char *member; /* how an object that is written goes on: ,"name": */
    size_t member_length;
    const rk_schema *schema;
    size_t offset;
    bool required;
    bool nullable;        /* an explicit null is accepted and means unset */
    const char *fallback; /* JSON text of the default; NULL is none */
    bool shows_null;      /* written as null when it has no value, instead of being omitted */
} rk_field;

/* The first three members of a field. */
#define RK_MEMBER(text)                                                                            \
    .name = (text), .member = ",\"" text "\":", .member_length = sizeof(",\"" text "\":") - 1

struct rk_schema {
    const char *name; /* in the document; NULL when it stands inside another */
    rk_kind kind;
    /* of texts, and of array lengths */
    int64_t min_length; /* -1: no bound */
    int64_t max_length;
    const char *pattern; /* as written in the apispec */
    int pattern_index;   /* of the compiled pattern in the context; -1 is none */
    /* of numbers */
    bool has_minimum, has_maximum, exclusive_minimum, exclusive_maximum;
    double minimum, maximum;
    const rk_enum *names;   /* of enumerations */
    const rk_schema *items; /* of arrays and maps */
    const rk_field *fields; /* of objects */
    int field_count;
    size_t size_bytes; /* of the struct */
    rk_extra extra;
    size_t extra_offset;
    const rk_schema *const *options; /* of unions */
    const char *const *option_tags;  /* appended to locations in messages */
    int option_count;
    const char *present; /* of unions: a value with this member is one of the alternatives that have
                            it, a value without it one of the others; NULL: any */
    bool saturates;      /* of integers: what is beyond 64 bits becomes the nearest that is not */
    bool unique_items;   /* of arrays */
    bool items_nullable; /* of arrays and maps: null is accepted as an element without value */
};

/* Compiled patterns; one table per context, read-only afterwards. */
typedef struct rk_patterns rk_patterns;
int rk_patterns_new(rk_patterns **out, rk_op *op);
void rk_patterns_free(rk_patterns *patterns);

/* Parses JSON text: 400/1400 when it is none. An empty body is null. The value lives in the arena.
 */
int rk_json_parse(struct json_object **out, rk_op *op, const char *text, size_t length);
/* The same for what the library itself has written: of any size. */
int rk_json_parse_own(struct json_object **out, rk_op *op, const char *text, size_t length);

/* Reads @p value (NULL is JSON null) into the struct or array at @p out, checks everything, and
 * reports all violations in one INVALID error. @p out has the C form of the schema; for
 * RK_KIND_OBJECT it is the struct itself. */
int rk_schema_read(void *out, rk_op *op, const rk_patterns *patterns, const rk_schema *schema,
                   struct json_object *value);

/* Name and text pairs of a query string or a form, in order, already decoded; blank ones are
 * dropped. */
typedef struct {
    size_t count;
    const char **names;
    const char **values;
} rk_pairs;
int rk_query_parse(rk_pairs *out, rk_op *op, const char *query, size_t length);
/* Reads pairs by an object schema: one occurrence is a scalar, more are an array. Spec:
 * foundations.md 6 */
int rk_schema_read_pairs(void *out, rk_op *op, const rk_patterns *patterns, const rk_schema *schema,
                         const rk_pairs *pairs);

/* Writes the value at @p in and checks it on the way: RESPONSE names the fields that violate the
 * schema. Members without value are omitted. Spec: foundations.md 10.4 */
int rk_schema_write(rk_buf *out, rk_op *op, const rk_patterns *patterns, const rk_schema *schema,
                    const void *in);

#endif
