/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_METRICS_H
#define RK_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "renku/types.h"

/* Counters of all workers, in memory that they share. Bounded: what is too much to tell apart is
 * counted under the endpoint "other". Spec: foundations.md 16 */

/* Makes the shared memory for so many workers; once, before they are forked. 0, or -1 when there is
 * none. */
int rk_metrics_open(unsigned workers);
/* Names the calling process as worker @p id (from 1), and clears what a dead one has left. @p ctx
 * is what the metrics of the library are asked of; NULL is none. */
void rk_metrics_worker(unsigned id, renku_ctx *ctx);
/* One answered request. Only the event loop of a process counts, as with those in flight. */
void rk_metrics_request(const char *method, const char *target, int status, uint64_t micros);
/* One refusal before there was a request. */
void rk_metrics_refused(int status);
void rk_metrics_in_flight(int change);
/* Shows the other workers what the library of this one counts; call several times a second. */
void rk_metrics_share(void);
/* Refreshes the gauges of this process; call every few seconds. */
void rk_metrics_refresh(void);
/* What the rotation of secrets has come to. Spec: secrets.md 6.4 */
typedef enum {
    RK_ROTATION_NONE,
    RK_ROTATION_RUNNING,
    RK_ROTATION_FINISHED,
    RK_ROTATION_ERRORED,
} rk_rotation_state;
/* Whether it was another one before. */
bool rk_metrics_rotation(rk_rotation_state state);
bool rk_metrics_rotation_is_over(void);
void rk_metrics_rotated(uint64_t count);
/* Everything as Prometheus text, from malloc(); NULL when memory is missing. The secrets storage
 * does not tell of its processes. */
char *rk_metrics_text(bool with_processes);

#endif
