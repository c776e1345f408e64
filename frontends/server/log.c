/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/log.h"

#include <stdarg.h>
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

static int least_level(void)
{
    const char *wanted = getenv("LOG_APP_LEVEL");

    for (size_t i = 0; wanted && i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcasecmp(levels[i].name, wanted) == 0)
            return levels[i].level;
    return RK_LOG_INFO;
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

static void escape(char *out, size_t room, const char *text)
{
    size_t at = 0;

    for (; *text && at + 8 < room; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == '"' || c == '\\')
            at += (size_t)sprintf(out + at, "\\u%04x", c);
        else
            out[at++] = (char)c;
    }
    out[at] = '\0';
}

void rk_log(int level, const char *format, ...)
{
    char message[1024], safe[2048], line[3072], when[64];
    const char *style = getenv("LOG_FORMAT_STYLE");
    va_list arguments;

    if (level < least_level())
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    timestamp(when, sizeof(when));
    if (style && strcasecmp(style, "json") == 0) {
        escape(safe, sizeof(safe), message);
        snprintf(line, sizeof(line),
                 "{\"timestamp\":\"%s\",\"level\":\"%s\",\"message\":\"%s\",\"name\":\"" LOGGER
                 "\",\"levelno\":%d,\"pathname\":\"frontends/"
                 "server\",\"module\":\"server\",\"filename\":\"server\","
                 "\"lineno\":0,\"request_id\":null,\"trace_id\":null,\"process\":%d,\"threadName\":"
                 "\"MainThread\"}",
                 when, name_of(level), safe, level, (int)getpid());
    } else {
        snprintf(line, sizeof(line), "%s [%s] %d/MainThread " LOGGER " (server:0) [-][-] - %s",
                 when, name_of(level), (int)getpid(), message);
    }
    rk_log_line(NULL, level, line);
}
