/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/counter.h"

#include <stddef.h>

void rk_count(rk_counters *counters, rk_counter counter, uint64_t more)
{
    if (counters)
        atomic_fetch_add_explicit(&counters->values[counter], more, memory_order_relaxed);
}
