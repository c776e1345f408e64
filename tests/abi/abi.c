/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/abi.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static abi_test *tests;

void abi_add(abi_test *test)
{
    test->next = tests;
    tests = test;
}

/* --- expectations ----------------------------------------------------------------------------- */

void abi_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    char *log = abi_log();

    fprintf(stderr, "\nlog:\n%s\n", log ? log : "");
    _exit(1);
}

void abi_same_text(const char *file, int line, const char *actual, const char *wanted)
{
    if (!actual || !wanted ? actual != wanted : strcmp(actual, wanted) != 0)
        abi_fail(file, line, "\"%s\" instead of \"%s\"", actual ? actual : "(null)",
                 wanted ? wanted : "(null)");
}

void abi_same_int(const char *file, int line, const char *what, long long actual, long long wanted)
{
    if (actual != wanted)
        abi_fail(file, line, "%s is %lld instead of %lld", what, actual, wanted);
}

renku_result *abi_good(const char *file, int line, renku_result *result)
{
    if (!renku_result_ok(result))
        abi_fail(file, line, "%d/%d (error %d) %s", renku_result_status(result),
                 renku_result_code(result), renku_result_error(result),
                 renku_result_message(result));
    return result;
}

void abi_refused(const char *file, int line, renku_result *result, int error, const char *says)
{
    if (!result)
        abi_fail(file, line, "the result is NULL");
    if (renku_result_ok(result) || renku_result_error(result) != error ||
        !strstr(renku_result_message(result), says))
        abi_fail(file, line, "%d/%d, error %d instead of %d, \"%s\" instead of \"%s\"",
                 renku_result_status(result), renku_result_code(result), renku_result_error(result),
                 error, renku_result_message(result), says);
    if (renku_result_type(result, "/error/message") != RENKU_TYPE_TEXT)
        abi_fail(file, line, "no error body: %s", renku_result_body(result, NULL));
    renku_result_free(result);
}

/* --- contexts --------------------------------------------------------------------------------- */

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char *log_text;
static size_t log_size;

static void take_line(void *user, int level, const char *line)
{
    size_t length = strlen(line);

    (void)level;
    if (user != &log_lock)
        abort();
    pthread_mutex_lock(&log_lock);
    log_text = realloc(log_text, log_size + length + 2);
    memcpy(log_text + log_size, line, length);
    log_size += length;
    log_text[log_size++] = '\n';
    log_text[log_size] = '\0';
    pthread_mutex_unlock(&log_lock);
}

char *abi_log(void)
{
    pthread_mutex_lock(&log_lock);
    char *copy = strdup(log_text ? log_text : "");

    pthread_mutex_unlock(&log_lock);
    return copy;
}

const char *abi_env(const char *name)
{
    const char *value = getenv(name);

    if (!value)
        FAIL("%s is not set", name);
    return value;
}

renku_config *abi_config(void)
{
    renku_config *config = renku_config_new();

    EXPECT(config);
    EXPECT(renku_config_from_environment(config) == 0);
    renku_config_log(config, take_line, &log_lock);
    return config;
}

renku_ctx *abi_open_with(const char *name, const char *value)
{
    renku_config *config = abi_config();
    renku_ctx *ctx = NULL;

    if (name)
        EXPECT(renku_config_set(config, name, value) == 0);
    DONE(renku_ctx_new(&ctx, config));
    EXPECT(ctx);
    renku_config_free(config);
    return ctx;
}

renku_ctx *abi_open(void)
{
    return abi_open_with(NULL, NULL);
}

/* --- people and projects ---------------------------------------------------------------------- */

renku_caller *abi_person(renku_ctx *ctx, const char *variable)
{
    renku_caller *caller = NULL;

    DONE(renku_caller_from_token(&caller, ctx, abi_env(variable)));
    EXPECT(caller);
    DONE(renku_user_me(ctx, caller, NULL));
    return caller;
}

renku_caller *abi_jane(renku_ctx *ctx)
{
    return abi_person(ctx, "ABI_JANE");
}

const char *abi_unique(const char *prefix)
{
    static _Thread_local char text[64];
    static atomic_int number;

    snprintf(text, sizeof(text), "%s-%d-%d", prefix, (int)getpid(), atomic_fetch_add(&number, 1));
    return text;
}

const char *abi_project(renku_ctx *ctx, const renku_caller *caller, const char *name_space)
{
    static _Thread_local char id[32];
    char body[256];

    snprintf(body, sizeof(body),
             "{\"name\":\"%s\",\"namespace\":\"%s\",\"documentation\":\"text\"}",
             abi_unique("project"), name_space);
    renku_result *made = GOOD(renku_project_create(ctx, caller, body, NULL));

    EXPECT(renku_result_text(made, "/id"));
    snprintf(id, sizeof(id), "%s", renku_result_text(made, "/id"));
    renku_result_free(made);
    return id;
}

/* --- the database ----------------------------------------------------------------------------- */

PGconn *abi_connect(void)
{
    const char *const names[] = {"host", "port", "user", "password", "dbname", NULL};
    const char *const values[] = {abi_env("DB_HOST"),     abi_env("DB_PORT"), abi_env("DB_USER"),
                                  abi_env("DB_PASSWORD"), abi_env("DB_NAME"), NULL};
    PGconn *db = PQconnectdbParams(names, values, 0);

    if (PQstatus(db) != CONNECTION_OK)
        FAIL("%s", PQerrorMessage(db));
    abi_sql(db, "SET application_name = 'abi'");
    return db;
}

static PGresult *run_sql(PGconn *db, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static PGresult *run_sql(PGconn *db, const char *format, va_list arguments)
{
    char sql[1024];

    vsnprintf(sql, sizeof(sql), format, arguments);
    PGresult *result = PQexec(db, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        FAIL("%s: %s", sql, PQresultErrorMessage(result));
    return result;
}

void abi_sql(PGconn *db, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    PQclear(run_sql(db, format, arguments));
    va_end(arguments);
}

long long abi_number(PGconn *db, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    PGresult *result = run_sql(db, format, arguments);
    va_end(arguments);
    EXPECT(PQntuples(result) == 1);
    long long number = atoll(PQgetvalue(result, 0, 0));

    PQclear(result);
    return number;
}

void abi_until(PGconn *db, long long wanted, const char *sql)
{
    long long end = abi_now_ms() + 10000;

    while (abi_number(db, "%s", sql) != wanted) {
        if (abi_now_ms() > end)
            FAIL("not within ten seconds: %lld from %s", wanted, sql);
        abi_pause_ms(5);
    }
}

long long abi_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void abi_pause_ms(int milliseconds)
{
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

    nanosleep(&pause, NULL);
}

/* --- the program ------------------------------------------------------------------------------ */

/* Only the program that makes allocations fail has it. */
__attribute__((weak)) int abi_oom(const char *operation, const char *of);

int main(int count, char **arguments)
{
    if (count == 3 && abi_oom)
        return abi_oom(arguments[1], arguments[2]);
    for (abi_test *test = tests; test && count == 2; test = test->next) {
        if (strcmp(test->name, arguments[1]) != 0)
            continue;
        test->run();
        free(log_text);
        return 0;
    }
    fprintf(stderr, "usage: %s TEST\n", arguments[0]);
    return 2;
}
