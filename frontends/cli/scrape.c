/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/scrape.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *label; /* must stand among the labels; NULL is none */
    rk_figure figure;
} rows[] = {
    {"sanic_request_count_total",        NULL,              RK_FIGURE_REQUESTS       },
    {"sanic_request_count_total",        "http_status=\"5", RK_FIGURE_ERRORS         },
    {"renku_http_requests_in_flight",    NULL,              RK_FIGURE_IN_FLIGHT      },
    {"renku_db_pool_size",               NULL,              RK_FIGURE_POOL_SIZE      },
    {"renku_db_pool_open",               NULL,              RK_FIGURE_POOL_OPEN      },
    {"renku_db_pool_busy",               NULL,              RK_FIGURE_POOL_BUSY      },
    {"renku_db_pool_waiting",            NULL,              RK_FIGURE_POOL_WAITING   },
    {"renku_db_pool_taken_total",        NULL,              RK_FIGURE_POOL_TAKEN     },
    {"renku_db_pool_wait_seconds_total", NULL,              RK_FIGURE_POOL_WAIT_S    },
    {"renku_db_pool_refused_total",      NULL,              RK_FIGURE_POOL_REFUSED   },
    {"renku_db_statements_total",        NULL,              RK_FIGURE_STATEMENTS     },
    {"renku_db_statement_seconds_total", NULL,              RK_FIGURE_STATEMENTS_S   },
    {"renku_db_slow_statements_total",   NULL,              RK_FIGURE_STATEMENTS_SLOW},
    {"renku_authz_checks_total",         NULL,              RK_FIGURE_CHECKS         },
    {"renku_authz_denials_total",        NULL,              RK_FIGURE_DENIALS        },
    {"renku_jwks_age_seconds",           NULL,              RK_FIGURE_KEYS_AGE       },
    {"renku_jwks_failures_total",        NULL,              RK_FIGURE_KEYS_FAILURES  },
    {"renku_token_cache_hits_total",     NULL,              RK_FIGURE_TOKEN_HITS     },
    {"renku_token_cache_misses_total",   NULL,              RK_FIGURE_TOKEN_MISSES   },
    {"renku_outbox_events",              NULL,              RK_FIGURE_OUTBOX_EVENTS  },
    {"renku_outbox_lag_seconds",         NULL,              RK_FIGURE_OUTBOX_LAG     },
};

/* One sample: name, labels without braces, value. */
typedef struct {
    const char *name, *labels;
    size_t name_length, labels_length;
    double value;
} sample;

static const char bucket_name[] = "sanic_request_latency_sec_bucket";

/* The end of the labels: the brace that stands outside of quotes. */
static const char *end_of_labels(const char *at)
{
    for (bool quoted = false; *at && *at != '\n' && (quoted || *at != '}'); at++) {
        if (*at == '\\' && at[1] && at[1] != '\n')
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return at;
}

static bool read_sample(sample *out, const char *line)
{
    char *end;

    *out = (sample){.name = line, .labels = "", .name_length = strcspn(line, "{ \n")};
    const char *rest = line + out->name_length;

    if (*line == '#')
        return false;
    if (*rest == '{') {
        out->labels = rest + 1;
        rest = end_of_labels(rest + 1);
        out->labels_length = (size_t)(rest - out->labels);
        rest += *rest == '}';
    }
    if (*rest != ' ')
        return false;
    out->value = strtod(rest, &end);
    return end != rest && isfinite(out->value);
}

static bool is_named(const sample *of, const char *name)
{
    return of->name_length == strlen(name) && memcmp(of->name, name, of->name_length) == 0;
}

static const char *find_label(const sample *of, const char *text)
{
    return memmem(of->labels, of->labels_length, text, strlen(text));
}

static void add_figure(rk_scrape *out, const sample *from)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (is_named(from, rows[i].name) && (!rows[i].label || find_label(from, rows[i].label)))
            out->figures[rows[i].figure] += from->value;
    }
}

/* Every series has the same bounds, in the same order. */
static void add_bucket(rk_scrape *out, const sample *from)
{
    const char *bound = find_label(from, ",le=\"");
    double seconds = bound ? strtod(bound + 5, NULL) : -1;
    int i = 0;

    while (i < out->bucket_count && out->bounds[i] < seconds)
        i++;
    if (seconds < 0 || i == RK_SCRAPE_BUCKETS)
        return;
    if (i == out->bucket_count)
        out->bounds[out->bucket_count++] = seconds;
    out->latency[i] += from->value;
}

void rk_scrape_read(rk_scrape *out, const char *text)
{
    sample found;

    memset(out, 0, sizeof(*out));
    for (; *text; text += *text == '\n') {
        if (read_sample(&found, text)) {
            add_figure(out, &found);
            if (is_named(&found, bucket_name))
                add_bucket(out, &found);
        }
        text += strcspn(text, "\n");
    }
}

/* Requests up to that bound since the scrape before, which may have had no series yet. */
static double grown(const rk_scrape *before, const rk_scrape *after, int bucket)
{
    double earlier = bucket < before->bucket_count ? before->latency[bucket] : 0;

    return after->latency[bucket] > earlier ? after->latency[bucket] - earlier : 0;
}

double rk_scrape_quantile(const rk_scrape *before, const rk_scrape *after, double share)
{
    int last = after->bucket_count - 1;
    double all = last < 0 ? 0 : grown(before, after, last), lower = 0, below = 0;

    for (int i = 0; i <= last && all > 0; i++) {
        double up_to = grown(before, after, i);

        if (up_to >= share * all && up_to > below)
            return isinf(after->bounds[i]) ? lower
                                           : lower + (after->bounds[i] - lower) *
                                                         (share * all - below) / (up_to - below);
        lower = after->bounds[i];
        below = up_to;
    }
    return 0;
}
