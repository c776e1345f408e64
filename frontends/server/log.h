/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_LOG_H
#define RK_LOG_H

/* Log lines of the front itself, in the form of the library's, to standard error. Spec:
 * foundations.md 14 */

enum { RK_LOG_DEBUG = 10, RK_LOG_INFO = 20, RK_LOG_WARNING = 30, RK_LOG_ERROR = 40 };

/* Writes one finished line; a renku_log_callback. */
void rk_log_line(void *user, int level, const char *line);
/* Writes a record of the logger renku_data_services.server. */
#define rk_log(level, ...) rk_log_from(__FILE__, __LINE__, level, __VA_ARGS__)
void rk_log_from(const char *file, int line, int level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
