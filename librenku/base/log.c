/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "librenku/base/buf.h"
#include "librenku/base/letters.h"
#include "librenku/base/time.h"
#include "librenku/base/trace.h"

#define OUR_LOGGERS "renku_data_services"

static const struct {
    const char *name;
    int level;
} levels[] = {
    {"CRITICAL", RK_LOG_CRITICAL},
    {"ERROR",    RK_LOG_ERROR   },
    {"WARNING",  RK_LOG_WARNING },
    {"INFO",     RK_LOG_INFO    },
    {"DEBUG",    RK_LOG_DEBUG   },
    {"NOTSET",   RK_LOG_NOTSET  },
    {"FATAL",    RK_LOG_CRITICAL},
    {"WARN",     RK_LOG_WARNING },
};

typedef struct {
    const char *time, *level, *logger, *path, *file, *message;
    const char *request_id; /* NULL when there is none */
    const char *trace_id;   /* likewise */
    const char *thread;
    int levelno, line;
} record;

int rk_log_level_of(const char *name)
{
    for (size_t i = 0; i < RK_COUNT(levels); i++)
        if (rk_letters_equal(levels[i].name, name))
            return levels[i].level;
    return -1;
}

static const char *level_name(int level)
{
    for (size_t i = 0; i < RK_COUNT(levels); i++)
        if (levels[i].level == level)
            return levels[i].name;
    return "NOTSET";
}

/* Whether @p logger is @p parent or stands below it. */
static bool is_below(const char *logger, const char *parent)
{
    size_t length = strlen(parent);

    return strncmp(logger, parent, length) == 0 &&
           (logger[length] == '\0' || logger[length] == '.');
}

/* The rule that stands nearest to the logger counts. */
static int level_for(const rk_log *log, const char *logger)
{
    int level = is_below(logger, OUR_LOGGERS) ? log->app_level : log->root_level;
    size_t nearest = 0;

    for (int i = 0; i < log->rule_count; i++) {
        size_t length = strlen(log->rules[i].logger);

        if (length < nearest || !is_below(logger, log->rules[i].logger))
            continue;
        nearest = length;
        level = log->rules[i].level;
    }
    return level;
}

bool rk_log_wants(const rk_log *log, int level, const char *logger)
{
    return log && log->sink && level >= level_for(log, logger);
}

static const char *timestamp(rk_op *op)
{
    char date[32];
    int64_t micros = rk_time_now();
    time_t seconds = (time_t)(micros / 1000000);
    struct tm local;

    if (!localtime_r(&seconds, &local) ||
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &local) == 0)
        return "-";
    return rk_printf(op, "%s.%06d", date, (int)(micros % 1000000));
}

static const char *thread_name(rk_op *op)
{
    char name[16];

    if (gettid() == getpid())
        return "MainThread";
    if (pthread_getname_np(pthread_self(), name, sizeof name) != 0)
        return "-";
    return rk_strdup(op, name);
}

/* From the root of the source tree on, wherever it was built. */
static const char *path_in_tree(const char *file)
{
    const char *found = strstr(file, "librenku/");

    for (const char *next = found; next; next = strstr(next + 1, "librenku/"))
        found = next;
    return found ? found : file;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* One record is one line, whatever a client has sent. */
static void add_printable(rk_buf *line, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '\n')
            rk_buf_text(line, "\\n");
        else if ((c < 0x20 && c != '\t') || c == 0x7f)
            rk_buf_printf(line, "\\x%02x", c);
        else
            rk_buf_char(line, (char)c);
    }
}

static void write_plain(rk_buf *line, const record *entry)
{
    rk_buf_printf(line, "%s [%s] %d/%s %s (%s:%d) [", entry->time, entry->level, (int)getpid(),
                  entry->thread, entry->logger, entry->file, entry->line);
    add_printable(line, entry->request_id ? entry->request_id : "-");
    rk_buf_text(line, "][");
    rk_buf_text(line, entry->trace_id ? entry->trace_id : "-");
    rk_buf_text(line, "] - ");
    add_printable(line, entry->message);
}

static void add_member(rk_buf *line, const char *name, const char *text)
{
    rk_buf_printf(line, ",\"%s\":", name);
    rk_buf_json_text(line, text);
}

static void write_json(rk_buf *line, const record *entry)
{
    rk_buf_text(line, "{\"timestamp\":");
    rk_buf_json_text(line, entry->time);
    add_member(line, "level", entry->level);
    add_member(line, "message", entry->message);
    add_member(line, "name", entry->logger);
    rk_buf_printf(line, ",\"levelno\":%d", entry->levelno);
    add_member(line, "pathname", entry->path);
    rk_buf_text(line, ",\"module\":");
    rk_buf_json_text_n(line, entry->file, strcspn(entry->file, "."));
    add_member(line, "filename", entry->file);
    rk_buf_printf(line, ",\"lineno\":%d", entry->line);
    add_member(line, "request_id", entry->request_id);
    add_member(line, "trace_id", entry->trace_id);
    rk_buf_printf(line, ",\"process\":%d", (int)getpid());
    add_member(line, "threadName", entry->thread);
    rk_buf_char(line, '}');
}

static int write_record(rk_op *memory, const rk_log *log, record *entry)
{
    rk_buf line;

    entry->time = timestamp(memory);
    entry->thread = thread_name(memory);
    RK_CHECK(entry->time);
    RK_CHECK(entry->thread);
    rk_buf_begin(&line, memory, 256);
    if (log->json)
        write_json(&line, entry);
    else
        write_plain(&line, entry);
    RK_TRY(rk_buf_finish(&line));
    log->sink(log->user, entry->levelno, line.text);
    return 0;
}

static const char lost[] = "out of memory: a log line is lost";

static int write_message(rk_op *memory, const rk_op *op, record *entry, const char *message)
{
    RK_CHECK(message);
    entry->message = message;
    entry->request_id = op->request_id;
    entry->trace_id = op->trace ? op->trace->id : NULL;
    return write_record(memory, op->log, entry);
}

void rk_log_write(const struct rk_op *op, int level, rk_log_place place, const char *format, ...)
{
    const rk_log *log = op ? op->log : NULL;
    char logger[128];
    va_list arguments;
    rk_op memory;

    (void)snprintf(logger, sizeof logger, OUR_LOGGERS ".%s",
                   place.room); /* rooms have short names */
    if (!rk_log_wants(log, level, logger))
        return;
    if (rk_op_begin(&memory) < 0) {
        log->sink(log->user, level, lost);
        return;
    }

    record entry = {.level = level_name(level),
                    .logger = logger,
                    .path = path_in_tree(place.file),
                    .file = file_name(place.file),
                    .levelno = level,
                    .line = place.line};

    va_start(arguments, format);
    if (write_message(&memory, op, &entry, rk_vprintf(&memory, format, arguments)) < 0)
        log->sink(log->user, level, lost);
    va_end(arguments);
    rk_op_end(&memory);
}
