/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/lines.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librenku/base/settings.h"
#include "librenku/base/time.h"
#include "tests/support/program.h"

enum { THREADS_MAX = 512 };

static const lines_program *program;
static rk_op common; /* what all operations share */
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void print(json_object *answer)
{
    pthread_mutex_lock(&output);
    printf("%s\n", json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN));
    fflush(stdout);
    pthread_mutex_unlock(&output);
}

static int run_command(json_object *answer, rk_op *op, json_object *request)
{
    for (size_t i = 0; i < program->count; i++) {
        if (strcmp(program->commands[i].name, text_of(request, "do")) == 0)
            return program->commands[i].run(answer, op, request);
    }
    return rk_fail(op, RK_ERR_INTERNAL, "unknown command");
}

static void add_failure(json_object *answer, const rk_error *error)
{
    const rk_error_row *row = rk_error_row_of(error->err);

    add_text(answer, "error", row->name);
    add_int(answer, "code", row->code);
    add_int(answer, "status", row->status);
    add_int(answer, "peer", error->peer_status);
    add_text(answer, "message", error->message);
}

static void run_request(json_object *answer, json_object *request)
{
    int64_t begun = rk_time_now();
    rk_op op;

    if (rk_op_begin(&op) < 0)
        abort();
    op.settings = common.settings;
    op.log = common.log;
    op.k8s = common.k8s;
    op.pool = common.pool;
    if (int_of(request, "deadline_ms"))
        op.deadline_ms = rk_time_monotonic_ms() + int_of(request, "deadline_ms");
    if (run_command(answer, &op, request) < 0)
        add_failure(answer, &op.error);
    rk_db_end(&op);
    rk_op_end(&op);
    if (program->tells_time)
        add_int(answer, "took_us", rk_time_now() - begun);
}

static void *run_line(void *text)
{
    json_object *request = json_tokener_parse(text);
    json_object *answer = json_object_new_object();

    json_object_object_add(answer, "n", json_object_get(json_object_object_get(request, "n")));
    run_request(answer, request);
    print(answer);
    json_object_put(answer);
    json_object_put(request);
    free(text);
    return NULL;
}

static void begin_line(pthread_t *thread, const char *text)
{
    char *copy = strdup(text);

    if (!copy || pthread_create(thread, NULL, run_line, copy) != 0)
        abort();
}

static void join(const pthread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void run_lines(void)
{
    static pthread_t threads[THREADS_MAX];
    size_t count = 0, size = 0;
    char *text = NULL;

    while (getline(&text, &size, stdin) > 0) {
        if (count == THREADS_MAX) {
            join(threads, count);
            count = 0;
        }
        begin_line(&threads[count++], text);
    }
    join(threads, count);
    free(text);
}

static int start(rk_op *op)
{
    rk_settings *settings;

    RK_TRY(rk_settings_load(&settings, op, from_environment, NULL));
    op->settings = settings;
    return program->start(op);
}

int lines_main(const lines_program *given)
{
    program = given;
    if (rk_op_begin(&common) < 0)
        return EXIT_FAILURE;
    common.log = &to_stderr;
    int result = start(&common);

    if (result == 0)
        run_lines();
    else
        fprintf(stderr, "%s\n", common.error.message);
    program->stop(&common);
    rk_op_end(&common);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

const char *text_of(json_object *request, const char *name)
{
    return json_object_get_string(json_object_object_get(request, name));
}

int64_t int_of(json_object *request, const char *name)
{
    return json_object_get_int64(json_object_object_get(request, name));
}

void add_text(json_object *answer, const char *name, const char *value)
{
    json_object_object_add(answer, name, value ? json_object_new_string(value) : NULL);
}

void add_int(json_object *answer, const char *name, int64_t value)
{
    json_object_object_add(answer, name, json_object_new_int64(value));
}
