/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/sanitizer.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find_runtime(struct dl_phdr_info *library, size_t size, void *found)
{
    (void)size;
    if (!strstr(library->dlpi_name, "libasan.so") && !strstr(library->dlpi_name, "libtsan.so"))
        return 0;
    *(const char **)found = library->dlpi_name;
    return 1;
}

/* The runtime would set itself up at the first allocation, which a library makes under a lock of
 * libc that the runtime takes, too, and leaves broken. The module is linked to be set up first, and
 * begins with the runtime. */
static void load_first(const char *module)
{
    const char *runtime = "", *others = getenv("LD_PRELOAD");
    char text[4096 + 1024];

    dl_iterate_phdr(find_runtime, &runtime);
    snprintf(text, sizeof(text), "%s:%s:%s", runtime, module, others ? others : "");
    setenv("LD_PRELOAD", text, 1);
}

#endif

#if defined(__SANITIZE_ADDRESS__)

#include <sanitizer/lsan_interface.h>
#include <sys/prctl.h>

void rk_sanitizer_prepare(const char *module)
{
    const char *options = getenv("ASAN_OPTIONS");
    char text[4096 + 1024];

    load_first(module);
    /* Kore's parent frees nothing at its end. */
    snprintf(text, sizeof(text), "%s:leak_check_at_exit=0", options ? options : "");
    setenv("ASAN_OPTIONS", text, 1);
}

void rk_sanitizer_ignore(void)
{
    __lsan_disable();
}

void rk_sanitizer_watch(void)
{
    __lsan_enable();
}

void rk_sanitizer_report_leaks(void)
{
    prctl(PR_SET_DUMPABLE, 1); /* the search is done by a tracer */
    __lsan_do_recoverable_leak_check();
}

#else

void rk_sanitizer_prepare(const char *module)
{
#if defined(__SANITIZE_THREAD__)
    load_first(module);
#else
    (void)module;
#endif
}

void rk_sanitizer_ignore(void)
{
}

void rk_sanitizer_watch(void)
{
}

void rk_sanitizer_report_leaks(void)
{
}

#endif
