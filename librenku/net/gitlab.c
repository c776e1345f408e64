/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/net/gitlab.h"

#include <string.h>

int rk_gitlab_url(const char **out, rk_op *op, const rk_settings *settings)
{
    const char *url = rk_settings_text(settings, RK_SET_GITLAB_URL);

    *out = NULL;
    if (!rk_settings_bool(settings, RK_SET_ENABLE_INTERNAL_GITLAB) || !url || !*url)
        return 0;
    size_t length = strlen(url);

    while (length && url[length - 1] == '/')
        length--;
    *out = rk_printf(op, "%s%.*s", strstr(url, "://") ? "" : "https://", (int)length, url);
    RK_CHECK(*out);
    return 0;
}
