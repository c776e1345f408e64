/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_CLI_SCRAPE_H
#define RK_CLI_SCRAPE_H

/* What /metrics of a server tells, as far as `renku top` shows it. */

typedef enum {
    RK_FIGURE_REQUESTS,
    RK_FIGURE_ERRORS, /* requests answered with 5xx */
    RK_FIGURE_IN_FLIGHT,
    RK_FIGURE_POOL_SIZE,
    RK_FIGURE_POOL_OPEN,
    RK_FIGURE_POOL_BUSY,
    RK_FIGURE_POOL_WAITING,
    RK_FIGURE_POOL_TAKEN,
    RK_FIGURE_POOL_WAIT_S,
    RK_FIGURE_POOL_REFUSED,
    RK_FIGURE_STATEMENTS,
    RK_FIGURE_STATEMENTS_S,
    RK_FIGURE_STATEMENTS_SLOW,
    RK_FIGURE_CHECKS,
    RK_FIGURE_DENIALS,
    RK_FIGURE_KEYS_AGE,
    RK_FIGURE_KEYS_FAILURES,
    RK_FIGURE_TOKEN_HITS,
    RK_FIGURE_TOKEN_MISSES,
    RK_FIGURE_OUTBOX_EVENTS,
    RK_FIGURE_OUTBOX_LAG,
    RK_FIGURE_COUNT_
} rk_figure;

enum { RK_SCRAPE_BUCKETS = 32 };

typedef struct {
    double figures[RK_FIGURE_COUNT_];
    int bucket_count;
    double bounds[RK_SCRAPE_BUCKETS];  /* seconds, ascending; the last is infinite */
    double latency[RK_SCRAPE_BUCKETS]; /* requests that took no longer, over all series */
} rk_scrape;

/* Reads the text of /metrics; lines that mean nothing here are skipped. */
void rk_scrape_read(rk_scrape *out, const char *text);
/* How many seconds the given share (0 to 1) of the requests between two scrapes took at most; 0
 * without requests. */
double rk_scrape_quantile(const rk_scrape *before, const rk_scrape *after, double share);

#endif
