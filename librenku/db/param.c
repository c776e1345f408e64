/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "librenku/base/buf.h"
#include "librenku/base/time.h"
#include "librenku/db/db.h"

rk_param rk_text(const char *text)
{
    return (rk_param){.text = text};
}

rk_param rk_int(int64_t value)
{
    rk_param param = {.inside = true};

    (void)snprintf(param.own, sizeof param.own, "%" PRId64, value); /* has at most 20 characters */
    return param;
}

rk_param rk_maybe_int(rk_opt_int value)
{
    return value.set ? rk_int(value.value) : rk_text(NULL);
}

rk_param rk_bool(bool value)
{
    return rk_text(value ? "t" : "f");
}

rk_param rk_maybe_bool(rk_opt_bool value)
{
    return value.set ? rk_bool(value.value) : rk_text(NULL);
}

/* Points in time before the year 1 have no ISO form: they are sent as the earliest of all. */
rk_param rk_micros(int64_t micros)
{
    static const int64_t year_one = INT64_C(-62135596800000000);
    char text[RK_TIME_TEXT_MAX];
    rk_param param = {.inside = true};
    rk_instant instant = rk_instant_of(micros);

    if (micros < year_one)
        return rk_text("-infinity");
    rk_instant_print(text, &instant);
    /* years have at most 6 digits: it fits */
    (void)snprintf(param.own, sizeof param.own, "%.31s", text);
    return param;
}

/* Spec: PostgreSQL, "Array Input and Output Syntax" */
static void add_item(rk_buf *buf, const char *text)
{
    if (!text) {
        rk_buf_text(buf, "NULL");
        return;
    }
    rk_buf_char(buf, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            rk_buf_char(buf, '\\');
        rk_buf_char(buf, *c);
    }
    rk_buf_char(buf, '"');
}

rk_param rk_texts(rk_op *op, const rk_strings *texts)
{
    rk_buf buf;

    if (!texts->set)
        return rk_text(NULL);
    rk_buf_begin(&buf, op, 64);
    rk_buf_char(&buf, '{');
    for (size_t i = 0; i < texts->count; i++) {
        if (i > 0)
            rk_buf_char(&buf, ',');
        add_item(&buf, texts->items[i]);
    }
    rk_buf_char(&buf, '}');
    return rk_text(rk_buf_finish(&buf) < 0 ? NULL : buf.text);
}
