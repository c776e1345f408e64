/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/metrics.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "renku/admin.h"
#include "renku/http.h"

#define SERIES 2560        /* method, endpoint and status told apart */
#define SERIES_UNKNOWN 512 /* of these at most, for paths that do not exist */
#define SERIES_OTHER 512   /* kept for the endpoint "other" */
#define SLOTS 8192         /* hash table over them, a power of two */
#define ENDPOINT 192
#define LABELS 512 /* a whole endpoint may need escapes */
#define BUCKETS 14
#define WORKERS 255
#define STATUSES 600
#define MILLION 1e6
#define OWN 64 /* metrics of the library at most */

static const struct {
    const char *text;
    uint64_t micros;
} buckets[BUCKETS] = {
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

static const char *const methods[] = {"GET",    "HEAD",    "POST",  "PATCH",   "PUT",
                                      "DELETE", "OPTIONS", "TRACE", "CONNECT", "OTHER"};

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

/* What tells a series from the others. */
typedef struct rk_series_key {
    uint16_t status;
    uint8_t method;
    const char *endpoint;
    size_t length;
} rk_series_key;

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

static rk_shared *shared;
static unsigned worker_most;
static rk_process *self;
static rk_tally *own_tallies;
static renku_ctx *own_ctx; /* of this process; NULL when it has none */

int rk_metrics_open(unsigned workers)
{
    size_t size = sizeof(*shared) + (workers + 1) * sizeof(shared->tallies[0]);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return -1;
    shared = memory;
    worker_most = workers;
    own_tallies = shared->tallies[0];
    return 0;
}

/* What a worker before in this place has counted stays counted; what it held is gone. */
static void inherit(rk_process *process)
{
    renku_metric metric = RENKU_METRIC_INIT;

    for (size_t i = 0; i < OWN && renku_ctx_metric(own_ctx, i, &metric); i++) {
        uint64_t counted = atomic_exchange(&process->own[i], 0);

        if (metric.kind == RENKU_METRIC_COUNTER)
            shared->past[i] += counted;
    }
}

void rk_metrics_worker(unsigned id, renku_ctx *ctx)
{
    if (!shared || id > WORKERS || id > worker_most)
        return;
    self = &shared->processes[id];
    own_tallies = shared->tallies[id];
    own_ctx = ctx;
    inherit(self);
    self->in_flight = 0;
    self->pid = getpid();
    rk_metrics_refresh();
}

static uint8_t method_of(const char *method)
{
    uint8_t i = 0;

    while (i < sizeof(methods) / sizeof(methods[0]) - 1 && strcmp(methods[i], method) != 0)
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

    if (unknown && claim(&shared->unknown_count, SERIES_UNKNOWN) < 0)
        return NULL;

    int index = claim(&shared->series_count, other ? SERIES : SERIES - SERIES_OTHER);

    if (index < 0)
        return NULL;

    rk_series *series = &shared->series[index];

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
        uint32_t there = atomic_load(&shared->slots[slot]);

        if (there == 0) {
            mine = mine ? mine : create(key, other);
            if (!mine)
                return NULL;
            if (atomic_compare_exchange_strong(&shared->slots[slot], &there,
                                               (uint32_t)(mine - shared->series) + 1))
                return mine;
        }
        if (is_same(&shared->series[there - 1], key))
            return &shared->series[there - 1];
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
    const rk_series *series = shared ? series_of(&key, target) : NULL;
    size_t bucket = 0;

    if (!series)
        return;
    while (bucket < BUCKETS && micros > buckets[bucket].micros)
        bucket++;
    rk_tally *tally = &own_tallies[series - shared->series];

    add(&tally->micros, micros);
    add(&tally->within[bucket], 1);
}

void rk_metrics_refused(int status)
{
    if (shared && status > 0 && status < STATUSES)
        shared->refused[status]++;
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

    for (size_t i = 0; self && i < OWN && renku_ctx_metric(own_ctx, i, &metric); i++)
        self->own[i] = (uint64_t)(metric.value * MILLION + 0.5);
}

bool rk_metrics_rotation(rk_rotation_state state)
{
    return atomic_exchange(&shared->rotation, (int)state) != (int)state;
}

bool rk_metrics_rotation_is_over(void)
{
    int state = atomic_load(&shared->rotation);

    return state == RK_ROTATION_FINISHED || state == RK_ROTATION_ERRORED;
}

void rk_metrics_rotated(uint64_t count)
{
    shared->rotated += count;
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

/* A growing text. The event loop waits for it, so it is not made with printf. */
typedef struct rk_page_text {
    char *data;
    size_t size, capacity;
    bool failed;
} rk_page_text;

static void put_bytes(rk_page_text *out, const char *bytes, size_t size)
{
    if (out->size + size > out->capacity) {
        size_t capacity = (out->size + size) * 2;
        char *data = out->failed ? NULL : realloc(out->data, capacity);

        if (!data) {
            out->failed = true;
            return;
        }
        out->data = data;
        out->capacity = capacity;
    }
    if (size > 0)
        memcpy(out->data + out->size, bytes, size);
    out->size += size;
}

static void put(rk_page_text *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

/* A number and the end of the line. */
static void put_number(rk_page_text *out, uint64_t number)
{
    char digits[24];
    size_t at = sizeof(digits);

    digits[--at] = '\n';
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put_bytes(out, digits + at, sizeof(digits) - at);
}

static void put_head(rk_page_text *out, const char *name, const char *kind, const char *help)
{
    put(out, "# HELP ");
    put(out, name);
    put(out, " ");
    put(out, help);
    put(out, "\n# TYPE ");
    put(out, name);
    put(out, " ");
    put(out, kind);
    put(out, "\n");
}

/* method="GET",endpoint="/x",http_status="200", with backslash and quote escaped. Control bytes
 * cannot be in a target. */
static void make_labels(char labels[LABELS], const rk_series *series)
{
    char *at =
        stpcpy(stpcpy(stpcpy(labels, "method=\""), methods[series->method]), "\",endpoint=\"");

    for (const char *c = series->endpoint; *c; c++) {
        if (*c == '\\' || *c == '"')
            *at++ = '\\';
        *at++ = *c;
    }
    sprintf(at, "\",http_status=\"%d\"", series->status);
}

static void put_sample(rk_page_text *out, const char *name, const char *labels, uint64_t number)
{
    put(out, name);
    put(out, labels);
    put(out, "} ");
    put_number(out, number);
}

/* Of a series, over all processes. */
typedef struct rk_total {
    uint64_t count, micros;
    uint64_t within[BUCKETS + 1];
} rk_total;

static void put_histogram(rk_page_text *out, const rk_total *total, const char *labels)
{
    char seconds[32];
    uint64_t sum = 0;

    for (size_t i = 0; i <= BUCKETS; i++) {
        sum += total->within[i];
        put(out, "sanic_request_latency_sec_bucket{");
        put(out, labels);
        put(out, ",le=\"");
        put(out, i < BUCKETS ? buckets[i].text : "+Inf");
        put(out, "\"} ");
        put_number(out, sum);
    }
    snprintf(seconds, sizeof(seconds), "} %.6f\n", (double)total->micros / 1e6);
    put(out, "sanic_request_latency_sec_sum{");
    put(out, labels);
    put(out, seconds);
    put_sample(out, "sanic_request_latency_sec_count{", labels, sum);
}

/* Adds up what all processes have counted; NULL when that is nothing. */
static const rk_series *series_at(rk_total *total, uint32_t index)
{
    const rk_series *series = &shared->series[index];

    *total = (rk_total){0};
    if (!atomic_load(&series->used))
        return NULL;
    for (unsigned worker = 0; worker <= worker_most; worker++) {
        rk_tally *tally = &shared->tallies[worker][index];

        total->micros += atomic_load_explicit(&tally->micros, memory_order_relaxed);
        for (size_t i = 0; i <= BUCKETS; i++) {
            uint64_t count = atomic_load_explicit(&tally->within[i], memory_order_relaxed);

            total->within[i] += count;
            total->count += count;
        }
    }
    return total->count > 0 ? series : NULL;
}

static void put_requests(rk_page_text *out)
{
    uint32_t count = atomic_load(&shared->series_count);
    char labels[LABELS];
    rk_total total;

    put_head(out, "sanic_request_count_total", "counter", "Answered requests.");
    for (uint32_t i = 0; i < count; i++) {
        const rk_series *series = series_at(&total, i);

        if (!series)
            continue;
        make_labels(labels, series);
        put_sample(out, "sanic_request_count_total{", labels, total.count);
    }
    put_head(out, "sanic_request_latency_sec", "histogram", "Time to answer.");
    for (uint32_t i = 0; i < count; i++) {
        const rk_series *series = series_at(&total, i);

        if (!series)
            continue;
        make_labels(labels, series);
        put_histogram(out, &total, labels);
    }
}

static void put_processes(rk_page_text *out, const char *name, const char *help, size_t offset)
{
    char labels[128];

    put_head(out, name, "gauge", help);
    for (int i = 0; i <= WORKERS; i++) {
        rk_process *process = &shared->processes[i];
        const char *at = (const char *)process + offset;

        if (!process->pid)
            continue;
        snprintf(labels, sizeof(labels), "{worker=\"{'Sanic-Server-%d-0'}\",pid=\"%d\"", i - 1,
                 process->pid);
        put_sample(out, name, labels, atomic_load((const _Atomic uint64_t *)(const void *)at));
    }
}

/* Each of these numbers adds up over the workers, but for an age, of which the greatest tells. */
static double total_of(const renku_metric *metric, size_t index)
{
    bool age = strstr(metric->name, "_age_");
    uint64_t total = shared->past[index];

    for (int i = 0; i <= WORKERS; i++) {
        uint64_t value = shared->processes[i].own[index];

        if (!age)
            total += value;
        else if (value > total)
            total = value;
    }
    return (double)total / MILLION;
}

static void put_library(rk_page_text *out)
{
    renku_metric metric = RENKU_METRIC_INIT;
    char number[64];

    rk_metrics_share();
    for (size_t i = 0; i < OWN && renku_ctx_metric(own_ctx, i, &metric); i++) {
        put_head(out, metric.name, metric.kind == RENKU_METRIC_COUNTER ? "counter" : "gauge",
                 metric.help);
        snprintf(number, sizeof(number), " %.15g\n", total_of(&metric, i));
        put(out, metric.name);
        put(out, number);
    }
}

static void put_own(rk_page_text *out)
{
    char labels[64];
    int in_flight = 0;

    for (int i = 0; i <= WORKERS; i++)
        in_flight += shared->processes[i].in_flight;
    put_head(out, "renku_http_requests_in_flight", "gauge", "Requests being answered.");
    put(out, "renku_http_requests_in_flight ");
    put_number(out, in_flight > 0 ? (uint64_t)in_flight : 0);
    put_head(out, "renku_http_refused_total", "counter",
             "Connections refused before a request was complete.");
    for (int status = 0; status < STATUSES; status++) {
        snprintf(labels, sizeof(labels), "http_status=\"%d\"", status);
        if (shared->refused[status])
            put_sample(out, "renku_http_refused_total{", labels, shared->refused[status]);
    }
    put_head(out, "renku_build_info", "gauge", "The version that runs.");
    snprintf(labels, sizeof(labels), "version=\"%.40s\"", renku_version());
    put_sample(out, "renku_build_info{", labels, 1);
}

static void put_rotation(rk_page_text *out)
{
    static const struct {
        rk_rotation_state state;
        const char *labels;
    } states[] = {
        {RK_ROTATION_RUNNING,  "{secrets_rotation_state=\"running\"" },
        {RK_ROTATION_FINISHED, "{secrets_rotation_state=\"finished\""},
        {RK_ROTATION_ERRORED,  "{secrets_rotation_state=\"errored\"" },
    };
    int state = atomic_load(&shared->rotation);

    if (state == RK_ROTATION_NONE)
        return;
    put_head(out, "secrets_rotation_state", "gauge", "What the rotation of secrets has come to.");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        put_sample(out, "secrets_rotation_state", states[i].labels, (int)states[i].state == state);
    put_head(out, "secrets_rotation_count_total", "counter", "Secrets that were rewritten.");
    put(out, "secrets_rotation_count_total ");
    put_number(out, shared->rotated);
}

char *rk_metrics_text(bool with_processes)
{
    rk_page_text out = {0};

    if (!shared)
        return NULL;
    put_requests(&out);
    if (with_processes) {
        put_processes(&out, "sanic_process_virtual_memory_bytes", "Virtual memory.",
                      offsetof(rk_process, virtual_bytes));
        put_processes(&out, "sanic_process_resident_memory_bytes", "Resident memory.",
                      offsetof(rk_process, resident_bytes));
    }
    put_rotation(&out);
    put_own(&out);
    put_library(&out);
    put_bytes(&out, "", 1);
    if (!out.failed)
        return out.data;
    free(out.data);
    return NULL;
}
