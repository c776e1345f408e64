/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/metrics.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frontends/server/counts.h"
#include "renku/admin.h"
#include "renku/http.h"

#define SERIES_UNKNOWN 512 /* of these at most, for paths that do not exist */
#define SERIES_OTHER 512   /* kept for the endpoint "other" */

const struct rk_bucket rk_buckets[BUCKETS] = {
    {"0.005", 5000    },
    {"0.01",  10000   },
    {"0.025", 25000   },
    {"0.05",  50000   },
    {"0.075", 75000   },
    {"0.1",   100000  },
    {"0.25",  250000  },
    {"0.5",   500000  },
    {"0.75",  750000  },
    {"1.0",   1000000 },
    {"2.5",   2500000 },
    {"5.0",   5000000 },
    {"7.5",   7500000 },
    {"10.0",  10000000},
};

const char *const rk_methods[METHODS] = {"GET",    "HEAD",    "POST",  "PATCH",   "PUT",
                                         "DELETE", "OPTIONS", "TRACE", "CONNECT", "OTHER"};

/* What tells a series from the others. */
typedef struct rk_series_key {
    uint16_t status;
    uint8_t method;
    const char *endpoint;
    size_t length;
} rk_series_key;

struct rk_counts rk_counts;
static rk_process *self;
static rk_tally *own_tallies;

int rk_metrics_open(unsigned workers)
{
    size_t size = sizeof(*rk_counts.shared) + (workers + 1) * sizeof(rk_counts.shared->tallies[0]);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return -1;
    rk_counts.shared = memory;
    rk_counts.worker_most = workers;
    own_tallies = rk_counts.shared->tallies[0];
    return 0;
}

/* What a worker before in this place has counted stays counted; what it held is gone. */
static void inherit(rk_process *process)
{
    renku_metric metric = RENKU_METRIC_INIT;

    for (size_t i = 0; i < OWN && renku_ctx_metric(rk_counts.ctx, i, &metric); i++) {
        uint64_t counted = atomic_exchange(&process->own[i], 0);

        if (metric.kind == RENKU_METRIC_COUNTER)
            rk_counts.shared->past[i] += counted;
    }
}

void rk_metrics_worker(unsigned id, renku_ctx *ctx)
{
    if (!rk_counts.shared || id > WORKERS || id > rk_counts.worker_most)
        return;
    self = &rk_counts.shared->processes[id];
    own_tallies = rk_counts.shared->tallies[id];
    rk_counts.ctx = ctx;
    inherit(self);
    self->in_flight = 0;
    self->pid = getpid();
    rk_metrics_refresh();
}

static uint8_t method_of(const char *method)
{
    uint8_t i = 0;

    while (i < sizeof(rk_methods) / sizeof(rk_methods[0]) - 1 && strcmp(rk_methods[i], method) != 0)
        i++;
    return i;
}

static uint32_t hash_of(const rk_series_key *key)
{
    uint32_t hash = 2166136261u ^ key->status ^ ((uint32_t)key->method << 16);

    for (size_t i = 0; i < key->length; i++)
        hash = (hash ^ (unsigned char)key->endpoint[i]) * 16777619u;
    return hash;
}

static bool is_same(const rk_series *series, const rk_series_key *key)
{
    return series->status == key->status && series->method == key->method &&
           memcmp(series->endpoint, key->endpoint, key->length) == 0 &&
           series->endpoint[key->length] == '\0';
}

/* Takes an index from a counter that ends at @p most; -1 when it is used up. */
static int claim(_Atomic uint32_t *counter, uint32_t most)
{
    uint32_t index = atomic_load(counter);

    while (index < most)
        if (atomic_compare_exchange_weak(counter, &index, index + 1))
            return (int)index;
    return -1;
}

static rk_series *create(const rk_series_key *key, bool other)
{
    bool unknown = !other && key->status == 404;

    if (unknown && claim(&rk_counts.shared->unknown_count, SERIES_UNKNOWN) < 0)
        return NULL;

    int index = claim(&rk_counts.shared->series_count, other ? SERIES : SERIES - SERIES_OTHER);

    if (index < 0)
        return NULL;

    rk_series *series = &rk_counts.shared->series[index];

    series->status = key->status;
    series->method = key->method;
    memcpy(series->endpoint, key->endpoint, key->length);
    atomic_store(&series->used, 1);
    return series;
}

