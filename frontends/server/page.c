/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/server/counts.h"
#include "frontends/server/metrics.h"
#include "renku/admin.h"
#include "renku/http.h"

#define LABELS 512 /* a whole endpoint may need escapes */
#define OUTBOX "renku_outbox_"

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
        stpcpy(stpcpy(stpcpy(labels, "method=\""), rk_methods[series->method]), "\",endpoint=\"");

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
        put(out, i < BUCKETS ? rk_buckets[i].text : "+Inf");
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
    const rk_series *series = &rk_counts.shared->series[index];

    *total = (rk_total){0};
    if (!atomic_load(&series->used))
        return NULL;
    for (unsigned worker = 0; worker <= rk_counts.worker_most; worker++) {
        rk_tally *tally = &rk_counts.shared->tallies[worker][index];

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
    uint32_t count = atomic_load(&rk_counts.shared->series_count);
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
        rk_process *process = &rk_counts.shared->processes[i];
        const char *at = (const char *)process + offset;

        if (!process->pid)
            continue;
        snprintf(labels, sizeof(labels), "{worker=\"{'Sanic-Server-%d-0'}\",pid=\"%d\"", i - 1,
                 process->pid);
        put_sample(out, name, labels, atomic_load((const _Atomic uint64_t *)(const void *)at));
    }
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Where one of the numbers of the library stands; OWN when it has none of that name. */
static size_t index_of(const char *name)
{
    renku_metric metric = RENKU_METRIC_INIT;
    size_t index = 0;

    while (index < OWN && renku_ctx_metric(rk_counts.ctx, index, &metric) &&
           strcmp(metric.name, name) != 0)
        index++;
    return index;
}

/* The worker that has looked at the outbox last. */
static const rk_process *last_looker(void)
{
    size_t index = index_of(OUTBOX "measured_timestamp_seconds");
    const rk_process *last = rk_counts.shared->processes;

    for (int i = 1; index < OWN && i <= WORKERS; i++)
        if (rk_counts.shared->processes[i].own[index] > last->own[index])
            last = &rk_counts.shared->processes[i];
    return last;
}

/* Each of these numbers adds up over the workers, but for an age, of which the greatest tells, and
 * for what stands in the database: whoever has looked last knows it best. */
static double total_of(const renku_metric *metric, size_t index, const rk_process *looker)
{
    bool age = strstr(metric->name, "_age_");
    uint64_t total = rk_counts.shared->past[index];

    if (begins(metric->name, OUTBOX))
        return (double)looker->own[index] / MILLION;
    for (int i = 0; i <= WORKERS; i++) {
        uint64_t value = rk_counts.shared->processes[i].own[index];

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
    const rk_process *looker = last_looker();

    for (size_t i = 0; i < OWN && renku_ctx_metric(rk_counts.ctx, i, &metric); i++) {
        put_head(out, metric.name, metric.kind == RENKU_METRIC_COUNTER ? "counter" : "gauge",
                 metric.help);
        snprintf(number, sizeof(number), " %.15g\n", total_of(&metric, i, looker));
        put(out, metric.name);
        put(out, number);
    }
}

static void put_own(rk_page_text *out)
{
    char labels[64];
    int in_flight = 0;

    for (int i = 0; i <= WORKERS; i++)
        in_flight += rk_counts.shared->processes[i].in_flight;
    put_head(out, "renku_http_requests_in_flight", "gauge", "Requests being answered.");
    put(out, "renku_http_requests_in_flight ");
    put_number(out, in_flight > 0 ? (uint64_t)in_flight : 0);
    put_head(out, "renku_http_refused_total", "counter",
             "Connections refused before a request was complete.");
    for (int status = 0; status < STATUSES; status++) {
        snprintf(labels, sizeof(labels), "http_status=\"%d\"", status);
        if (rk_counts.shared->refused[status])
            put_sample(out, "renku_http_refused_total{", labels, rk_counts.shared->refused[status]);
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
    int state = atomic_load(&rk_counts.shared->rotation);

    if (state == RK_ROTATION_NONE)
        return;
    put_head(out, "secrets_rotation_state", "gauge", "What the rotation of secrets has come to.");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        put_sample(out, "secrets_rotation_state", states[i].labels, (int)states[i].state == state);
    put_head(out, "secrets_rotation_count_total", "counter", "Secrets that were rewritten.");
    put(out, "secrets_rotation_count_total ");
    put_number(out, rk_counts.shared->rotated);
}

char *rk_metrics_text(bool with_processes)
{
    rk_page_text out = {0};

    if (!rk_counts.shared)
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
