/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_STORAGE_SCHEMA_H
#define RK_STORAGE_SCHEMA_H

/* The types of storage and their options: tables that tools/storagegen makes. Spec: storage.md 3 */

/* What the values of an option are. Spec: storage.md 4.4 */
typedef enum {
    RK_STORAGE_TEXT,
    RK_STORAGE_INT,
    RK_STORAGE_BOOL,
    RK_STORAGE_TRISTATE,
} rk_storage_kind;

enum {
    RK_STORAGE_REQUIRED = 1,
    RK_STORAGE_PASSWORD = 2, /* rclone wants it obscured */
    RK_STORAGE_SENSITIVE = 4,
    RK_STORAGE_EXCLUSIVE = 8, /* no other values than the examples */
    RK_STORAGE_SECRET = RK_STORAGE_PASSWORD | RK_STORAGE_SENSITIVE,
};

typedef struct {
    const char *value;
    const char *provider; /* NULL and "" are any */
} rk_storage_example;

/* Several options of a type may have one name; the first whose provider fits counts. */
typedef struct {
    const char *name;
    const char *provider; /* "A,B", "!A,B"; NULL is any. Spec: storage.md 4.1 */
    rk_storage_kind kind;
    int flags;
    const char *fallback;               /* the default of a required option; NULL is none */
    const rk_storage_example *examples; /* of exclusive options */
    int example_count;
    int offset, length; /* of its JSON in rk_storage_schema_text */
} rk_storage_option;

typedef struct {
    const char *name;
    const rk_storage_option *options;
    int option_count;
    const char *const *blocked; /* options that reach into the machine; ends with NULL */
} rk_storage_type;

extern const rk_storage_type rk_storage_types[];
extern const int rk_storage_type_count;
/* Types that rclone has and this service has not; ends with NULL. */
extern const char *const rk_storage_blocked_types[];
/* What GET /storage_schema answers. */
extern const char rk_storage_schema_text[];

#endif
