/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LOGGER "renku_data_services.server"

enum { TEXT_MAX = 4096 };

static const struct {
    const char *name;
    int level;
} levels[] = {
    {"DEBUG",    10},
    {"INFO",     20},
    {"WARNING",  30},
    {"WARN",     30},
    {"ERROR",    40},
    {"CRITICAL", 50},
    {"FATAL",    50},
    {"NOTSET",   0 },
};

void rk_log_line(void *user, int level, const char *line)
{
    char end[] = "\n";
    struct iovec parts[2] = {
        {(void *)(uintptr_t)line, strlen(line)},
        {end,                     1           },
    };

    (void)user;
    (void)level;
    (void)!writev(STDERR_FILENO, parts, 2); /* there is no other place to complain */
}

static const char *name_of(int level)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (levels[i].level == level)
            return levels[i].name;
    return "INFO";
}

static int level_of(const char *name)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcasecmp(levels[i].name, name) == 0)
            return levels[i].level;
    return RK_LOG_INFO;
}

/* How much of @p item, which ends at a comma, names our logger or one above it; 0 is another. */
static size_t match_logger(const char *item)
{
    item += strspn(item, " \t");
    size_t size = strcspn(item, ", \t");

    return size <= strlen(LOGGER) && memcmp(item, LOGGER, size) == 0 &&
                   (LOGGER[size] == '\0' || LOGGER[size] == '.')
               ? size
               : 0;
}

/* The nearest logger that is named in a list. */
static size_t nearest_in(const char *list)
{
    size_t nearest = 0;

    while (list && *list) {
        size_t size = match_logger(list);

        nearest = size > nearest ? size : nearest;
        list += strcspn(list, ",");
        list += *list == ',';
    }
    return nearest;
}

static int least_level(void)
{
    static const char *const lists[] = {"CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET"};
    const char *wanted = getenv("LOG_APP_LEVEL");
    int level = wanted ? level_of(wanted) : RK_LOG_INFO;
    size_t nearest = 0;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        char name[32];

        snprintf(name, sizeof(name), "%s_LOGGING", lists[i]);
        size_t size = nearest_in(getenv(name));

        if (size == 0 || size < nearest)
            continue;
        nearest = size;
        level = level_of(lists[i]);
    }
    return level;
}

static void timestamp(char *out, size_t size)
{
    struct timeval now;
    struct tm parts;

    gettimeofday(&now, NULL);
    localtime_r(&now.tv_sec, &parts);

    size_t end = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &parts);

    snprintf(out + end, size - end, ".%06ld", (long)now.tv_usec);
}

/* One record is one line, in either form. */
static void escape(char *out, size_t room, const char *text, bool json)
{
    size_t at = 0;

    for (; *text && at + 8 < room; text++) {
        unsigned char c = (unsigned char)*text;

        if (!json && c == '\n')
            at += (size_t)sprintf(out + at, "\\n");
        else if (c < 0x20 || c == 0x7f || (json && (c == '"' || c == '\\')))
            at += (size_t)sprintf(out + at, json ? "\\u%04x" : "\\x%02x", c);
        else
            out[at++] = (char)c;
    }
    out[at] = '\0';
}

/* From the root of the source tree on, wherever it was built. */
static const char *path_in_tree(const char *file)
{
    const char *found = strstr(file, "frontends/");

    return found ? found : file;
}

static bool wants_json(void)
{
    const char *style = getenv("LOG_FORMAT_STYLE");

    return style && strcasecmp(style, "json") == 0;
}

void rk_log_from(const char *file, int line, int level, const char *format, ...)
{
    char message[TEXT_MAX], safe[2 * TEXT_MAX], record[3 * TEXT_MAX], when[64];
    const char *path = path_in_tree(file), *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    bool json = wants_json();
    va_list arguments;

    if (level < least_level())
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    timestamp(when, sizeof(when));
    escape(safe, sizeof(safe), message, json);
    if (json)
        snprintf(record, sizeof(record),
                 "{\"timestamp\":\"%s\",\"level\":\"%s\",\"message\":\"%s\",\"name\":\"" LOGGER
                 "\",\"levelno\":%d,\"pathname\":\"%s\",\"module\":\"%.*s\",\"filename\":\"%s\","
                 "\"lineno\":%d,\"request_id\":null,\"trace_id\":null,\"process\":%d,"
                 "\"threadName\":\"MainThread\"}",
                 when, name_of(level), safe, level, path, (int)strcspn(name, "."), name, name, line,
                 (int)getpid());
    else
        snprintf(record, sizeof(record), "%s [%s] %d/MainThread " LOGGER " (%s:%d) [-][-] - %s",
                 when, name_of(level), (int)getpid(), name, line, safe);
    rk_log_line(NULL, level, record);
}
