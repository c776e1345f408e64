/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_READING_H
#define RK_READING_H

#include "librenku/http/location.h"
#include "librenku/http/patterns.h"

/* Shared by the files that read values by their schema. */

typedef struct {
    rk_matcher matcher;
    rk_buf violations;
    int count;
    bool has_nul; /* a text holds the character that no column can hold */
} rk_reading;

/* A value and where it stands. */
typedef struct {
    struct json_object *json; /* NULL is null */
    const rk_location *at;
} rk_given;

/* Each of these gives 0, also when the value violates the schema: then that is recorded. Other
 * failures end the reading. */

/* Records what is wrong with a value; gives 0. */
int rk_read_violation(rk_reading *reading, const rk_location *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for kinds that hold no other values. */
int rk_read_scalar(void *out, rk_reading *reading, const rk_schema *schema, rk_given given);
/* Whether a value that is kept as it came can be kept at all: nothing in it changes on the way. */
int rk_read_keep(rk_reading *reading, rk_given given);
/* The same of a member, whose name stands in its location. */
int rk_read_keep_member(rk_reading *reading, rk_given given);

/* Bytes of the C form of a value as an element of an array. */
size_t rk_schema_size(const rk_schema *schema);

#endif
