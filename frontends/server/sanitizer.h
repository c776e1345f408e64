/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_SANITIZER_H
#define RK_SANITIZER_H

/* For builds with a sanitizer, whose runtime must be loaded before Kore, which knows nothing of it.
 * In other builds these do nothing. */

/* Before Kore is started: has the runtime and the module loaded first, and leaves leaks to the
 * workers. */
void rk_sanitizer_prepare(const char *module);
/* What the calling thread allocates between these is nobody's leak. */
void rk_sanitizer_ignore(void);
void rk_sanitizer_watch(void);
/* At the end of a worker, when all is freed: reports what was not. */
void rk_sanitizer_report_leaks(void);

#endif
