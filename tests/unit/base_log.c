/* SPDX-License-Identifier: Apache-2.0 */
#include "librenku/base/log.h"

#include <json-c/json.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static char last_line[4096];
static const char *last_user;
static int last_level;
static int line_count;

static void keep(void *user, int level, const char *line)
{
    last_user = user;
    last_level = level;
    line_count++;
    snprintf(last_line, sizeof last_line, "%s", line);
}

static char user[] = "the user";
static rk_log plain_log = {
    .sink = keep, .user = user, .root_level = RK_LOG_WARNING, .app_level = RK_LOG_INFO};
static rk_log json_log = {.sink = keep,
                          .user = user,
                          .json = true,
                          .root_level = RK_LOG_WARNING,
                          .app_level = RK_LOG_INFO};

static void forget(void)
{
    line_count = 0;
    last_line[0] = '\0';
}

/* Spec: foundations.md 14 */
static const struct {
    const char *name;
    int level;
} levels[] = {
    {"CRITICAL", 50},
    {"FATAL",    50},
    {"ERROR",    40},
    {"WARNING",  30},
    {"WARN",     30},
    {"INFO",     20},
    {"DEBUG",    10},
    {"NOTSET",   0 },
    {"error",    40},
    {"Warn",     30},
    {"",         -1},
    {"VERBOSE",  -1},
    {"INFO ",    -1},
};

START_TEST(a_level_has_a_name_in_any_case)
{
    ck_assert_int_eq(rk_log_level_of(levels[_i].name), levels[_i].level);
}
END_TEST

static void assert_matches(const char *pattern)
{
    regex_t regex;

    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int result = regexec(&regex, last_line, 0, NULL, 0);
    regfree(&regex);
    ck_assert_msg(result == 0, "%s\ndoes not match\n%s", last_line, pattern);
}

/* Spec: foundations.md 14 */
START_TEST(a_plain_record_is_one_line)
{
    op->log = &plain_log;
    op->request_id = "7";
    rk_log_info(op, "users", "hello %s", "world");
    assert_matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6} \\[INFO\\] "
                   "[0-9]+/MainThread renku_data_services\\.users \\(base_log\\.c:[0-9]+\\) "
                   "\\[7\\]\\[-\\] - hello world$");
    ck_assert_int_eq(last_level, RK_LOG_INFO);
    ck_assert_str_eq(last_user, "the user");
}
END_TEST

START_TEST(a_record_outside_of_a_request_has_no_id)
{
    op->log = &plain_log;
    rk_log_error(op, "users", "x");
    ck_assert_ptr_nonnull(strstr(last_line, "[ERROR]"));
    ck_assert_ptr_nonnull(strstr(last_line, ") [-][-] - x"));
}
END_TEST

START_TEST(a_client_cannot_forge_a_line)
{
    op->log = &plain_log;
    op->request_id = "a\nb";
    rk_log_warning(op, "users", "one\r\ntwo\x1b[31m\tthree");
    ck_assert_ptr_nonnull(strstr(last_line, "[a\\nb][-] - one\\x0d\\ntwo\\x1b[31m\tthree"));
    ck_assert_ptr_null(strchr(last_line, '\n'));
}
END_TEST

static const char *text_member(json_object *record, const char *name)
{
    json_object *member;

    ck_assert_msg(json_object_object_get_ex(record, name, &member), "no %s in %s", name, last_line);
    return json_object_get_string(member);
}

/* Spec: foundations.md 14 */
static const struct {
    const char *name, *value; /* NULL: any */
} members[] = {
    {"timestamp",  NULL                         },
    {"level",      "WARNING"                    },
    {"message",    "a \"quoted\"\nline \xc3\xbc"},
    {"name",       "renku_data_services.users"  },
    {"levelno",    "30"                         },
    {"pathname",   "tests/unit/base_log.c"      },
    {"module",     "base_log"                   },
    {"filename",   "base_log.c"                 },
    {"lineno",     NULL                         },
    {"request_id", "7"                          },
    {"process",    NULL                         },
    {"threadName", "MainThread"                 },
};

START_TEST(a_json_record_has_all_members)
{
    op->log = &json_log;
    op->request_id = "7";
    rk_log_warning(op, "users", "a \"%s\"\nline \xc3\xbc", "quoted");
    ck_assert_ptr_null(strchr(last_line, '\n'));

    json_object *record = json_tokener_parse(last_line);

    ck_assert_ptr_nonnull(record);

    const char *value = text_member(record, members[_i].name);

    ck_assert_ptr_nonnull(value);
    if (members[_i].value)
        ck_assert_msg(
            strlen(value) >= strlen(members[_i].value) &&
                strcmp(value + strlen(value) - strlen(members[_i].value), members[_i].value) == 0,
            "%s is %s", members[_i].name, value);
    ck_assert_int_eq(json_object_object_length(record), 13);
    json_object_put(record);
}
END_TEST

START_TEST(a_json_record_without_ids_has_nulls)
{
    op->log = &json_log;
    rk_log_info(op, "users", "x");
    ck_assert_ptr_nonnull(strstr(last_line, "\"request_id\":null,\"trace_id\":null,"));
}
END_TEST

static void *log_from_thread(void *arg)
{
    pthread_setname_np(pthread_self(), "worker-3");
    rk_log_info((rk_op *)arg, "users", "x");
    return NULL;
}

