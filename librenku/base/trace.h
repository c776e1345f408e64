/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_TRACE_H
#define RK_TRACE_H

enum { RK_TRACE_ID_LENGTH = 32 };

/* The trace of another program that a request belongs to: its id stands in every log line, and what
 * the request said goes on to the services of the deployment, unchanged, since nothing here records
 * spans of its own. */
typedef struct rk_trace {
    char id[RK_TRACE_ID_LENGTH + 1];
    const char *parent; /* header traceparent; NULL when there was none, or no valid one */
    const char *sentry; /* header sentry-trace, likewise */
} rk_trace;

#endif
