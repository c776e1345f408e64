/* SPDX-License-Identifier: Apache-2.0 */
#include "frontends/server/thread.h"

#include <signal.h>
#include <stddef.h>

static void choose_signals(sigset_t *blocked)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

    sigfillset(blocked);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        sigdelset(blocked, own[i]);
}

int rk_thread_start(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
                    void *user)
{
    sigset_t blocked, before;

    choose_signals(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);

    int failed = pthread_create(out, attributes, run, user);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}
