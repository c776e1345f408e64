/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one project over and over, for tests/bench/python.py: `call USER_ID PROJECT_ID`, settings
 * from the environment. For each number on the standard input, that many calls; answers with the
 * microseconds of one, by the clock and of the processor. */
#include <renku/renku.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Frees the result of a step that has to succeed. */
static void done(renku_result *result)
{
    if (!renku_result_ok(result)) {
        (void)fprintf(stderr, "call: %s\n", renku_result_message(result));
        exit(1);
    }
    renku_result_free(result);
}

static void measure(renku_ctx *ctx, const renku_caller *caller, const char *project, long calls)
{
    double clock = now_us(CLOCK_MONOTONIC), cpu = now_us(CLOCK_THREAD_CPUTIME_ID);

    for (long i = 0; i < calls; i++)
        done(renku_project_get(ctx, caller, project, NULL, NULL));
    cpu = now_us(CLOCK_THREAD_CPUTIME_ID) - cpu;
    clock = now_us(CLOCK_MONOTONIC) - clock;
    printf("%f %f\n", clock / (double)calls, cpu / (double)calls);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    renku_config *config = renku_config_new();
    renku_ctx *ctx = NULL;
    renku_caller *caller = NULL;
    long calls;

    if (argc != 3 || !config || renku_config_from_environment(config) < 0)
        return 2;
    done(renku_ctx_new(&ctx, config));
    done(renku_caller_from_user(&caller, ctx, argv[1]));
    while (scanf("%ld", &calls) == 1)
        measure(ctx, caller, argv[2], calls);
    renku_caller_free(caller);
    renku_ctx_free(ctx);
    renku_config_free(config);
    return 0;
}
