/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/notification/core.h"

#include <json-c/json.h>
#include <stddef.h>

enum { SESSION_NAME_MAX = 99 };

static const char label[] = "label";
static const char annotation[] = "annotation";

/* In the order in which they are looked for. */
static const rk_notice_source sources[] = {
    {label,      "safe_username", offsetof(rk_notice, user_id),      false},
    {label,      "statefulset",   offsetof(rk_notice, session_name), true },
    {annotation, "title",         offsetof(rk_notice, title),        false},
    {annotation, "description",   offsetof(rk_notice, message),      false},
    {label,      "alertname",     offsetof(rk_notice, event_type),   false},
};

static const char *text_of(const rk_alertmanager_alert *alert, const rk_notice_source *source)
{
    struct json_object *texts = source->kind == label ? alert->labels : alert->annotations;
    const char *text = json_object_get_string(json_object_object_get(texts, source->name));

    return text && *text ? text : NULL;
}

const rk_notice_source *rk_notice_read(rk_notice *out, const rk_alertmanager_alert *alert)
{
    *out = (rk_notice){0};
    for (size_t i = 0; i < RK_COUNT(sources); i++) {
        const char *text = text_of(alert, &sources[i]);

        if (!text)
            return &sources[i];
        *(const char **)((char *)out + sources[i].offset) = text;
    }
    return NULL;
}

bool rk_session_name_fits(const char *name)
{
    size_t count = 0;

    for (; *name; name++)
        count += ((unsigned char)*name & 0xc0) != 0x80;
    return count > 0 && count <= SESSION_NAME_MAX;
}
