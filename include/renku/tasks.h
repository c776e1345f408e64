/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_TASKS_H
#define RENKU_TASKS_H

#include "renku/types.h"

RENKU_BEGIN_DECLS

/** @file
 * What runs from time to time: tasks that repair and deliver, each in a thread of its own.
 * `renku tasks` is such a program. Nothing of it happens unless it is asked for, and several
 * programs may run the same tasks on one database: none of them does what another is doing. */

/**
 * Describes all tasks that there are, in the order of their start: a JSON array of objects with
 * "name", "period" (the name of the setting, or "10 s"), and "summary": what a pass does.
 *
 * @return  never NULL; released with renku_result_free()
 *
 * Threads: safe.
 */
RENKU_API renku_result *renku_task_list(void);

/**
 * Makes a set of tasks, none of which runs yet.
 *
 * @param out  the set; set to NULL on failure; released with renku_tasks_free() before @p ctx is
 * @param ctx  borrowed until then; the keys and callers of the API are not needed, so that
 *             RENKU_ADMIN_ONLY may be set
 * @return     never NULL; released with renku_result_free()
 *
 * Errors:  500/1500 an argument is NULL.
 * Threads: safe.
 * Spec:    tasks.md 3
 */
RENKU_API renku_result *renku_tasks_new(renku_tasks **out, renku_ctx *ctx);

/**
 * Starts a task in a thread of its own, which takes no signals. It makes one pass after the other,
 * and starts again when one fails: after 1, 2, 4, .. seconds, at most MAX_RETRY_WAIT_SECONDS. One
 * that runs already is left alone, with a warning in the log.
 *
 * @param tasks  borrowed; not NULL
 * @param name   borrowed; NULL is all tasks that there are
 * @return       never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 there is no such task; 500/1500 there is no memory for its thread.
 * Threads: safe.
 * Spec:    tasks.md 3, 4
 */
RENKU_API renku_result *renku_tasks_start(renku_tasks *tasks, const char *name);

/**
 * Tells which tasks run, in the order of their start: {"tasks": [{"name", "started", "restarts"},
 * ..]}. "started" is local time, "restarts" counts failures since the start or the last
 * renku_tasks_reset().
 *
 * @param tasks  borrowed; not NULL
 * @param name   borrowed; NULL is all, else the list has this one
 * @return       never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 the task of that name does not run.
 * Threads: safe.
 * Spec:    tasks.md 3
 */
RENKU_API renku_result *renku_tasks_list(renku_tasks *tasks, const char *name);

/**
 * Sets the counter of failures to 0, so that the next one is followed by a short wait.
 *
 * @param tasks  borrowed; not NULL
 * @param name   borrowed; NULL is all; one that does not run is ignored
 * @return       never NULL; released with renku_result_free()
 *
 * Threads: safe.
 * Spec:    tasks.md 3
 */
RENKU_API renku_result *renku_tasks_reset(renku_tasks *tasks, const char *name);

/**
 * Ends a task wherever it waits; what it has not committed is rolled back. renku_tasks_join() waits
 * until it has ended.
 *
 * @param tasks  borrowed; not NULL
 * @param name   borrowed; not NULL
 * @return       never NULL; released with renku_result_free()
 *
 * Errors:  404/1404 the task does not run.
 * Time:    does not wait.
 * Threads: safe.
 * Spec:    tasks.md 3
 */
RENKU_API renku_result *renku_tasks_cancel(renku_tasks *tasks, const char *name);

/**
 * Waits until a task runs no longer.
 *
 * @param tasks       borrowed; not NULL
 * @param name        borrowed; not NULL; one that does not run is not waited for
 * @param timeout_ms  milliseconds; 0 or less is without limit
 * @return            never NULL; released with renku_result_free()
 *
 * Errors:  503/1503 it still runs after that time.
 * Threads: safe.
 * Spec:    tasks.md 3
 */
RENKU_API renku_result *renku_tasks_join(renku_tasks *tasks, const char *name, int64_t timeout_ms);

/**
 * Ends all tasks, waits for that, and releases the set; no other call on it may be running. NULL is
 * accepted. In a child of the process that made the context it does nothing.
 *
 * Time:    moments, or a second when a task waits for another service.
 */
RENKU_API void renku_tasks_free(renku_tasks *tasks);

RENKU_END_DECLS

#endif
