/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINES_H
#define LINES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "librenku/base/op.h"

/* Programs that answer one JSON object per line with one per line, in the order of their ends. Each
 * line is an operation on a thread of its own. */

/* What the member "do" of a request can name. */
typedef struct {
    const char *name;
    int (*run)(json_object *answer, rk_op *op, json_object *request);
} lines_command;

typedef struct {
    const lines_command *commands;
    size_t count;
    /* Once, with the settings of the environment. What it puts into the operation, all have. */
    int (*start)(rk_op *op);
    void (*stop)(rk_op *op); /* after start(), also when that failed */
    bool tells_time;         /* every answer says how long it took: "took_us" */
} lines_program;

/* Until the input ends. The member "n" of a request comes back in its answer; "deadline_ms" is how
 * long it may take; a failure is in "error", "code", "status", "peer" and "message". Returns the
 * exit status. */
int lines_main(const lines_program *program);

/* Members of a request; NULL and 0 when they are missing. */
const char *text_of(json_object *request, const char *name);
int64_t int_of(json_object *request, const char *name);

/* Members of an answer; NULL is null. */
void add_text(json_object *answer, const char *name, const char *value);
void add_int(json_object *answer, const char *name, int64_t value);

#endif
