/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/lines.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 512 };

typedef struct {
    lines_answer *answer;
    char *text;
} task;

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void print(json_object *answer)
{
    pthread_mutex_lock(&output);
    printf("%s\n", json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN));
    fflush(stdout);
    pthread_mutex_unlock(&output);
}

static void *run_line(void *arg)
{
    task *it = arg;
    json_object *request = json_tokener_parse(it->text);
    json_object *answer = json_object_new_object();

    json_object_object_add(answer, "n", json_object_get(json_object_object_get(request, "n")));
    it->answer(answer, request);
    print(answer);
    json_object_put(answer);
    json_object_put(request);
    free(it->text);
    free(it);
    return NULL;
}

static void start(pthread_t *thread, lines_answer *answer, const char *text)
{
    task *it = malloc(sizeof(*it));

    if (!it)
        abort();
    *it = (task){answer, strdup(text)};
    if (!it->text || pthread_create(thread, NULL, run_line, it) != 0)
        abort();
}

static void join(const pthread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

void lines_run(lines_answer *answer)
{
    static pthread_t threads[THREADS_MAX];
    size_t count = 0, size = 0;
    char *text = NULL;

    while (getline(&text, &size, stdin) > 0) {
        if (count == THREADS_MAX) {
            join(threads, count);
            count = 0;
        }
        start(&threads[count++], answer, text);
    }
    join(threads, count);
    free(text);
}

const char *text_of(json_object *request, const char *name)
{
    return json_object_get_string(json_object_object_get(request, name));
}

int64_t int_of(json_object *request, const char *name)
{
    return json_object_get_int64(json_object_object_get(request, name));
}

const char *from_environment(void *user, const char *name)
{
    (void)user;
    return getenv(name);
}

void log_line(void *user, int level, const char *line)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", line);
}
