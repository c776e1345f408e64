/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CLI_TABLE_H
#define RK_CLI_TABLE_H

#include "frontends/cli/cli.h"

struct json_object;

enum { RK_TABLE_COLUMNS_MAX = 12 };

typedef struct {
    const char *head, *member;
    const char *second; /* joined to the first by a slash; NULL is none */
    int width;
} rk_table_column;

/* A table that grows page by page: what is written stays, so a later page may widen columns. */
typedef struct {
    rk_table_column columns[RK_TABLE_COLUMNS_MAX];
    int count;
    bool has_head;
} rk_table;

/* @p columns as calls.def tells them; NULL takes those of the first row. */
void rk_table_begin(rk_table *out, rk_cli *cli, const char *columns, struct json_object *first);
/* Writes the first @p count rows of a list. */
void rk_table_rows(rk_table *table, struct json_object *rows, size_t count);

#endif
