/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CLI_PRINT_H
#define RK_CLI_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct json_object;

/* What others have written must not steer a terminal: control characters, marks that turn the
 * direction, and bytes that are no UTF-8 are shown as escapes. */

/* The text as it can be shown, and how many columns it takes; freed by the caller of this. */
char *rk_cli_printable(const char *text, size_t size, int *width);
/* Writes what rk_cli_printable() has made, cut to @p room columns; returns those that were used. */
int rk_cli_put_cut(const char *printable, int room);
/* Writes a text so that it can be shown. */
void rk_cli_put(FILE *stream, const char *text);
bool rk_cli_is_utf8(const char *bytes, size_t length);
/* A value as people read it, freed by the caller of this: texts as they are, lists with commas. */
char *rk_cli_value(struct json_object *value, int *width);

#endif
