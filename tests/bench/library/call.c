/* SPDX-License-Identifier: Apache-2.0 */
/* How long one call of the library takes beside the bare round trip of its statement.
 *
 * usage: call ENV_FILE USER_ID PROJECT_ID SQL_FILE ROUNDS CALLS [PARAMETER...]
 *
 * Prints, for each round, the nanoseconds of one call and of one round trip, each on the clock and
 * of this process; both run in turns. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <renku/renku.h>

typedef struct {
    renku_ctx *ctx;
    renku_caller *caller;
    const char *project_id;
    PGconn *connection;
    const char *const *values;
    int value_count;
} bench;

static void require(int holds, const char *what, const char *why)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void take(renku_result *result, const char *what)
{
    require(renku_result_ok(result), what, renku_result_message(result));
    renku_result_free(result);
}

static void call_library(const bench *b)
{
    take(renku_project_get(b->ctx, b->caller, b->project_id, NULL, NULL), "project_get");
}

static void call_database(const bench *b)
{
    PGresult *result =
        PQexecPrepared(b->connection, "bench", b->value_count, b->values, NULL, NULL, 0);

    require(PQntuples(result) == 1, "statement", PQerrorMessage(b->connection));
    PQclear(result);
}

typedef struct {
    long long wall, cpu;
} cost;

static long long now(clockid_t clock)
{
    struct timespec time;

    (void)clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Nanoseconds of one call. */
static cost cost_of(void (*call)(const bench *b), const bench *b, int times)
{
    cost begin = {now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID)};

    for (int i = 0; i < times; i++)
        call(b);
    return (cost){(now(CLOCK_MONOTONIC) - begin.wall) / times,
                  (now(CLOCK_PROCESS_CPUTIME_ID) - begin.cpu) / times};
}

static char *read_text(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "r");

    require(file != NULL, path, "cannot be read");
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static void open_library(bench *b, renku_config *config, const char *path, const char *user_id)
{
    take(renku_config_from_file(config, path), path);
    take(renku_ctx_new(&b->ctx, config), "context");
    take(renku_caller_from_user(&b->caller, b->ctx, user_id), "caller");
}

/* A session as the library's are: any other plan would be another statement. */
static void open_database(bench *b, const renku_config *config, const char *sql)
{
    const char *const names[] = {"host", "port", "user", "password", "dbname", NULL};
    const char *const values[] = {
        renku_config_get(config, "DB_HOST"), renku_config_get(config, "DB_PORT"),
        renku_config_get(config, "DB_USER"), renku_config_get(config, "DB_PASSWORD"),
        renku_config_get(config, "DB_NAME"), NULL,
    };

    b->connection = PQconnectdbParams(names, values, 0);
    require(PQstatus(b->connection) == CONNECTION_OK, "database", PQerrorMessage(b->connection));
    PQclear(PQexec(b->connection, "SET plan_cache_mode = force_generic_plan; SET jit = off;"
                                  " SET TimeZone = 'UTC'"));
    PGresult *result = PQprepare(b->connection, "bench", sql, 0, NULL);

    require(PQresultStatus(result) == PGRES_COMMAND_OK, "prepare", PQerrorMessage(b->connection));
    PQclear(result);
}

int main(int count, char **arguments)
{
    renku_config *config = renku_config_new();
    bench b = {0};

    require(count > 6, "usage", "call ENV_FILE USER_ID PROJECT_ID SQL_FILE ROUNDS CALLS ...");
    b.project_id = arguments[3];
    b.values = (const char *const *)arguments + 7;
    b.value_count = count - 7;
    open_library(&b, config, arguments[1], arguments[2]);
    call_library(&b);
    if (strcmp(arguments[4], "-") != 0) {
        open_database(&b, config, read_text(arguments[4]));
        for (int i = 0, rounds = atoi(arguments[5]), calls = atoi(arguments[6]); i < rounds; i++) {
            cost library = cost_of(call_library, &b, calls);
            cost database = cost_of(call_database, &b, calls);

            printf("%lld %lld %lld %lld\n", library.wall, database.wall, library.cpu, database.cpu);
        }
        PQfinish(b.connection);
    } else {
        (void)getchar(); /* whoever started it looks at the connection meanwhile */
    }
    renku_caller_free(b.caller);
    renku_ctx_free(b.ctx);
    renku_config_free(config);
}
