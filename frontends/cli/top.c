/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frontends/cli/scrape.h"

enum { LONGEST_INTERVAL_S = 3600, DEFAULT_INTERVAL_S = 2 };

/* What a line of the display is made of. */
typedef enum {
    SHOW_NOW,    /* the figure itself */
    SHOW_RATE,   /* its growth per second */
    SHOW_MEAN,   /* its growth in milliseconds for each of `per` */
    SHOW_SHARE,  /* its growth in percent of the growth of it and `per` */
    SHOW_LATENCY /* milliseconds; `per` is the percentile */
} show;

static const struct {
    const char *group, *name, *unit; /* names of the JSON, words of the display */
    show how;
    rk_figure figure;
    int per;
} lines[] = {
    {"requests",   "per_second",         "/s", SHOW_RATE,    RK_FIGURE_REQUESTS,        0                     },
    {"requests",   "errors_per_second",  "/s", SHOW_RATE,    RK_FIGURE_ERRORS,          0                     },
    {"requests",   "in_flight",          "",   SHOW_NOW,     RK_FIGURE_IN_FLIGHT,       0                     },
    {"latency",    "p50_ms",             "ms", SHOW_LATENCY, 0,                         50                    },
    {"latency",    "p95_ms",             "ms", SHOW_LATENCY, 0,                         95                    },
    {"latency",    "p99_ms",             "ms", SHOW_LATENCY, 0,                         99                    },
    {"pool",       "size",               "",   SHOW_NOW,     RK_FIGURE_POOL_SIZE,       0                     },
    {"pool",       "open",               "",   SHOW_NOW,     RK_FIGURE_POOL_OPEN,       0                     },
    {"pool",       "busy",               "",   SHOW_NOW,     RK_FIGURE_POOL_BUSY,       0                     },
    {"pool",       "waiting",            "",   SHOW_NOW,     RK_FIGURE_POOL_WAITING,    0                     },
    {"pool",       "wait_ms",            "ms", SHOW_MEAN,    RK_FIGURE_POOL_WAIT_S,     RK_FIGURE_POOL_TAKEN  },
    {"pool",       "refused_per_second", "/s", SHOW_RATE,    RK_FIGURE_POOL_REFUSED,    0                     },
    {"statements", "per_second",         "/s", SHOW_RATE,    RK_FIGURE_STATEMENTS,      0                     },
    {"statements", "mean_ms",            "ms", SHOW_MEAN,    RK_FIGURE_STATEMENTS_S,    RK_FIGURE_STATEMENTS  },
    {"statements", "slow_per_second",    "/s", SHOW_RATE,    RK_FIGURE_STATEMENTS_SLOW, 0                     },
    {"authz",      "checks_per_second",  "/s", SHOW_RATE,    RK_FIGURE_CHECKS,          0                     },
    {"authz",      "denials_per_second", "/s", SHOW_RATE,    RK_FIGURE_DENIALS,         0                     },
    {"tokens",     "cached_percent",     "%",  SHOW_SHARE,   RK_FIGURE_TOKEN_HITS,      RK_FIGURE_TOKEN_MISSES},
    {"keys",       "age_seconds",        "s",  SHOW_NOW,     RK_FIGURE_KEYS_AGE,        0                     },
    {"keys",       "failures",           "",   SHOW_NOW,     RK_FIGURE_KEYS_FAILURES,   0                     },
    {"outbox",     "events",             "",   SHOW_NOW,     RK_FIGURE_OUTBOX_EVENTS,   0                     },
    {"outbox",     "lag_seconds",        "s",  SHOW_NOW,     RK_FIGURE_OUTBOX_LAG,      0                     },
};

enum { LINES = sizeof(lines) / sizeof(lines[0]) };

typedef struct {
    const char *url;
    int64_t interval_s;
    bool json, once;
    double values[LINES];
} view;

/* --- measuring --- */

static rk_exit scrape(rk_scrape *out, double *at_s, rk_cli *cli, const char *url)
{
    struct timespec now;
    rk_cli_answer answer;
    long status = rk_cli_fetch(&answer, cli, url, NULL);

    clock_gettime(CLOCK_MONOTONIC, &now);
    *at_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    if (status == 200)
        rk_scrape_read(out, answer.body);
    else if (status)
        (void)rk_cli_fail("%s answers with status %ld", url, status);
    else
        (void)rk_cli_fail("%s does not answer: %s", url, answer.reason);
    free(answer.body);
    return status == 200 ? RK_EXIT_OK : RK_EXIT_UNAVAILABLE;
}

