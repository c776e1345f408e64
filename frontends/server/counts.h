/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_COUNTS_H
#define RK_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

#include "renku/types.h"

/* What the workers have counted: metrics.c counts, page.c tells. */

#define SERIES 2560 /* method, endpoint and status told apart */
#define SLOTS 8192  /* hash table over them, a power of two */
#define ENDPOINT 192
#define BUCKETS 14
#define METHODS 10
#define WORKERS 255
#define STATUSES 600
#define MILLION 1e6
#define OWN 64 /* metrics of the library at most */

/* Latencies that are told apart, and methods. */
extern const struct rk_bucket {
    const char *text;
    uint64_t micros;
} rk_buckets[BUCKETS];
extern const char *const rk_methods[METHODS];

typedef struct rk_series {
    _Atomic uint32_t used; /* once the rest is written */
    uint16_t status;
    uint8_t method;
    char endpoint[ENDPOINT];
} rk_series;

/* What one process has counted of a series. Only its event loop writes here, so that no processor
 * waits for another. */
typedef struct rk_tally {
    _Atomic uint64_t micros;
    _Atomic uint64_t within[BUCKETS + 1];
} rk_tally;

typedef struct rk_process {
    _Atomic int pid;
    _Atomic int in_flight;
    _Atomic uint64_t virtual_bytes, resident_bytes;
    _Atomic uint64_t own[OWN]; /* as the library tells them, in millionths */
} rk_process;

/* Nobody holds a lock here: a worker may be killed at any instruction. */
typedef struct rk_shared {
    _Atomic uint32_t series_count, unknown_count;
    _Atomic uint64_t refused[STATUSES];
    _Atomic int rotation; /* rk_rotation_state */
    _Atomic uint64_t rotated;
    rk_process processes[WORKERS + 1];
    _Atomic uint64_t past[OWN];    /* counters of workers that have ended */
    _Atomic uint32_t slots[SLOTS]; /* index of a series plus one */
    rk_series series[SERIES];
    rk_tally tallies[][SERIES]; /* of each worker; the first for who is none */
} rk_shared;

extern struct rk_counts {
    rk_shared *shared; /* NULL before rk_metrics_open() */
    unsigned worker_most;
    renku_ctx *ctx; /* of this process; NULL when it has none */
} rk_counts;

#endif
