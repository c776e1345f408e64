/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/cancel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "renku/call.h"

struct renku_cancel {
    atomic_bool set;
    int fd;
};

renku_cancel *renku_cancel_new(void)
{
    renku_cancel *cancel = calloc(1, sizeof(*cancel));

    if (!cancel)
        return NULL;
    cancel->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancel->fd >= 0)
        return cancel;
    free(cancel);
    return NULL;
}

void renku_cancel_now(renku_cancel *cancel)
{
    if (!cancel)
        return;
    atomic_store(&cancel->set, true);
    (void)eventfd_write(cancel->fd, 1); /* fails only when it is readable already */
}

void renku_cancel_free(renku_cancel *cancel)
{
    if (!cancel)
        return;
    (void)close(cancel->fd); /* nothing was written to it */
    free(cancel);
}

bool rk_cancel_is_set(const renku_cancel *cancel)
{
    return cancel && atomic_load(&cancel->set);
}

int rk_cancel_fd(const renku_cancel *cancel)
{
    return cancel ? cancel->fd : -1;
}