/* Counters of a server that has begun anew are smaller than before. */
static double growth(const rk_scrape scrapes[2], int figure)
{
    double more = scrapes[1].figures[figure] - scrapes[0].figures[figure];

    return more > 0 ? more : 0;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static double value_of(const rk_scrape scrapes[2], double seconds, int line)
{
    int figure = (int)lines[line].figure, per = lines[line].per;
    double more = growth(scrapes, figure);

    switch (lines[line].how) {
    case SHOW_RATE:
        return ratio(more, seconds);
    case SHOW_MEAN:
        return 1000 * ratio(more, growth(scrapes, per));
    case SHOW_SHARE:
        return 100 * ratio(more, more + growth(scrapes, per));
    case SHOW_LATENCY:
        return 1000 * rk_scrape_quantile(&scrapes[0], &scrapes[1], per / 100.0);
    default:
        return scrapes[1].figures[figure];
    }
}

/* --- showing --- */

static bool begins_group(int line)
{
    return line == 0 || strcmp(lines[line].group, lines[line - 1].group) != 0;
}

static void print_json(const view *it)
{
    for (int i = 0; i < LINES; i++) {
        if (begins_group(i))
            printf("%s\"%s\":{", i ? "}," : "{", lines[i].group);
        printf("%s\"%s\":%.6g", begins_group(i) ? "" : ",", lines[i].name, it->values[i]);
    }
    puts("}}");
}

/* "errors_per_second" as "errors": the unit is behind the number. */
static int words_length(const char *name)
{
    static const char *const ends[] = {"per_second", "_ms", "_seconds", "_percent"};
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const char *end = strstr(name, ends[i]);

        if (end)
            length = (size_t)(end - name);
    }
    return (int)(length && name[length - 1] == '_' ? length - 1 : length);
}

static void print_frame(const view *it)
{
    bool terminal = isatty(STDOUT_FILENO);

    printf("%s%s, %lld s\n", terminal ? "\033[H\033[J" : "", it->url, (long long)it->interval_s);
    for (int i = 0; i < LINES; i++) {
        char words[64];

        snprintf(words, sizeof(words), "%.*s", words_length(lines[i].name), lines[i].name);
        for (char *c = words; *c; c++)
            if (*c == '_')
                *c = ' ';
        printf("%-11s %-10s %12.*f %s\n", begins_group(i) ? lines[i].group : "", words,
               lines[i].how == SHOW_NOW ? 0 : 1, it->values[i], lines[i].unit);
    }
    if (!terminal && !it->once)
        putchar('\n');
}

/* --- the command --- */

static void wait_for(int64_t seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static rk_exit run(rk_cli *cli, view *it)
{
    const char *url = rk_cli_format(cli, "%s/metrics", it->url);
    rk_scrape scrapes[2];
    double at_s[2];
    rk_exit status = scrape(&scrapes[0], &at_s[0], cli, url);

    while (status == RK_EXIT_OK) {
        wait_for(it->interval_s);
        status = scrape(&scrapes[1], &at_s[1], cli, url);
        if (status != RK_EXIT_OK)
            break;
        for (int i = 0; i < LINES; i++)
            it->values[i] = value_of(scrapes, at_s[1] - at_s[0], i);
        (it->json ? print_json : print_frame)(it);
        status = rk_cli_flush();
        if (it->once)
            break;
        scrapes[0] = scrapes[1];
        at_s[0] = at_s[1];
    }
    return status;
}

static const char *url_of(rk_cli *cli)
{
    const char *env = rk_cli_format(cli, "%s/env", rk_cli_folder(cli));
    const char *url = rk_cli_given(cli, RK_OPTION_URL) ? cli->options[RK_OPTION_URL]
                                                       : rk_cli_env_value(cli, env, "RENKU_URL");
    size_t length = url ? strlen(url) : 0;

    while (length && url[length - 1] == '/')
        length--;
    return length ? rk_cli_format(cli, "%.*s", (int)length, url) : NULL;
}

rk_exit rk_cli_top(rk_cli *cli)
{
    view it = {
        .url = url_of(cli),
        .interval_s =
            rk_cli_number(cli, RK_OPTION_INTERVAL, DEFAULT_INTERVAL_S, LONGEST_INTERVAL_S),
        .json = rk_cli_given(cli, RK_OPTION_JSON),
        .once = rk_cli_given(cli, RK_OPTION_ONCE),
    };

    if (it.interval_s < 0)
        return RK_EXIT_USAGE;
    if (it.interval_s == 0)
        return rk_cli_usage(cli, "'--interval' takes a number of seconds from 1");
    if (it.url)
        return run(cli, &it);
    (void)rk_cli_fail("there is no local installation in '%s': name the server with --url",
                      rk_cli_folder(cli));
    return RK_EXIT_NOT_FOUND;
}
