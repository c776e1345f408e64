/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_METRIC_H
#define RK_METRIC_H

#include "librenku/base/op.h"

/* Product metrics: events that the task runner delivers. Nothing is stored unless POSTHOG_ENABLED.
 * Spec: foundations.md 17 */

/* Whether events are stored. */
bool rk_metric_enabled(const rk_op *op);
/* Queues an event of the caller into the transaction of the change. @p metadata is a JSON object or
 * NULL. */
int rk_metric_event(rk_op *op, const char *event, const char *metadata);

/* Delivers what is stored, oldest first, to whom POSTHOG_HOST names; what is not accepted stays.
 * Any number of runners share the work. Spec: metrics.md 6 */
int rk_metric_send(rk_op *op);
/* What waits to be delivered: @p events are counted up to a bound, @p oldest_ms is since when the
 * first of them has waited, by our clock; 0 is none. */
typedef struct {
    int64_t events;
    int64_t oldest_ms;
} rk_backlog;

int rk_metric_backlog(rk_backlog *out, rk_op *op);
/* The base URL behind a value of POSTHOG_HOST, in the arena. Spec: metrics.md 6.2 */
int rk_metric_host(const char **out, rk_op *op, const char *setting);

/* What product metrics know of a user. Spec: users.md 4.2 */
typedef struct {
    const char *user_id;
    const char *email;
    const char *first_name;
    const char *last_name;
    const char *username;
} rk_identity;

/* Lower-case hexadecimal SHA-1 of the identity. */
int rk_identity_hash(char out[41], rk_op *op, const rk_identity *identity);
/* Queues an identify_user event and the hash, when the hash differs from the stored one. */
int rk_metric_identify(rk_op *op, const rk_identity *identity);

#endif
