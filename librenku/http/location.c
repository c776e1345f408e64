/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/http/location.h"

void rk_location_print(rk_buf *out, const rk_location *location)
{
    if (!location)
        return;
    if (location->outer) {
        rk_location_print(out, location->outer);
        rk_buf_char(out, '.');
    }
    if (location->name)
        rk_buf_text(out, location->name);
    else
        rk_buf_printf(out, "%zu", location->index);
}
