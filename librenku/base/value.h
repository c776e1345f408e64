/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_VALUE_H
#define RK_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The C form of values that come from JSON, from columns and from queries alike.
 * Texts are NUL-terminated UTF-8, NULL when unset. Enumerations are int, 0 when unset. */

typedef struct {
    bool set;
    int64_t value;
} rk_opt_int;

typedef struct {
    bool set;
    bool value;
} rk_opt_bool;

typedef struct {
    bool set;
    double value;
} rk_opt_number;

/* A point in time. Spec: foundations.md 10 */
typedef struct {
    bool set;
    bool naive;       /* came without an offset */
    int32_t offset_s; /* as the client wrote it; 0 is UTC */
    int64_t micros;   /* since 1970-01-01T00:00:00Z */
} rk_instant;

typedef struct {
    bool set;
    size_t count;
    const char **items;
} rk_strings;

/* Layout shared by every generated array type, whose values may be handled through this one; items
 * point to elements of the element's size. */
typedef struct {
    bool set;
    size_t count;
    void *items;
} __attribute__((may_alias)) rk_array;

/* One value of a union: which alternative of the schema, and its value. */
typedef struct {
    int which; /* 1-based; 0 when unset */
    void *value;
} rk_union;

/* Names of an enumeration; constant n is names[n - 1]. */
typedef struct {
    size_t count;
    const char *const *names;
} rk_enum;

/* The constant of a name, 0 when unknown. */
int rk_enum_lookup(const rk_enum *names, const char *text);
/* The name of a constant, NULL when unset or unknown. */
const char *rk_enum_name(const rk_enum *names, int value);

/* Whether a text is among them. */
bool rk_strings_has(const rk_strings *texts, const char *text);
/* Puts them in the order of strcmp(), without doubles. */
void rk_strings_sort(rk_strings *texts);
/* The place of a text among sorted ones; their count when it is none of them. */
size_t rk_strings_place(const rk_strings *sorted, const char *text);

/* The value of a hexadecimal digit, -1 of all else. */
static inline int rk_hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

#define RK_INT(v) ((rk_opt_int){.set = true, .value = (v)})
#define RK_BOOLEAN(v) ((rk_opt_bool){.set = true, .value = (v)})

#endif