/* Finds or makes the series; NULL when there is no place for another. */
static rk_series *find(const rk_series_key *key, bool other)
{
    uint32_t slot = hash_of(key) % SLOTS;
    rk_series *mine = NULL;

    for (uint32_t probes = 0; probes < SLOTS; slot = (slot + 1) % SLOTS, probes++) {
        uint32_t there = atomic_load(&rk_counts.shared->slots[slot]);

        if (there == 0) {
            mine = mine ? mine : create(key, other);
            if (!mine)
                return NULL;
            if (atomic_compare_exchange_strong(&rk_counts.shared->slots[slot], &there,
                                               (uint32_t)(mine - rk_counts.shared->series) + 1))
                return mine;
        }
        if (is_same(&rk_counts.shared->series[there - 1], key))
            return &rk_counts.shared->series[there - 1];
    }
    return NULL;
}

/* Where it is counted; under the endpoint "other" when its own is too long, or one too many. NULL
 * when there is no place for that either. */
static rk_series *series_of(rk_series_key *key, const char *target)
{
    static const char other[] = "other";
    size_t length = strcspn(target, "?");
    rk_series *series = NULL;

    key->endpoint = target;
    key->length = length;
    if (length < ENDPOINT)
        series = find(key, length == sizeof(other) - 1 && memcmp(target, other, length) == 0);
    if (series)
        return series;
    key->endpoint = other;
    key->length = sizeof(other) - 1;
    return find(key, true);
}

/* Nobody else writes there. */
static void add(_Atomic uint64_t *to, uint64_t more)
{
    uint64_t before = atomic_load_explicit(to, memory_order_relaxed);

    atomic_store_explicit(to, before + more, memory_order_relaxed);
}

void rk_metrics_request(const char *method, const char *target, int status, uint64_t micros)
{
    rk_series_key key = {.method = method_of(method), .status = (uint16_t)status};
    const rk_series *series = rk_counts.shared ? series_of(&key, target) : NULL;
    size_t bucket = 0;

    if (!series)
        return;
    while (bucket < BUCKETS && micros > rk_buckets[bucket].micros)
        bucket++;
    rk_tally *tally = &own_tallies[series - rk_counts.shared->series];

    add(&tally->micros, micros);
    add(&tally->within[bucket], 1);
}

void rk_metrics_refused(int status)
{
    if (rk_counts.shared && status > 0 && status < STATUSES)
        rk_counts.shared->refused[status]++;
}

void rk_metrics_in_flight(int change)
{
    if (self) /* whose event loop alone writes there */
        atomic_store_explicit(&self->in_flight,
                              atomic_load_explicit(&self->in_flight, memory_order_relaxed) + change,
                              memory_order_relaxed);
}

void rk_metrics_share(void)
{
    renku_metric metric = RENKU_METRIC_INIT;

    for (size_t i = 0; self && i < OWN && renku_ctx_metric(rk_counts.ctx, i, &metric); i++)
        self->own[i] = (uint64_t)(metric.value * MILLION + 0.5);
}

bool rk_metrics_rotation(rk_rotation_state state)
{
    return atomic_exchange(&rk_counts.shared->rotation, (int)state) != (int)state;
}

bool rk_metrics_rotation_is_over(void)
{
    int state = atomic_load(&rk_counts.shared->rotation);

    return state == RK_ROTATION_FINISHED || state == RK_ROTATION_ERRORED;
}

void rk_metrics_rotated(uint64_t count)
{
    rk_counts.shared->rotated += count;
}

void rk_metrics_refresh(void)
{
    char text[128];
    unsigned long long pages, resident;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    if (size <= 0 || !self)
        return;
    text[size] = '\0';
    if (sscanf(text, "%llu %llu", &pages, &resident) != 2)
        return;
    self->virtual_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    self->resident_bytes = resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
