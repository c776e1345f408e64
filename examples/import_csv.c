/* SPDX-License-Identifier: Apache-2.0 */
/* Creates a project for each line of a CSV file: name,namespace,visibility. A first line that says
 * so is a heading. What exists already is left alone, so that a broken run can be repeated.
 *
 * usage: RENKU_TOKEN=... import_csv SETTINGS FILE */
#include "example.h"

#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 3 };

static const char *const columns[COLUMNS] = {"name", "namespace", "visibility"};

/* The next field of a line, its quotes undone, in place; NULL at the end. */
static char *next_field(char **rest)
{
    char *in = *rest, *field = in, *out = in;
    int quoted = 0;

    if (!in)
        return NULL;
    for (; *in && (quoted || *in != ','); in++) {
        if (*in != '"')
            *out++ = *in;
        else if (quoted && in[1] == '"')
            *out++ = *in++;
        else
            quoted = !quoted;
    }
    *rest = *in ? in + 1 : NULL;
    *out = '\0';
    return field;
}

static struct json_object *body_of(char *line)
{
    struct json_object *body = json_object_new_object();

    for (int i = 0; i < COLUMNS; i++) {
        const char *field = next_field(&line);

        if (field && *field)
            json_object_object_add(body, columns[i], json_object_new_string(field));
    }
    return body;
}

/* 1 created, 0 existed, -1 failed after a message. */
static int import_line(renku_ctx *ctx, renku_caller *caller, char *line, int number)
{
    struct json_object *body = body_of(line);
    renku_result *result =
        renku_project_create(ctx, caller, json_object_to_json_string(body), NULL);
    int error = renku_result_error(result);

    if (error != RENKU_OK && error != RENKU_ECONFLICT)
        fprintf(stderr, "line %d: %s\n", number, renku_result_message(result));
    renku_result_free(result);
    json_object_put(body);
    return error == RENKU_OK ? 1 : error == RENKU_ECONFLICT ? 0 : -1;
}

static int import_all(renku_ctx *ctx, renku_caller *caller, FILE *file)
{
    char *line = NULL;
    size_t capacity = 0;
    int counts[3] = {0}, number = 0;

    while (getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (++number == 1 && strncmp(line, "name,", 5) == 0)
            continue;
        if (*line)
            counts[import_line(ctx, caller, line, number) + 1]++;
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r%d lines ", number);
    }
    free(line);
    printf("%d created, %d were there, %d failed\n", counts[2], counts[1], counts[0]);
    return counts[0] ? 1 : 0;
}

int main(int count, char **words)
{
    FILE *file = count == 3 ? fopen(words[2], "r") : NULL;

    if (!file) {
        fprintf(stderr, "usage: %s SETTINGS FILE (which can be read)\n", *words);
        return 2;
    }
    renku_ctx *ctx = open_context(words[1]);
    renku_caller *caller = open_caller(ctx);
    int status = import_all(ctx, caller, file);

    (void)fclose(file);
    renku_caller_free(caller);
    renku_ctx_free(ctx);
    return status;
}
