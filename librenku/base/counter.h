/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_COUNTER_H
#define RK_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

typedef enum {
#define RK_COUNTER(id, divisor, name, help) RK_COUNT_##id,
#define RK_GAUGE(id, name, help) RK_COUNT_##id,
#include "librenku/base/counter.def"
#undef RK_COUNTER
#undef RK_GAUGE
    RK_COUNTER_COUNT_,
} rk_counter;

/* One set for each context. Threads: any may count. The places of gauges stay 0. */
typedef struct rk_counters {
    _Atomic uint64_t values[RK_COUNTER_COUNT_];
} rk_counters;

/* Counters that are NULL count nothing. */
void rk_count(rk_counters *counters, rk_counter counter, uint64_t more);

#endif
