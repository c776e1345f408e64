/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/notification/core.h"

#include <json-c/json.h>
#include <string.h>

#include "tests/unit/unit.h"

#define LABELS "{\"safe_username\":\"u-1\",\"statefulset\":\"s-1\",\"alertname\":\"High\"}"
#define TEXTS "{\"title\":\"Memory\",\"description\":\"90%\"}"

/* Spec: notifications.md 3.4; what is missing first, NULL is nothing */
static const struct {
    const char *labels, *annotations, *missing;
    int quiet;
} alerts[] = {
    {LABELS,                                                               TEXTS,                                    NULL,            0},
    {"{}",                                                                 "{}",                                     "safe_username", 0},
    {"{\"safe_username\":\"\",\"statefulset\":\"s\",\"alertname\":\"h\"}", TEXTS,                                    "safe_username",
     0                                                                                                                                 },
    {"{\"safe_username\":\"u\",\"alertname\":\"h\"}",                      "{}",                                     "statefulset",   1},
    {"{\"safe_username\":\"u\",\"statefulset\":\"\"}",                     TEXTS,                                    "statefulset",   1},
    {"{\"safe_username\":\"u\",\"statefulset\":\"s\"}",                    "{\"description\":\"d\"}",                "title",         0},
    {LABELS,                                                               "{\"title\":\"t\",\"description\":\"\"}", "description",   0},
    {"{\"safe_username\":\"u\",\"statefulset\":\"s\"}",                    TEXTS,                                    "alertname",     0},
    {"{\"title\":\"t\",\"safe_username\":\"u\",\"statefulset\":\"s\"}",    "{\"alertname\":\"h\"}",
     "title",                                                                                                                         0},
};

START_TEST(an_alert_gives_a_notice_or_what_is_missing)
{
    const rk_alertmanager_alert alert = {
        .labels = json_tokener_parse(alerts[_i].labels),
        .annotations = json_tokener_parse(alerts[_i].annotations),
    };
    rk_notice notice;
    const rk_notice_source *missing = rk_notice_read(&notice, &alert);

    ck_assert_pstr_eq(missing ? missing->name : NULL, alerts[_i].missing);
    ck_assert_int_eq(missing && missing->quiet, alerts[_i].quiet);
    if (!missing) {
        ck_assert_str_eq(notice.user_id, "u-1");
        ck_assert_str_eq(notice.session_name, "s-1");
        ck_assert_str_eq(notice.event_type, "High");
        ck_assert_str_eq(notice.title, "Memory");
        ck_assert_str_eq(notice.message, "90%");
    }
    json_object_put(alert.labels);
    json_object_put(alert.annotations);
}
END_TEST

/* Spec: notifications.md 2 */
START_TEST(a_session_name_has_1_to_99_characters)
{
    char name[300] = "";

    ck_assert(!rk_session_name_fits(name));
    for (int i = 0; i < 99; i++)
        strcat(name, "\xc3\xa4");
    ck_assert(rk_session_name_fits("x"));
    ck_assert(rk_session_name_fits(name));
    ck_assert(!rk_session_name_fits(strcat(name, "x")));
}
END_TEST

UNIT_SUITE(notification)
{
    unit_table(unit_case(suite, "notifications.md 3.4"), an_alert_gives_a_notice_or_what_is_missing,
               alerts);
    tcase_add_test(unit_case(suite, "notifications.md 2"), a_session_name_has_1_to_99_characters);
}
