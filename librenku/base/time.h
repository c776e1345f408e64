/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_TIME_H
#define RK_TIME_H

#include "librenku/base/op.h"
#include "librenku/base/value.h"

enum { RK_TIME_TEXT_MAX = 40 };

/* Microseconds since 1970 in UTC. */
int64_t rk_time_now(void);
/* The monotonic clock in milliseconds; deadlines live on it. */
int64_t rk_time_monotonic_ms(void);
rk_instant rk_instant_of(int64_t micros);

/* Reads a date-time. The error text is what follows "Input should be a valid datetime or date, ";
 * returns false and sets it when the text is none. Spec: foundations.md 10.1 */
bool rk_instant_parse(rk_instant *out, const char **reason, const char *text);
/* Unix seconds (milliseconds beyond 2e10), as JSON numbers are taken. */
bool rk_instant_from_number(rk_instant *out, double seconds);

/* "2026-03-04T05:06:07.891011Z"; gives where the text ends. Spec: foundations.md 10.2 */
char *rk_instant_print(char out[RK_TIME_TEXT_MAX], const rk_instant *instant);
/* The same with +00:00 for UTC. Spec: foundations.md 10.3 */
char *rk_instant_print_iso(char out[RK_TIME_TEXT_MAX], const rk_instant *instant);

#endif
