/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LOG_H
#define RK_LOG_H

#include <stdbool.h>

struct rk_op;

typedef enum {
    RK_LOG_NOTSET = 0,
    RK_LOG_DEBUG = 10,
    RK_LOG_INFO = 20,
    RK_LOG_WARNING = 30,
    RK_LOG_ERROR = 40,
    RK_LOG_CRITICAL = 50,
} rk_log_level;

/* Takes one finished line without its end of line. Threads: may be called from any. */
typedef void rk_log_sink(void *user, int level, const char *line);

typedef struct rk_log_rule {
    const char *logger; /* full name */
    int level;
} rk_log_rule;

/* Where records go and how they look. Read-only once set up. Spec: foundations.md 14 */
typedef struct rk_log {
    rk_log_sink *sink; /* NULL is silent */
    void *user;
    bool json;
    int root_level;
    int app_level;
    const rk_log_rule *rules;
    int rule_count;
} rk_log;

/* The level of a name in any case; -1 when it is none. */
int rk_log_level_of(const char *name);
bool rk_log_wants(const rk_log *log, int level, const char *logger);
/* Which logger writes, and where in the source. @c room is the last part of the logger's name below
 * renku_data_services. */
typedef struct {
    const char *room;
    const char *file;
    int line;
} rk_log_place;

/* Never log secrets. An operation that is NULL or has no log is silent. */
void rk_log_write(const struct rk_op *op, int level, rk_log_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define RK_LOG_PLACE(room) ((rk_log_place){(room), __FILE__, __LINE__})
#define rk_log_error(op, room, ...)                                                                \
    rk_log_write((op), RK_LOG_ERROR, RK_LOG_PLACE(room), __VA_ARGS__)
#define rk_log_warning(op, room, ...)                                                              \
    rk_log_write((op), RK_LOG_WARNING, RK_LOG_PLACE(room), __VA_ARGS__)
#define rk_log_info(op, room, ...) rk_log_write((op), RK_LOG_INFO, RK_LOG_PLACE(room), __VA_ARGS__)
#define rk_log_debug(op, room, ...)                                                                \
    rk_log_write((op), RK_LOG_DEBUG, RK_LOG_PLACE(room), __VA_ARGS__)

#endif
