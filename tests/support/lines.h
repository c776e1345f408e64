/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINES_H
#define LINES_H

#include <json-c/json.h>
#include <stdint.h>

/* What the programs share that do things of the library for Python tests: one JSON object per line
 * in, one per line out, in the order of their ends. */

/* Fills the answer to one request; on a thread of its own. */
typedef void lines_answer(json_object *answer, json_object *request);

/* Until the input ends. The member "n" of a request comes back in its answer. */
void lines_run(lines_answer *answer);

/* Members of a request; NULL and 0 when they are missing. */
const char *text_of(json_object *request, const char *name);
int64_t int_of(json_object *request, const char *name);

/* Settings come from the environment, log lines go to the standard error output. */
const char *from_environment(void *user, const char *name);
void log_line(void *user, int level, const char *line);

#endif