START_TEST(a_record_names_its_thread)
{
    pthread_t thread;

    op->log = &plain_log;
    ck_assert_int_eq(pthread_create(&thread, NULL, log_from_thread, op), 0);
    pthread_join(thread, NULL);
    ck_assert_ptr_nonnull(strstr(last_line, "/worker-3 "));
}
END_TEST

static const rk_log_rule rules[] = {
    {"renku_data_services.users", RK_LOG_DEBUG },
    {"renku_data_services.db",    RK_LOG_ERROR },
    {"libpq",                     RK_LOG_DEBUG },
    {"renku_data_services.db.x",  RK_LOG_NOTSET},
};

/* Spec: foundations.md 14 */
static const struct {
    const char *logger;
    int level;
    bool wanted;
} records[] = {
    {"renku_data_services",           RK_LOG_INFO,    true },
    {"renku_data_services",           RK_LOG_DEBUG,   false},
    {"renku_data_services.other",     RK_LOG_INFO,    true },
    {"renku_data_services.other",     RK_LOG_DEBUG,   false},
    {"renku_data_services.users",     RK_LOG_DEBUG,   true },
    {"renku_data_services.users.sub", RK_LOG_DEBUG,   true },
    {"renku_data_services.usersx",    RK_LOG_DEBUG,   false},
    {"renku_data_services.db",        RK_LOG_WARNING, false},
    {"renku_data_services.db",        RK_LOG_ERROR,   true },
    {"renku_data_services.db.x",      RK_LOG_DEBUG,   true },
    {"renku_data_servicesx",          RK_LOG_INFO,    false},
    {"curl",                          RK_LOG_INFO,    false},
    {"curl",                          RK_LOG_WARNING, true },
    {"libpq",                         RK_LOG_DEBUG,   true },
};

START_TEST(the_nearest_level_decides)
{
    rk_log log = plain_log;

    log.rules = rules;
    log.rule_count = (int)RK_COUNT(rules);
    ck_assert_int_eq(rk_log_wants(&log, records[_i].level, records[_i].logger), records[_i].wanted);
}
END_TEST

START_TEST(the_last_rule_for_a_logger_counts)
{
    static const rk_log_rule twice[] = {
        {"a", RK_LOG_ERROR},
        {"a", RK_LOG_DEBUG}
    };
    rk_log log = plain_log;

    log.rules = twice;
    log.rule_count = 2;
    ck_assert(rk_log_wants(&log, RK_LOG_DEBUG, "a"));
}
END_TEST

START_TEST(what_is_not_wanted_is_not_written)
{
    op->log = &plain_log;
    rk_log_debug(op, "users", "x");
    ck_assert_int_eq(line_count, 0);
}
END_TEST

START_TEST(without_a_sink_the_library_is_silent)
{
    rk_log silent = plain_log;

    silent.sink = NULL;
    rk_log_error(op, "users", "x");
    op->log = &silent;
    rk_log_error(op, "users", "x");
    rk_log_error((rk_op *)NULL, "users", "x");
    ck_assert_int_eq(line_count, 0);
    ck_assert(!rk_log_wants(NULL, RK_LOG_CRITICAL, "x"));
}
END_TEST

START_TEST(without_memory_a_record_says_that_it_is_lost)
{
    op->log = &plain_log;
    unit_fail_allocation(1);
    rk_log_error(op, "users", "x");
    unit_fail_allocation(0);
    ck_assert_int_eq(line_count, 1);
    ck_assert_str_eq(last_line, "out of memory: a log line is lost");
    unit_fail_allocation(2);
    rk_log_error(op, "users", "%100000s", "x");
    unit_fail_allocation(0);
    ck_assert_int_eq(line_count, 2);
    ck_assert_str_eq(last_line, "out of memory: a log line is lost");
}
END_TEST

START_TEST(logging_leaves_the_operation_as_it_is)
{
    size_t used = rk_arena_used(op->arena);

    op->log = &plain_log;
    rk_log_error(op, "users", "%10000s", "x");
    ck_assert_uint_eq(rk_arena_used(op->arena), used);
    ck_assert_int_eq(op->error.err, 0);
}
END_TEST

UNIT_SUITE(base_log)
{
    TCase *tcase = unit_case(suite, "foundations.md 14");

    tcase_add_checked_fixture(tcase, forget, NULL);
    unit_table(tcase, a_level_has_a_name_in_any_case, levels);
    tcase_add_test(tcase, a_plain_record_is_one_line);
    tcase_add_test(tcase, a_record_outside_of_a_request_has_no_id);
    tcase_add_test(tcase, a_client_cannot_forge_a_line);
    unit_table(tcase, a_json_record_has_all_members, members);
    tcase_add_test(tcase, a_json_record_without_ids_has_nulls);
    tcase_add_test(tcase, a_record_names_its_thread);
    unit_table(tcase, the_nearest_level_decides, records);
    tcase_add_test(tcase, the_last_rule_for_a_logger_counts);
    tcase_add_test(tcase, what_is_not_wanted_is_not_written);
    tcase_add_test(tcase, without_a_sink_the_library_is_silent);
    tcase_add_test(tcase, without_memory_a_record_says_that_it_is_lost);
    tcase_add_test(tcase, logging_leaves_the_operation_as_it_is);
}
